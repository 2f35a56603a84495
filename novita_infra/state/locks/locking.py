"""Waiting for the lock of a state, for every backend alike: in a coroutine without blocking its loop, or blocking."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from novita_infra.model.diagnostics import problem
from novita_infra.model.durations import in_words
from novita_infra.state.store import LockRefused, Store

_STARTING: Final = 0.5
"""Seconds that a holder which has just started gets to write who it is."""
_SILENCE: Final = 50.0
"""Seconds between two messages about a lock that is waited for."""


@asynccontextmanager
async def locked(
    store: Store,
    operation: str,
    *,
    max_wait: float = 0.0,
    report: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[None]:
    """Holds the lock while the body runs; waits up to `max_wait` seconds for it.

    `report` shows who holds it, at the beginning of the wait and then at least once a minute. Raises Problems that name
    the holder if the time is up. Cancelling the task ends the wait.
    """
    patience = LockPatience(max_wait, report)
    while isinstance(lock := store.try_lock(operation), LockRefused):
        await sleep(patience.pause_after(lock))
    try:
        yield
    finally:
        lock.release()


@contextmanager
def locked_blocking(
    store: Store,
    operation: str,
    *,
    max_wait: float = 0.0,
    report: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """As `locked`, for a command that runs no event loop."""
    patience = LockPatience(max_wait, report)
    while isinstance(lock := store.try_lock(operation), LockRefused):
        sleep(patience.pause_after(lock))
    try:
        yield
    finally:
        lock.release()


class LockPatience:
    """The pauses between the attempts to get a lock."""

    def __init__(self, max_wait: float, report: Callable[[str], None]) -> None:
        self._max_wait = max_wait
        self._report = report
        self.waited = 0.0
        """The sum of the pauses so far, in seconds."""
        self._reported = -_SILENCE

    def pause_after(self, refusal: LockRefused) -> float:
        """The seconds to wait before the next attempt. Raises Problems if waiting cannot help or the time is up."""
        limit = self._max_wait if refusal.holder else self._max_wait + _STARTING
        limit = max(limit, self.waited + refusal.doubtful)
        if refusal.final or self.waited >= limit:
            raise problem(refusal.summary, refusal.hint)
        # A holder that does not write who it is has a full disk: it is waited for like any other.
        is_starting = refusal.holder is None and self.waited < _STARTING
        if not is_starting and self.waited - self._reported >= _SILENCE:
            left = in_words(limit - self.waited)
            what = f"waiting for its end, at most {left} more"
            if refusal.doubtful:
                what = (
                    f"looking for a sign of life of it, at most {left} more; without one, this run takes the lock over"
                )
            self._report(f"{refusal.summary}; {what}")
            self._reported = self.waited
        pause = min(_STARTING / 10 if is_starting else refusal.pause, limit - self.waited)
        self.waited += pause
        return pause
