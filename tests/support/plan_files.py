"""Plans saved and applied with a rig: what `plan --out` and `apply PLANFILE` do, without the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rig import Rig

from novita_infra.applying.events import Event, Result
from novita_infra.operations.applying import apply_plan
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.plans.saved_plans import check_saved, reopened, save_plan
from novita_infra.operations.session import SIMULATOR, ProjectOptions, Session, state_locked
from novita_infra.planning.options import PlanOptions


def save(rig: Rig, name: str = "x.niplan", **asked: Any) -> Path:
    """`plan --out`."""
    path, wish = rig.folder / name, PlanOptions(**asked)

    async def work() -> None:
        async with rig.client() as client:
            where = ProjectOptions(path=rig.folder, environment=rig.environment, variables=rig.variables)
            store = rig.store()
            session = Session(where, rig.project(), store, client, rig.clock, SIMULATOR, store.load())
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

        saved, where, project = reopened(ProjectOptions(path=path), rig.environ)
        async with rig.client() as client:
            store = rig.store()
            session = Session(where, project, store, client, rig.clock, SIMULATOR, store.load())
            async with state_locked(session, "apply"):
                await check_saved(session, saved)
                return await apply_plan(session, saved.review, emit=emit, stop=stop, seal=saved.seal)

    return rig.clock.run(work())
