"""Marks of an axis that a person can read. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from html import escape
from typing import Final

from novita_infra.model.printable import printable

_SPANS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400)
_MARKS: Final = 7
"""The most marks of an axis."""
_ROUND: Final = tuple(Fraction(tenths, 10) for tenths in (10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100))
"""What a round number is of the power of ten below it."""


def time_marks(seconds: float) -> Iterator[int]:
    """Seconds from 0 on at which an axis of so many seconds has a mark."""
    days = max(1, -(-int(seconds) // (86_400 * _MARKS)))
    step = next((span for span in _SPANS if seconds / span <= _MARKS), 86_400 * days)
    yield from range(0, int(seconds) + 1, step)


def top_of(most: Fraction) -> Fraction:
    """A round number, not below `most`, at which an axis ends."""
    if most <= 0:
        return Fraction(1)
    unit = Fraction(10) ** (len(str(int(most))) - 1) if most >= 1 else Fraction(1)
    return next(unit * times for times in _ROUND if unit * times >= most)


def picture_text(x: float, y: float, text: str, name: str, *, anchor: str = "start") -> str:
    """A text of a picture, with the class `name`."""
    return f'<text class="{name}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(printable(text))}</text>'
