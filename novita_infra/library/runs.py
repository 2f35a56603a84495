"""Runs under way: their events in order, and their results."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeAlias

from novita_infra.library.results import ApplyFailed, RunEvent, RunResult
from novita_infra.library.threads import WorkThread, until_over
from novita_infra.library.work import RunControl

Running: TypeAlias = Callable[[Callable[[RunEvent], None], RunControl], Coroutine[Any, Any, RunResult]]
"""Starts the run: with the function that takes its events, and its control."""


def _result(future: Future[RunResult]) -> RunResult:
    """The result of a run that is over. Raises what it raised, or ApplyFailed."""
    try:
        result = future.result()
    except asyncio.CancelledError:  # stopped before its first step
        return RunResult((), {}, stopped=True)
    if result.failed:
        raise ApplyFailed(result)
    return result


class ApplyRun:
    """A run: a context manager that starts it, and an iterator over its events.

    At the end of the block, a run that is not over is stopped as `stop` does, and awaited. The block raises what the
    run raises: Problems, ApiError, or ApplyFailed if a step failed.
    """

    def __init__(self, running: Running) -> None:
        self._running = running
        self._control = RunControl()
        self._events: SimpleQueue[RunEvent | None] = SimpleQueue()
        self._thread: WorkThread[RunResult] | None = None

    @property
    def result(self) -> RunResult:
        """The result; waits for it. Raises as the block does."""
        thread = self._started()
        wait([thread.future])
        return _result(thread.future)

    def stop(self) -> None:
        """Stops the run: no new step starts, and calls in flight finish. Any thread may call it."""
        self._started().soon(self._control.stop)

    def __enter__(self) -> Self:
        self._thread = WorkThread(lambda: self._running(self._events.put, self._control))
        self._thread.future.add_done_callback(lambda _: self._events.put(None))
        return self

    def __iter__(self) -> Iterator[RunEvent]:
        while (event := self._events.get()) is not None:
            yield event
        self._events.put(None)  # for the next iteration

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        thread = self._started()
        if kind is not None or not thread.future.done():
            self._end(thread)
        if kind is None:
            _result(thread.future)

    def _end(self, thread: WorkThread[RunResult]) -> None:
        """Stops the run and waits for its end. An interruption cancels it; a second one does not wait."""
        self.stop()
        try:
            wait([thread.future])
        except KeyboardInterrupt:
            thread.end()
            raise

    def _started(self) -> WorkThread[RunResult]:
        if self._thread is None:
            raise RuntimeError("the run has not begun: use `with project.applying() as run:`")
        return self._thread


class AsyncApplyRun:
    """A run: an asynchronous context manager that starts it, and an iterator over its events; see ApplyRun.

    A task that is cancelled inside of the block stops the run and waits for it; a second cancellation cancels the run.
    """

    def __init__(self, running: Running) -> None:
        self._running = running
        self._control = RunControl()
        self._events: asyncio.Queue[RunEvent | None] = asyncio.Queue()
        self._thread: WorkThread[RunResult] | None = None

    async def result(self) -> RunResult:
        """The result; waits for it. Raises as the block does."""
        thread = self._started()
        await asyncio.wait([asyncio.wrap_future(thread.over)])
        return _result(thread.future)

    def stop(self) -> None:
        """Stops the run: no new step starts, and calls in flight finish. Any thread may call it."""
        self._started().soon(self._control.stop)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()

        def put(event: RunEvent | None) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody listens
                loop.call_soon_threadsafe(self._events.put_nowait, event)

        self._thread = WorkThread(lambda: self._running(put, self._control))
        self._thread.future.add_done_callback(lambda _: put(None))
        return self

    async def __aiter__(self) -> AsyncIterator[RunEvent]:
        while (event := await self._events.get()) is not None:
            yield event
        self._events.put_nowait(None)  # for the next iteration

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        thread = self._started()
        if kind is not None or not thread.future.done():
            await self._end(thread)
        if kind is None:
            _result(thread.future)

    async def _end(self, thread: WorkThread[RunResult]) -> None:
        self.stop()
        try:
            await asyncio.wait([asyncio.wrap_future(thread.over)])
        except asyncio.CancelledError:
            thread.cancel()
            await until_over(thread)
            raise

    def _started(self) -> WorkThread[RunResult]:
        if self._thread is None:
            raise RuntimeError("the run has not begun: use `async with project.applying() as run:`")
        return self._thread
