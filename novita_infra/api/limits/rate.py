"""The known limits of the service, and their change with every answer. Pure: no clock, no file, no waiting.

Rate: no limit is assumed until the service throttles. Then it is the rate that the service accepted just before, a
little lower after each throttling, and growing along a cubic: slowly near the refused rate, then ever faster, so that a
limit that was lifted is soon forgotten. Calls in flight: one more for each answer, after a throttling for each round.
The numbers below were chosen by measurement against token buckets and windows (tests/support/limits.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

CEILING: Final = 64
"""The most useful number of calls in flight: at 50 ms a call they keep one processor busy."""
_FIRST: Final = 10.0
"""The first number of calls in flight."""
_FEWER: Final = 0.3
"""The share by which a throttling lowers the calls in flight,"""
_SLOWER: Final = 0.1
"""and the rate, if that was about right."""
_FAR: Final = 1.4
"""A rate this many times the accepted one was not about right."""
_CLIMB: Final = 4.0
"""Seconds until the rate has grown back to the refused one,"""
_CLIMB_PER_WAIT: Final = 8.0
"""and the seconds more for each second that the service asked to wait."""
_DOUBLING: Final = 1.0
"""Seconds in which the rate doubles after the first throttling, which says little about the rate."""
_MEMORY: Final = 1.0
"""Seconds over which the accepted calls are averaged."""
_HOLD: Final = 0.7
"""Seconds after a throttling in which further ones give no new information."""
_SLOWEST: Final = 0.5
"""Calls per second that are always allowed: below that the waits between attempts limit the rate."""
_LATENESS: Final = 0.02
"""Seconds by which a call may be sent late without delaying the next one."""


@dataclass(slots=True)
class Pace:
    """The known limits; times in Unix seconds, rates in calls per second. Plain numbers, as the file keeps them."""

    window: float = _FIRST
    """The most calls in flight."""
    round: float = 0.0
    """The number of times that the rate was lowered."""
    level: float = 0.0
    """The rate at the last lowering; 0 while no limit is known."""
    guessed: float = 0.0
    """Not 0 if `level` is a first guess, from which the rate grows fast."""
    since: float = 0.0
    """The start of the growth."""
    climb: float = _CLIMB
    """Seconds from then until the rate is `level` again."""
    due: float = 0.0
    """The earliest time of the next call under the rate."""
    quiet_until: float = 0.0
    """The end of a pause that the service asked for."""
    counted: float = 0.0
    """The accepted calls, fading with time,"""
    counted_at: float = 0.0
    """as of this time."""

    def rate(self, now: float) -> float:
        """Calls per second that may be sent now; infinite while no limit is known."""
        if not self.level:
            return math.inf
        passed = max(0.0, now - self.since)
        if self.guessed:
            return max(_SLOWEST, self.level * 2 ** (min(passed, 30.0) / _DOUBLING))
        return max(_SLOWEST, self.level * (1 - _SLOWER * (1 - min(passed / self.climb, 100.0)) ** 3))

    def reserve(self, now: float) -> float:
        """The time from which one more call may be sent; the next caller gets a later time."""
        start = max(self.due, now - _LATENESS)
        self.due = start + 1 / self.rate(max(now, start))
        return start

    def answered(self, now: float, *, calls: int, in_flight: int, most: int) -> None:
        """Counts accepted calls; `in_flight` others were in flight, and `most` is their highest number.

        The number of calls in flight grows only while it is used, so that an untested limit does not count as proven.
        """
        self.counted, self.counted_at = self._faded(now) + calls, max(now, self.counted_at)
        if self.window < most and 2 * (in_flight + calls) >= self.window:
            self.window = min(float(most), self.window + (calls / self.window if self.round else calls))

    def throttled(self, now: float, *, round: float, wait: float) -> None:  # noqa: A002 -- the field's own name
        """Counts a throttled call that was sent in the given round; the service asked to wait `wait` seconds.

        Calls that were in flight together are throttled together, so only the first of them lowers the limits.
        """
        if round == self.round:
            self._lower(now, wait=wait)
        if wait > 0:
            self.quiet_until = max(self.quiet_until, now + wait)
            self.since = max(self.since, self.quiet_until)
            self.due = max(self.due, self.quiet_until)

    def _lower(self, now: float, *, wait: float) -> None:
        rate, seen = self.rate(now), max(_SLOWEST, self._faded(now) / _MEMORY)
        is_far = rate > _FAR * seen
        if not is_far and wait <= 0 and now < self.since + _HOLD:
            return
        self.guessed = float(is_far and not self.guessed)
        self.level = seen if is_far else rate
        self.since, self.climb = now, _CLIMB + _CLIMB_PER_WAIT * wait
        self.round += 1
        self.window = max(1.0, self.window * (1 - _FEWER))

    def _faded(self, now: float) -> float:
        return self.counted * math.exp(-max(0.0, now - self.counted_at) / _MEMORY)
