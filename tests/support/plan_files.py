"""Plans saved and applied with a rig: what `plan --out` and `apply PLANFILE` do, without the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rig import Rig

from novita_infra.applying.events import Event, Result
from novita_infra.operations.applying import apply_plan
from novita_infra.operations.opening.account import SIMULATOR
from novita_infra.operations.plans.approved_plans import ApprovedRun, check_expected, run_of_expected, run_of_saved
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.plans.saved_plans import reopened, save_plan, store_new_state
from novita_infra.operations.session import ProjectOptions, Session, state_locked
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.saved.plan_file import digest_of


def save(rig: Rig, name: str = "x.niplan", **asked: Any) -> Path:
    """`plan --out`."""
    path, wish = rig.folder / name, PlanOptions(**asked)

    async def work() -> None:
        async with rig.client() as client:
            where = ProjectOptions(path=rig.folder, environment=rig.environment, variables=rig.variables)
            store = rig.store()
            session = Session(where, rig.project(), store, client, rig.clock, SIMULATOR, store.load())
            await store_new_state(session)
            plan = await plan_project(session, wish)
            assert not plan.problems, plan.problems
            save_plan(session, plan, path, asked=wish)

    rig.clock.run(work())
    return path


def apply_saved(rig: Rig, path: Path, *, stop_when: Callable[[Event], bool] = lambda _: False) -> Result:
    """`apply PLANFILE`; raises Problems where it is refused."""

    async def work() -> Result:
        stop = asyncio.Event()

        def emit(event: Event) -> None:
            if stop_when(event):
                stop.set()

        opened = await reopened(path, ProjectOptions(path=rig.folder), rig.environ)
        async with rig.client() as client:
            store = rig.store()
            session = Session(opened.where, opened.project, store, client, rig.clock, SIMULATOR, store.load())
            async with state_locked(session, "apply"):
                run = await run_of_saved(session, opened.saved)
                if run.used.done:
                    return Result.of(run.review.plan, ())
                return await apply_plan(session, run.review, emit=emit, stop=stop, used=run.used)

    return rig.clock.run(work())


def saved_run(rig: Rig, path: Path) -> ApprovedRun:
    """What `apply PLANFILE` would carry out now; raises Problems where it is refused."""

    async def work() -> ApprovedRun:
        opened = await reopened(path, ProjectOptions(path=rig.folder), rig.environ)
        async with rig.client() as client:
            store = rig.store()
            session = Session(opened.where, opened.project, store, client, rig.clock, SIMULATOR, store.load())
            return await run_of_saved(session, opened.saved)

    return rig.clock.run(work())


def digest_now(rig: Rig, **asked: Any) -> str:
    """The digest that `plan --json` prints."""
    return digest_of(rig.plan(**asked))


def apply_expected(
    rig: Rig, expect: str, *, stop_when: Callable[[Event], bool] = lambda _: False, **asked: Any
) -> Result:
    """`apply --expect DIGEST`; raises Problems where it is refused."""
    wish = PlanOptions(**asked)

    async def work() -> Result:
        stop = asyncio.Event()

        def emit(event: Event) -> None:
            if stop_when(event):
                stop.set()

        async with rig.client() as client:
            store, where = rig.store(), ProjectOptions(path=rig.folder)
            session = Session(where, rig.project(), store, client, rig.clock, SIMULATOR, store.load())
            async with state_locked(session, "apply"):
                review = await plan_project(session, wish)
                run = await run_of_expected(session, review, expect, wish)
                if run is None:
                    check_expected(expect, digest_of(review))
                    raise AssertionError
                if run.used.done:
                    return Result.of(run.review.plan, ())
                return await apply_plan(session, run.review, emit=emit, stop=stop, used=run.used)

    return rig.clock.run(work())
