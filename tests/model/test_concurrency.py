"""Coroutines that run together: one failure is raised, the others end, and nothing prints a traceback."""

from __future__ import annotations

import ast
import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import novita_infra
from novita_infra.model.concurrency import SharedCall, end_tasks, racing, start_task, together

PACKAGE = Path(novita_infra.__file__).parent
HOME = PACKAGE / "model" / "concurrency.py"
STARTING = frozenset({"gather", "create_task", "ensure_future", "wait", "wait_for", "as_completed", "TaskGroup"})
"""What starts tasks or waits for several. The simulator is apart: it imports nothing of ours."""


def _run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs the story; fails if the event loop would print a traceback of a forgotten failure."""
    printed: list[Any] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: printed.append(context))
        await story()
        await asyncio.sleep(0)
        gc.collect()

    asyncio.run(watched())
    gc.collect()
    assert printed == []


async def _value(value: str) -> str:
    await asyncio.sleep(0)
    return value


async def _failing(text: str, *, steps: int = 0) -> None:
    for _ in range(steps):
        await asyncio.sleep(0)
    raise ValueError(text)


def test_together_gives_the_results_in_order() -> None:
    async def story() -> None:
        assert await together(*map(_value, "ab")) == ["a", "b"]
        assert await together() == []

    _run(story)


def test_together_raises_the_first_failure_alone_and_ends_the_others() -> None:
    ended: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("slow")
            raise ValueError("while it was cancelled")

    async def story() -> None:
        with pytest.raises(ValueError, match="first") as caught:
            await together(slow(), _failing("second", steps=1), _failing("first"), together(_failing("inner", steps=1)))
        assert caught.value.__context__ is None
        assert ended == ["slow"]
        with pytest.raises(ValueError, match="both"):
            await together(_failing("both"), _failing("both"), together(_failing("both"), _failing("both")))

    _run(story)


def test_together_is_cancelled_with_all_its_work() -> None:
    ended: list[str] = []

    async def slow(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    async def story() -> None:
        task = asyncio.create_task(together(slow("a"), slow("b")))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert sorted(ended) == ["a", "b"]

    _run(story)


def test_a_task_that_fails_in_the_background_prints_nothing() -> None:
    async def story() -> None:
        start_task(_failing("nobody awaits it"))
        await end_tasks(start_task(_failing("now")), start_task(asyncio.Event().wait()))

    _run(story)


def test_a_race_ends_with_its_first_result() -> None:
    async def story() -> None:
        async with racing(_value("a"), asyncio.Event().wait(), _failing("late", steps=3)) as (first, never, late):
            assert (first.result(), never.done()) == ("a", False)
        assert never.cancelled()
        assert late.done()
        async with racing(asyncio.Event().wait(), seconds=0) as (never,):
            assert not never.done()

    _run(story)


def _uses(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _of_asyncio(node)}
    return names | {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "asyncio"
        for alias in node.names
    }


def _of_asyncio(node: ast.Attribute) -> bool:
    """Whether it is `asyncio.NAME`, or a task that an event loop starts."""
    return (isinstance(node.value, ast.Name) and node.value.id == "asyncio") or node.attr == "create_task"


def test_no_other_module_starts_tasks_or_runs_an_event_loop() -> None:
    used = {
        path: sorted(_uses(path) & {*STARTING, "run"})
        for path in PACKAGE.rglob("*.py")
        if "simulator" not in path.relative_to(PACKAGE).parts[:1] and "asyncio" in path.read_text(encoding="utf-8")
    }
    assert used.pop(PACKAGE / "cli" / "signals.py") == ["run"]
    # for a caller that has no loop, or whose loop may not run another one
    assert used.pop(PACKAGE / "manifests" / "secrets" / "answers.py") == ["run"]
    assert used.pop(HOME) == ["TaskGroup", "create_task", "gather", "wait"]
    # for one future of a thread, which a cancelled caller leaves alone
    assert [used.pop(PACKAGE / "library" / name) for name in ("runs.py", "threads.py")] == [["wait"], ["wait"]]
    assert {path: names for path, names in used.items() if names} == {}, "use novita_infra.model.concurrency"


def test_threads_that_wait_together_share_one_call() -> None:
    first, go = threading.Event(), threading.Event()
    calls: list[int] = []

    def call() -> int:
        calls.append(len(calls))
        first.set()
        go.wait(10)
        return calls[-1]

    shared = SharedCall(call)
    with ThreadPoolExecutor(8) as pool:
        began = pool.submit(shared)
        first.wait(10)
        rest = [pool.submit(shared) for _ in range(5)]
        while shared._came < 6:
            pass
        go.set()
        assert began.result() == 0
        assert {item.result() for item in rest} == {1}
    assert calls == [0, 1]


def test_a_shared_call_that_fails_is_made_again_for_the_next() -> None:
    failures = [ValueError("first")]

    def call() -> int:
        if failures:
            raise failures.pop()
        return 2

    shared = SharedCall(call)
    with pytest.raises(ValueError, match="first"):
        shared()
    assert shared() == 2
