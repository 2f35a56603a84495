"""Orderly interruption of a command while it reads, waits for the lock or applies."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from novita_infra.cli.lazy import EXIT_INTERRUPTED

T = TypeVar("T")
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_UNHEARD: Final = (OSError, ValueError)
"""A closed stderr does not stop the exit."""


def carried_out(work: Coroutine[Any, Any, T]) -> T:
    """The result of the coroutine. SIGTERM and SIGHUP cancel it as SIGINT does, and it releases what it holds."""

    async def heeding() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if not os.environ.get("NOVITA_INFRA_DEBUG"):
            loop.set_exception_handler(lambda _loop, _context: None)  # it prints tracebacks

        def terminated(_number: int, _frame: object) -> None:
            if task is not None:
                task.cancel()
            loop.call_soon_threadsafe(lambda: None)  # a loop that waits looks up

        if not _may_set_signals():
            return await work
        before = {number: signal.signal(number, terminated) for number in _heeded() if number != signal.SIGINT}
        try:
            return await work
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    return asyncio.run(heeding())


@contextmanager
def stopping(say: Callable[[str], None], *, leaving: Callable[[], None]) -> Iterator[asyncio.Event]:
    """Inside, SIGINT, SIGTERM and SIGHUP set the event; a second one cancels the running task, a third exits at once.

    `leaving` reports the unfinished run after the second or third signal.
    """
    loop, task, stop = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()
    seen = 0

    def interrupted() -> None:
        nonlocal seen
        seen += 1
        if seen == 1:
            stop.set()
            with suppress(*_UNHEARD):
                say("stopping: no new step starts; calls in flight finish (once more to exit at once)")
        elif seen == 2 and task is not None:
            task.cancel()
        else:
            with suppress(*_UNHEARD):
                leaving()
            os._exit(EXIT_INTERRUPTED)

    heeded = _heeded()
    with suppress(RuntimeError):  # not in the main thread
        for number in heeded:
            loop.add_signal_handler(number, interrupted)
    try:
        yield stop
    except asyncio.CancelledError:
        with suppress(*_UNHEARD):
            if seen > 1:
                leaving()
        raise
    finally:
        with suppress(RuntimeError):  # not in the main thread
            for number in heeded:
                loop.remove_signal_handler(number)


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, the same signals raise KeyboardInterrupt even in a coroutine: for blocking calls such as a question."""
    if not _may_set_signals():
        yield
        return
    before = {number: signal.signal(number, signal.default_int_handler) for number in _heeded()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _heeded() -> list[signal.Signals]:
    """The signals that end a command; not a hang-up that `nohup` has it ignore."""
    return [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]


def _may_set_signals() -> bool:
    """Only the main thread may."""
    return threading.current_thread() is threading.main_thread()
