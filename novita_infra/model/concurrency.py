"""Coroutines that run together. No other module gathers results or starts tasks, and no task is left behind."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, suppress
from typing import Any, Generic, TypeVar, cast, overload

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


@overload
async def together(a: Coroutine[Any, Any, A], b: Coroutine[Any, Any, B], /) -> tuple[A, B]: ...
@overload
async def together(
    a: Coroutine[Any, Any, A], b: Coroutine[Any, Any, B], c: Coroutine[Any, Any, C], d: Coroutine[Any, Any, D], /
) -> tuple[A, B, C, D]: ...
@overload
async def together(*work: Coroutine[Any, Any, A]) -> list[A]: ...
async def together(*work: Coroutine[Any, Any, Any]) -> Any:
    """The results, in the order of the coroutines.

    Raises the first failure after the others were cancelled and have ended. `asyncio.gather` leaves them running, and
    prints a traceback for each further one that fails.
    """
    failures: BaseExceptionGroup[BaseException] | None = None
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(item) for item in work]
    except BaseExceptionGroup as errors:
        failures = errors
    if failures is not None:
        raise failures.exceptions[0]
    return [task.result() for task in tasks]


def start_task(work: Coroutine[Any, Any, A]) -> asyncio.Task[A]:
    """A task in the background, which its owner awaits or ends by `end_tasks`. An unseen failure prints nothing."""
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(_take_failure)
    return task


async def end_tasks(*tasks: asyncio.Task[Any]) -> None:
    """Cancels the tasks and returns when they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def ended_within(task: asyncio.Task[Any], seconds: float) -> bool:
    """Whether the task has ended after these real seconds at most. It goes on otherwise."""
    ended, _ = await asyncio.wait({task}, timeout=seconds)
    return bool(ended)


@asynccontextmanager
async def racing(
    *work: Coroutine[Any, Any, Any], seconds: float | None = None
) -> AsyncIterator[tuple[asyncio.Task[Any], ...]]:
    """The work as tasks of which one has ended, or none within the real `seconds`. The others end with the block."""
    tasks = tuple(map(start_task, work))
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        yield tasks
    finally:
        await end_tasks(*tasks)


async def with_turns(work: Generator[None, None, A]) -> A:
    """The result of work that would block: other tasks of the loop have a turn each time it yields."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return cast("A", end.value)
        await asyncio.sleep(0)


async def in_thread(work: Callable[[], A]) -> A:
    """The result of work that blocks. If the task is cancelled, the thread goes on, and no process waits for it."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[A] = loop.create_future()

    def end(result: A | None, error: Exception | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(cast("A", result))

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 -- it is raised in the task
            failure = error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(end, result, failure)

    threading.Thread(target=run, daemon=True).start()
    return await done


async def in_stoppable_thread(work: Callable[[], A], stop: threading.Event) -> A:
    """The result of work in a thread that ends when `stop` is set, which a cancelled task does; it has ended then."""
    running = start_task(in_thread(work))
    try:
        return await asyncio.shield(running)
    finally:
        stop.set()
        if not running.done():
            await asyncio.wait([running])


def _take_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()


class SharedCall(Generic[A]):
    """A call that several threads want at the same time: those that wait together share one."""

    def __init__(self, call: Callable[[], A]) -> None:
        self._call = call
        self._numbers = itertools.count(1)
        self._last = 0
        """The number of the last thread that came before the last call began."""
        self._came = 0
        self._result: A
        self._guard = threading.Lock()

    def __call__(self) -> A:
        """The result of a call that began after this moment. Raises what that call raises, if this thread made it."""
        mine = self._came = next(self._numbers)
        with self._guard:
            if self._last < mine:
                came = self._came
                self._result = self._call()
                self._last = came
            return self._result
