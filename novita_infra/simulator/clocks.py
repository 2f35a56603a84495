"""Clocks for a world: moved by hand, or another clock made faster. None of them reads the wall clock by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class HandClock:
    """A clock that stands until it is moved. Unix seconds."""

    time: float = 1_767_225_600.0

    def __call__(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        """Move it on."""
        self.time += seconds


def scaled(clock: Callable[[], float], scale: float) -> Callable[[], float]:
    """A clock on which `scale` seconds pass in one second of `clock`, from its present time on."""
    begun = clock()
    return lambda: begun + (clock() - begun) * scale
