"""Parts of a comment that fit together into the size that services of git allow. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

LIMIT: Final = 64_000
"""The most bytes of UTF-8 of a comment. GitHub takes 65,536 characters, and GitLab 1,000,000; the rest is for what the
jobs of a pipeline add."""
_JOINT: Final = "\n\n"
T = TypeVar("T")


def bytes_together(parts: Sequence[str]) -> int:
    """The bytes of the parts, joined."""
    return sum(len(part.encode()) + len(_JOINT) for part in parts)


def joined_parts(parts: Sequence[str]) -> str:
    """The text of the parts that are not empty."""
    return _JOINT.join(filter(None, parts)) + "\n"


def fitting(items: Sequence[T], text: Callable[[T], str], room: int, show: Callable[[Sequence[str], int], str]) -> str:
    """The text that `show` makes of the lines of as many of the first items as fit into `room` bytes.

    `text` gives the line of an item; `show` is also given the number of the items that are left out. Empty where not
    even one fits.
    """
    lines: list[str] = []
    used = 0
    for item in items:
        line = text(item)
        used += len(line.encode()) + 1
        if used > room:
            break
        lines.append(line)
    while lines:
        shown = show(lines, len(items) - len(lines))
        if (over := len(shown.encode()) - room) <= 0:
            return shown
        while lines and over > 0:
            over -= len(lines.pop().encode()) + 1
    return ""
