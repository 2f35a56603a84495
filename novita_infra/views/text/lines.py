"""Lines of text whose parts have a tone, and their way to a stream. The text alone must say everything.

A pipe gets plain text without the import of rich; nothing here knows what the lines are about.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from rich.text import Text


class Tone(enum.Enum):
    """What a part of a line expresses; the value is rich's word for how it looks."""

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


def write(lines: Iterable[Line], stream: TextIO, *, colour: bool) -> None:
    """Writes the lines to the stream and flushes it; rich is imported only where colours are wanted."""
    if not colour:
        stream.write(plain(lines))
        stream.flush()
        return
    from rich.console import Console  # noqa: PLC0415 -- a pipe does not pay for it

    console = Console(file=stream, force_terminal=True, highlight=False, markup=False, emoji=False)
    for item in lines:
        console.print(painted(item), soft_wrap=True)
    stream.flush()


def painted(item: Line) -> Text:
    """The line as rich's own text, for a live display."""
    from rich.text import Text  # noqa: PLC0415 -- a pipe does not pay for it

    return Text.assemble(*((printable(text), tone.value if tone else "") for text, tone in item.parts))


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
