"""Time as an argument. Nothing else in the package reads a clock or sleeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final, Protocol

ANSWER: Final = 60.0
"""Seconds that the service may take for a call: until then a call whose answer is lost may still take effect."""
GRACE: Final = 30.0
"""Seconds after a write during which a list may be stale: an object that it does not show may exist."""


_steady: Final[Callable[[], float]] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)
"""Seconds of a clock that cannot be set. Where the system offers it, the time of a suspended machine counts."""


class Clock(Protocol):
    """A source of time; seconds throughout."""

    def now(self) -> float:
        """Unix seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Returns when `now` has moved on by the seconds."""
        ...


class FastClock:
    """A clock that starts at `start`, in Unix seconds, and passes `scale` seconds in one real second.

    Setting the machine's clock does not move it: a wait neither hangs nor ends early.
    """

    def __init__(self, *, start: float, scale: float) -> None:
        self._start = start
        self._scale = scale
        self._origin = _steady()

    def now(self) -> float:
        return self._start + (_steady() - self._origin) * self._scale

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._scale)


class RealClock(FastClock):
    """The time that the machine showed when this clock was made, and what has passed since."""

    def __init__(self) -> None:
        super().__init__(start=time.time(), scale=1.0)


LAST_MOMENT: Final = 253_402_300_799
"""The last second of the year 9999, in Unix seconds: a calendar ends there."""


def moment(seconds: float) -> str:
    """Unix seconds for a person: `2026-11-22 21:17:04 UTC`."""
    return f"{_date(seconds).replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"


def timestamp(seconds: float) -> str:
    """Unix seconds for a program: `2026-11-22T21:17:04Z`."""
    return _date(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def _date(seconds: float) -> datetime:
    """The date. A time outside of the calendar, which an edited file may hold, is its first or last one."""
    return datetime.fromtimestamp(min(max(seconds, 0), LAST_MOMENT), UTC)
