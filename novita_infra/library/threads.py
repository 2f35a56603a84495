"""Work on a thread of its own, with an event loop of its own.

So a call works the same in a script, in a notebook, whose loop is running, and in a server, whose loop must not
wait for disks and locks.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, Generic, TypeVar

from novita_infra.library.wording import problems_for_programs
from novita_infra.model.diagnostics import Problems

T = TypeVar("T")


class WorkThread(Generic[T]):
    """One coroutine on a thread and a loop of its own. Any thread may call the methods."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[T] | None = None
        self._cancelled = False
        self.future: Future[T] = Future()
        """The result; its cancellation has no effect on the work."""
        self.future.set_running_or_notify_cancel()
        self.over: Future[None] = Future()
        """Done when the work has ended, in whatever way."""
        self.over.set_running_or_notify_cancel()
        # A daemon: a program that leaves at once does not wait for it. The journal of the state bears that.
        threading.Thread(target=self._run, name="novita-infra", daemon=True).start()

    def wait(self) -> T:
        """The result. Raises what the work raises."""
        return self.future.result()

    def end(self) -> None:
        """Cancels the work, and waits until it has released what it holds."""
        self.cancel()
        wait([self.future])

    def cancel(self) -> None:
        """Cancels the work."""
        self.soon(self._cancel)

    def soon(self, call: Callable[[], object]) -> None:
        """Makes the call on the thread of the work; does nothing once that has ended."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call)

    def _cancel(self) -> None:
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                result = runner.run(self._main())
        except Problems as problems:
            self.future.set_exception(problems_for_programs(problems).with_traceback(problems.__traceback__))
        except BaseException as error:  # noqa: BLE001 -- whoever waits gets it
            self.future.set_exception(error)
        else:
            self.future.set_result(result)
        self.over.set_result(None)

    async def _main(self) -> T:
        self._task = asyncio.current_task()
        if self._cancelled:
            raise asyncio.CancelledError
        return await self._work()


def blocking(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of the work. An interruption cancels it, and is raised when it has released what it holds."""
    thread = WorkThread(work)
    try:
        return thread.wait()
    except KeyboardInterrupt:
        thread.end()
        raise


async def on_other_thread(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of the work, whose thread the loop does not wait for. A cancellation waits until it has ended."""
    thread = WorkThread(work)
    try:
        await asyncio.shield(asyncio.wrap_future(thread.over))
    except asyncio.CancelledError:
        thread.cancel()
        await until_over(thread)
        raise
    return thread.future.result()


async def until_over(thread: WorkThread[Any]) -> None:
    """Waits for the end of the work, whatever it is. A cancellation meanwhile does not end the wait."""
    waiting = asyncio.wrap_future(thread.over)
    while not waiting.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([waiting])
