"""A series of figures as one line of block characters. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_BLOCKS: Final = "▁▂▃▄▅▆▇█"


def sparkline(points: Sequence[tuple[float, float]], *, start: float, end: float, most: float, width: int) -> str:
    """The averages of `width` equal parts of the time, from 0 to `most`; a blank for a part without a figure."""
    parts: list[list[float]] = [[] for _ in range(width)]
    for at, value in points:
        place = int((at - start) * width / max(end - start, 1))
        parts[min(max(place, 0), width - 1)].append(value)
    return "".join(_block(sum(part) / len(part) / most) if part else " " for part in parts).rstrip()


def _block(share: float) -> str:
    return _BLOCKS[min(max(int(share * len(_BLOCKS)), 0), len(_BLOCKS) - 1)]
