"""Lines of text whose parts have a tone. The text is complete without the tones."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from novita_infra.model.frozen import dataclass

_SPELLED: Final = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (
        *range(0x0A),
        *range(0x0B, 0x20),
        *range(0x7F, 0xA0),
        *range(0x200E, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2066, 0x206A),
    )
}


class Tone(enum.Enum):
    """The meaning of a part of a line; the value is rich's style for it."""

    ADD = "green"
    CHANGE = "yellow"
    REMOVE = "red"
    REPLACE = "magenta"
    NEUTRAL = "cyan"
    FAINT = "dim"
    STRONG = "bold"
    BAD = "bold red"
    GOOD = "bold green"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output without its line end."""

    parts: tuple[tuple[str, Tone | None], ...] = ()

    def __str__(self) -> str:
        return "".join(printable(text) for text, _ in self.parts)


def line(*parts: str | tuple[str, Tone | None]) -> Line:
    """A line from its parts; a part without a tone is just its text."""
    return Line(tuple((part, None) if isinstance(part, str) else part for part in parts))


def printable(text: str) -> str:
    """The text without what could move the cursor, change colours or reorder letters: such characters are spelled out.

    What an API answers and what a file holds is not to be trusted on a terminal.
    """
    return text.translate(_SPELLED)


def plain(lines: Iterable[Line]) -> str:
    """The lines as text, each with its line end."""
    return "".join(f"{item}\n" for item in lines)


def table_lines(rows: Iterable[Sequence[str]], *, heads: Sequence[str] = ()) -> Iterator[Line]:
    """The rows in aligned columns; `heads` are the titles of the columns."""
    table = [tuple(heads), *map(tuple, rows)] if heads else [*map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for number, row in enumerate(table):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield line(("  ".join(cells).rstrip(), Tone.STRONG if heads and not number else None))
