"""Runs a command's coroutine so that an interruption is orderly: the first asks it to stop, the second ends it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from novita_infra.cli.lazy import EXIT_INTERRUPTED

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_WITHOUT_SIGNALS: Final = (NotImplementedError, RuntimeError)
"""A platform whose loop takes no signals, or a thread that is not the main one: both keep Python's own way."""


@contextmanager
def stopping(say: Callable[[str], None]) -> Iterator[asyncio.Event]:
    """While inside, SIGINT and SIGTERM set the event; a second one cancels the running task, a third leaves at once."""
    loop, task, stop = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()
    seen = 0

    def interrupted() -> None:
        nonlocal seen
        seen += 1
        if seen == 1:
            stop.set()
            with suppress(OSError, ValueError):  # a closed stderr is no reason to go on
                say("stopping: nothing new is started; calls in flight finish (once more to leave at once)")
        elif seen == 2 and task is not None:
            task.cancel()
        else:
            os._exit(EXIT_INTERRUPTED)

    with suppress(*_WITHOUT_SIGNALS):
        for number in _SIGNALS:
            loop.add_signal_handler(number, interrupted)
    try:
        yield stop
    finally:
        with suppress(*_WITHOUT_SIGNALS):
            for number in _SIGNALS:
                loop.remove_signal_handler(number)


@contextmanager
def interruptible() -> Iterator[None]:
    """While inside, SIGINT raises KeyboardInterrupt even in a coroutine: for a question that blocks."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
