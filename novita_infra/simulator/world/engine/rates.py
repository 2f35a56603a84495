"""How much of something was used within the present minute. Not kept: a minute is soon over."""

from __future__ import annotations

from collections import Counter


class Rates:
    """Counts by name within one minute of the world's time."""

    def __init__(self) -> None:
        self._minute = 0
        self._used: Counter[str] = Counter()

    def used(self, name: str, *, at: float) -> int:
        """What was used in the minute of this time, Unix seconds."""
        self._turn(at)
        return self._used[name]

    def add(self, name: str, amount: int, *, at: float) -> None:
        """Count more."""
        self._turn(at)
        self._used[name] += amount

    def _turn(self, at: float) -> None:
        if int(at // 60) != self._minute:
            self._minute = int(at // 60)
            self._used.clear()
