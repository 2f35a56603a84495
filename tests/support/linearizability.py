"""Whether a history of concurrent reads and conditional writes could have happened one operation after the other.

The search is that of Wing and Gong, with a memory of what was tried (Lowe): an operation may come next if no other one
ended before it began. An operation whose end nobody saw may have happened at any time since its begin, or never.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

ANY: Final = "*"
"""The expected content of a write without a condition."""
FOREVER: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Operation:
    """A read or a write of one key. A content is a text that is written once, and None where there is no object."""

    process: int
    key: str
    begin: int
    """The time of the call, by a clock that all processes share."""
    end: int
    """The time of the answer; FOREVER where there was none."""
    result: str
    """`read`; of a write: `done`, `conflict`, or `unknown` if its answer was lost or its process killed."""
    content: str | None = None
    """What was read or written."""
    expected: str | None = ANY
    """What a write expects."""

    def __str__(self) -> str:
        took = f"{self.begin}-{'' if self.end == FOREVER else self.end}"
        what = "" if self.result == "read" else f" over {self.expected!r}"
        return f"{took} process {self.process}: {self.key} {self.result} {self.content!r}{what}"

    def after(self, state: str | None) -> tuple[bool, str | None]:
        """Whether the operation can happen in that state, and the state after it."""
        match self.result:
            case "read":
                return self.content == state, state
            case "conflict":
                return self.expected not in {ANY, state}, state
            case _:
                return self.expected in {ANY, state}, self.content


def contradiction(history: Iterable[Operation]) -> str:
    """The operations of a key that have no order which explains them, as text; empty if each key has one.

    Keys are independent, so a history has an order if that of each key has one.
    """
    by_key: dict[str, list[Operation]] = {}
    for operation in history:
        by_key.setdefault(operation.key, []).append(operation)
    for operations in by_key.values():
        ordered = sorted(operations, key=lambda item: item.begin)
        if not _has_order(ordered):
            return "\n".join(map(str, ordered))
    return ""


def _has_order(operations: Sequence[Operation]) -> bool:
    """Whether all operations whose end is known can be put in an order, from no object on."""
    needed = sum(1 << number for number, item in enumerate(operations) if item.result != "unknown")
    tried: set[tuple[int, str | None]] = set()
    open_ends: list[tuple[int, str | None]] = [(0, None)]
    while open_ends:
        done, state = open_ends.pop()
        if done & needed == needed:
            return True
        if (done, state) in tried:
            continue
        tried.add((done, state))
        left = [(number, item) for number, item in enumerate(operations) if not done & 1 << number]
        first_end = min(item.end for _, item in left)
        for number, item in left:
            possible, after = item.after(state)
            if possible and item.begin <= first_end:
                open_ends.append((done | 1 << number, after))
    return False
