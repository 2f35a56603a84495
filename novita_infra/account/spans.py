"""Ranges of time for bills: whole hours or days in UTC, in windows that the API allows. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from novita_infra.model.frozen import dataclass

HOUR: Final = 3600
DAY: Final = 24 * HOUR
LONGEST: Final = 31 * DAY
"""The longest window of a bill, in seconds (basic-query-usage-based-billing)."""


@dataclass(frozen=True, slots=True)
class BillWindow:
    """A range that one request may ask for. Unix seconds; both are included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A range of whole periods. Unix seconds; the end is excluded."""

    start: int
    end: int
    period: int
    """The seconds of a period: HOUR or DAY."""

    @property
    def cycle(self) -> str:
        """What the API calls the period."""
        return "Day" if self.period == DAY else "Hour"

    def windows(self, longest: int = LONGEST) -> Iterator[BillWindow]:
        """The windows of at most so many seconds. Each begins and ends with a period, so that no line is in two."""
        for start in range(self.start, self.end, longest):
            yield BillWindow(start, min(start + longest, self.end) - 1)


def span_of(since: int, until: int | None, now: float) -> TimeSpan:
    """The range from `since` to `until`, or to the end of the present period, widened to whole periods.

    It has days if both ends are at midnight, else hours.
    """
    period = DAY if since % DAY == 0 and (until or 0) % DAY == 0 else HOUR
    end = int(now) + 1 if until is None else until
    return TimeSpan(since // period * period, -(-end // period) * period, period)
