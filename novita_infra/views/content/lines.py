"""Lines of text whose parts have a tone. The text is complete without the tones.

A line remains one line and moves nothing on a terminal, whatever is put into it: every text of an API, a file or a
program is escaped here. Columns are measured as a terminal shows them.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from novita_infra.model.frozen import dataclass
from novita_infra.model.printable import printable

_WIDEST: Final = 60
"""Columns of a terminal that a cell fills at most, unless it is the last one of its row."""
_CUT: Final = "..."
_NONE: Final = frozenset({"", "-"})
"""The cells that say nothing."""


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
    cells: tuple[tuple[str, str], ...] | None = None
    """For a row of a table with titles: each title with its cell; empty for the line of the titles."""

    def __str__(self) -> str:
        return "".join(printable(text) for text, _ in self.parts)


def line(*parts: str | tuple[str, Tone | None]) -> Line:
    """A line from its parts; a part without a tone is just its text."""
    return Line(tuple((part, None) if isinstance(part, str) else part for part in parts))


def plain(lines: Iterable[Line]) -> str:
    """The lines as text, each with its line end."""
    return "".join(f"{item}\n" for item in lines)


def table_lines(rows: Iterable[Sequence[str]], *, heads: Sequence[str] = ()) -> Iterator[Line]:
    """The rows in aligned columns; `heads` are the titles of the columns."""
    table = [_cells(row) for row in ((heads, *rows) if heads else rows)]
    widths = [max(map(text_width, column)) for column in zip(*table, strict=True)]
    for number, row in enumerate(table):
        text = "  ".join(padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        is_head = bool(heads) and not number
        named = () if is_head else tuple(zip(heads, row, strict=True)) if heads else None
        yield Line(((text, Tone.STRONG if is_head else None),), named)


def narrowed(lines: Iterable[Line], width: int) -> Iterator[Line]:
    """The lines for a terminal of so many columns: the rows of a table that is wider become blocks of titled cells."""
    lines = list(lines)
    if all(item.cells is None or text_width(str(item)) <= width for item in lines):
        yield from lines
        return
    for item in lines:
        if item.cells is None:
            yield item
        elif item.cells:
            yield line((item.cells[0][1], Tone.STRONG))
            yield from (line((f"  {title}: ", Tone.FAINT), cell) for title, cell in item.cells[1:] if cell not in _NONE)


def text_width(text: str) -> int:
    """The columns that a terminal takes for the text as a line shows it: two for a letter of Chinese or an emoji."""
    text = printable(text)
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415 -- ASCII does not pay for it

    return cell_len(text)


def padded(text: str, width: int) -> str:
    """The text with blanks up to `width` columns of a terminal."""
    return text + " " * (width - text_width(text))


def cut_to(text: str, width: int) -> str:
    """The text on at most `width` columns of a terminal, with `...` at the end of one that is cut."""
    if text_width(text) <= width:
        return text
    text = printable(text)
    if text.isascii():
        return text[: width - len(_CUT)] + _CUT
    from rich.cells import set_cell_size  # noqa: PLC0415 -- the same

    return set_cell_size(text, width - len(_CUT)).rstrip() + _CUT


def _cells(row: Sequence[str]) -> tuple[str, ...]:
    """The cells of a row. The last one is not cut: nothing stands beside it."""
    *first, last = map(printable, row)
    return (*(cut_to(cell, _WIDEST) for cell in first), last)
