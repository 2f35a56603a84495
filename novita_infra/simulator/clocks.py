"""Clocks for a world: one that tests move, and one that runs faster than another. None reads the wall clock itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class HandClock:
    """A clock that moves only by `advance`. Unix seconds."""

    time: float = 1_767_225_600.0

    def __call__(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        """Moves the clock forward."""
        self.time += seconds


def scaled(clock: Callable[[], float], scale: float) -> Callable[[], float]:
    """A clock that starts at the present time of `clock` and runs `scale` times as fast."""
    begun = clock()
    return lambda: begun + (clock() - begun) * scale
