"""What is known of the service's limits, and how that changes with every answer. Pure: no clock, no file, no waiting.

Rate: none is assumed until the service throttles. From then on it is what the service was just seen to take, lowered a
little at each throttling and grown again along a cubic: slowly around where it was refused, then ever faster, so that a
limit that was lifted is soon forgotten. Calls in flight: one more for each answer, after a throttling for each round.
The numbers below were chosen by measurement against token buckets and windows (tests/support/limits.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

CEILING: Final = 64
"""The calls in flight beyond which nothing is gained: at 50 ms a call they keep one processor busy."""
_FIRST: Final = 10.0
"""Calls in flight to begin with."""
_FEWER: Final = 0.3
"""The part by which a throttling lowers the calls in flight,"""
_SLOWER: Final = 0.1
"""and the rate, where that was about right."""
_FAR: Final = 1.4
"""A rate so many times what the service takes was not about right."""
_CLIMB: Final = 4.0
"""Seconds until the rate is back where it was refused,"""
_CLIMB_PER_WAIT: Final = 8.0
"""and so many more for each second that the refusal made us wait."""
_DOUBLING: Final = 1.0
"""Seconds in which the rate doubles after the first throttling, which tells little about the rate."""
_MEMORY: Final = 1.0
"""Seconds over which the calls that the service took are averaged."""
_HOLD: Final = 0.7
"""Seconds after a throttling in which more of the kind tell nothing new."""
_SLOWEST: Final = 0.5
"""Calls per second that are always allowed: below it the waits between attempts are the brake."""
_LATENESS: Final = 0.02
"""Seconds by which a call may go out late without the next one being put off too."""


@dataclass(slots=True)
class Pace:
    """The limits as they are known; times in Unix seconds, rates in calls per second. Plain numbers, to be written."""

    window: float = _FIRST
    """Calls that may be in flight."""
    round: float = 0.0
    """How often the rate was lowered."""
    level: float = 0.0
    """The rate at which that last happened; 0 while no limit is known."""
    guessed: float = 0.0
    """Not 0 where `level` is a first guess, from which to grow fast."""
    since: float = 0.0
    """When the rate began to grow again."""
    climb: float = _CLIMB
    """Seconds from then until it is back at `level`."""
    due: float = 0.0
    """When the next call may go out under the rate."""
    quiet_until: float = 0.0
    """Until when the service asked for no call at all."""
    counted: float = 0.0
    """The calls that it took, fading with time,"""
    counted_at: float = 0.0
    """as of this moment."""

    def rate(self, now: float) -> float:
        """Calls per second that may go out now; infinite while no limit is known."""
        if not self.level:
            return math.inf
        passed = max(0.0, now - self.since)
        if self.guessed:
            return max(_SLOWEST, self.level * 2 ** (min(passed, 30.0) / _DOUBLING))
        return max(_SLOWEST, self.level * (1 - _SLOWER * (1 - min(passed / self.climb, 100.0)) ** 3))

    def reserve(self, now: float) -> float:
        """When one more call may go out; who asks next gets a later time."""
        start = max(self.due, now - _LATENESS)
        self.due = start + 1 / self.rate(max(now, start))
        return start

    def answered(self, now: float, *, calls: int, in_flight: int, most: int) -> None:
        """The service took so many calls while others were in flight. `most` is how far those may grow in number.

        They only grow in use, so that a limit which was never tried does not pass for one that holds.
        """
        self.counted, self.counted_at = self._faded(now) + calls, max(now, self.counted_at)
        if self.window < most and 2 * (in_flight + calls) >= self.window:
            self.window = min(float(most), self.window + (calls / self.window if self.round else calls))

    def throttled(self, now: float, *, round: float, wait: float) -> None:  # noqa: A002 -- the field's own name
        """The service refused a call that went out in the given round, and asked to wait so many seconds.

        Calls that were under way together are refused together, so only the first of them lowers anything.
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
