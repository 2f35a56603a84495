"""Counts of use within the present minute, for rate limits. The account file does not hold them."""

from __future__ import annotations

from collections import Counter


class Rates:
    """Counts by name within one minute of the time of the world."""

    def __init__(self) -> None:
        self._minute = 0
        self._used: Counter[str] = Counter()

    def used(self, name: str, *, at: float) -> int:
        """The count in the minute of this time, Unix seconds."""
        self._turn(at)
        return self._used[name]

    def add(self, name: str, amount: int, *, at: float) -> None:
        """Adds to a count."""
        self._turn(at)
        self._used[name] += amount

    def _turn(self, at: float) -> None:
        if int(at // 60) != self._minute:
            self._minute = int(at // 60)
            self._used.clear()
