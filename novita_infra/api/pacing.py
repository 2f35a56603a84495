"""What is known of the service's limits, and how that changes with every answer. Pure: no clock, no file, no waiting.

Rate: none is assumed until the service throttles. Then the calls it took in the last second are the first guess, which
doubles every second until it is throttled again; from there on each throttling lowers it by a quarter, and it grows
back along a cubic: fast, slowly around where it was refused, then ever faster, so that a limit that was lifted is soon
forgotten. Calls in flight: doubled with every round until the first throttling, then one more for each round.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

CEILING: Final = 64
"""The calls in flight that nobody needs more of: at 50 ms a call they keep one processor busy."""
_FIRST: Final = 10.0
"""Calls in flight to begin with."""
_CUT: Final = 0.12
"""The part by which a throttling lowers the rate and the calls in flight."""
_MOST_CUT: Final = 0.25
_MEMORY: Final = 1.0
_FAR: Final = 2.0
_HOLD: Final = 1.0
_NEAR: Final = 1.3
_PERWAIT: Final = 8.0
_GIVEBACK: Final = 0
_CLIMB: Final = 4.0
"""Seconds until the rate is back where it was refused."""
_DOUBLING: Final = 1.0
"""Seconds in which the rate doubles while it is still guessed."""
_SLOWEST: Final = 0.5
"""Calls per second that are always allowed: below it the waits that the service asks for are the brake."""
_LATENESS: Final = 0.02
"""Seconds by which a call may go out late without the next one being put off too."""


@dataclass(slots=True)
class Pace:
    """The limits as they are known; times in Unix seconds, rates in calls per second. All fields are plain numbers."""

    window: float = _FIRST
    """Calls that may be in flight."""
    round: int = 0
    """How often the service has throttled, calls that were refused together counted once."""
    level: float = 0.0
    """The rate at which it last did; 0 while no limit is known."""
    since: float = 0.0
    """When the rate began to grow again."""
    guessed: bool = False
    """Whether `level` is a guess, from which to grow fast."""
    climb: float = 1.0
    due: float = 0.0
    """When the next call may go out under the rate."""
    quiet_until: float = 0.0
    """Until when the service asked for no call at all."""
    counted: float = 0.0
    """The calls taken, each fading away with the seconds of _MEMORY,"""
    counted_at: float = 0.0
    """as of this moment."""

    def rate(self, now: float) -> float:
        """Calls per second that may go out now; infinite while no limit is known."""
        if not self.level:
            return math.inf
        passed = min(max(0.0, now - self.since), 1000.0)
        if self.guessed:
            return max(_SLOWEST, self.level * 2 ** (min(passed, 30.0) / _DOUBLING))
        return max(_SLOWEST, self.level * (1 - _CUT * ((self.climb - passed) / self.climb) ** 3))

    def reserve(self, now: float) -> float:
        """When one more call may go out; whoever asks next gets a later time."""
        start = max(self.due, now - _LATENESS)
        self.due = start + 1 / self.rate(max(now, start))
        return start

    def answered(self, now: float, *, calls: int, most: int) -> None:
        """The service took so many calls; `most` is the number in flight to grow to."""
        if not calls:
            return
        self.counted, self.counted_at = self._remembered(now) + calls, max(now, self.counted_at)
        if self.window < most:
            self.window = min(float(most), self.window + (calls / self.window if self.round else calls))

    def throttled(self, now: float, *, round: int, wait: float) -> None:  # noqa: A002 -- the field's own name
        """The service refused a call that went out in the given round, and asked to wait so many seconds.

        Calls that were under way together are refused together, so only the first of them lowers anything.
        """
        self.quiet_until = max(self.quiet_until, now + wait)
        if round == self.round:
            self._lower(now, wait=wait)
        self.since = max(self.since, self.quiet_until)
        if wait:
            self.due = max(self.due, self.quiet_until) if not _GIVEBACK else self.quiet_until

    def _lower(self, now: float, *, wait: float) -> None:
        rate, seen = self.rate(now), max(_SLOWEST, self._remembered(now) / _MEMORY)
        far = rate > _FAR * seen
        if not far and not wait and now < self.since + _HOLD:
            return
        self.guessed = far and not self.guessed
        self.level = seen if far else rate if rate < _NEAR * seen else max(seen, rate * (1 - _MOST_CUT))
        self.climb = _CLIMB + _PERWAIT * wait
        self.since = now
        self.round += 1
        self.window = max(1.0, self.window * (1 - _MOST_CUT))

    def _remembered(self, now: float) -> float:
        return self.counted * math.exp(-max(0.0, now - self.counted_at) / _MEMORY)
