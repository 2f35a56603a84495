"""A project in asynchronous code, and the other face where a loop runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from novita_infra import AsyncProject, Project, RunEvent

DATA, LATER = "network_storage.data", "network_storage.later"


def test_it_plans_and_applies_while_the_loop_goes_on(folder: Path) -> None:
    async def work() -> None:
        project = AsyncProject(folder, simulated=True)
        assert repr(project) == f"AsyncProject({str(folder)!r}, simulated=True)"
        assert await project.validate() == (DATA, LATER)
        turns, ended = 0, asyncio.Event()

        async def other() -> None:
            nonlocal turns
            while not ended.is_set():
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        events: list[RunEvent] = []
        plan = await project.plan()
        async with project.applying(plan) as run:
            events += [event async for event in run]
            result = await run.result()
        ended.set()
        await task
        assert turns > 10
        assert (events[0].kind, events[-1].kind, str(result)) == ("started", "done", "2 done")
        assert await project.outputs() == (await project.state()).outputs
        assert await project.drift() == ()
        assert (await project.plan()).empty
        await project.destroy(allow_data_loss=["*"], on_event=events.append)
        assert (await project.state()).resources == {}

    asyncio.run(work())


def test_a_cancelled_apply_stops_in_order_and_the_next_one_finishes_it(folder: Path) -> None:
    project = AsyncProject(folder, simulated=True)

    async def work() -> None:
        task: asyncio.Task[object] | None = None

        def cancel(event: RunEvent) -> None:
            if event.kind == "started" and task is not None:
                task.cancel()

        task = asyncio.create_task(project.apply(on_event=cancel))
        with pytest.raises(asyncio.CancelledError):
            await task
        assert LATER not in (await project.state()).resources
        await project.apply()
        assert (await project.plan()).empty

    asyncio.run(work())


def test_a_cancelled_plan_lets_go_of_the_account(folder: Path) -> None:
    async def work() -> None:
        project = AsyncProject(folder, simulated=True)
        task = asyncio.create_task(project.plan())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not (await project.plan()).empty

    asyncio.run(work())


def test_a_run_that_is_stopped_before_its_first_step_has_done_nothing(folder: Path) -> None:
    async def work() -> None:
        project = AsyncProject(folder, simulated=True)
        async with project.applying() as run:
            run.stop()
            assert (await run.result()).stopped
        assert (await project.state()).serial == 0
        with pytest.raises(RuntimeError, match="has not begun"):
            project.applying().stop()

    asyncio.run(work())


def test_the_other_face_works_inside_of_a_running_loop(folder: Path) -> None:
    async def work() -> None:
        project = Project(folder, simulated=True)
        assert str(project.apply()) == "2 done"
        with project.client() as client:
            assert client.get("/v3/user/balance")

    asyncio.run(work())
