"""Lines on a stream: with colours on a terminal, plain in a pipe. Only colours import rich."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from novita_infra.model.printable import printable
from novita_infra.views.content.lines import Line, narrowed, plain

if TYPE_CHECKING:
    from rich.text import Text


def write(lines: Iterable[Line], stream: TextIO, *, colour: bool) -> None:
    """Writes the lines to the stream and flushes it; rich is imported only where colours are wanted.

    On a terminal that is narrower than a table, its rows become blocks.
    """
    if stream.isatty():
        lines = narrowed(lines, shutil.get_terminal_size().columns)
    if not colour:
        stream.write(plain(lines))
        stream.flush()
        return
    from rich.console import Console  # noqa: PLC0415 -- a pipe does not pay for it

    console = Console(file=stream, force_terminal=True, highlight=False, markup=False, emoji=False)
    for item in lines:
        console.print(painted(item), soft_wrap=True)
    stream.flush()


def coloured(stream: TextIO) -> bool:
    """Whether the stream takes colours: a terminal does, and with `FORCE_COLOR` anything.

    `NO_COLOR` switches them off in any case, and `TERM=dumb` those of a terminal.
    """
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR")
    return forced not in {"0", "false"} if forced else os.environ.get("TERM") != "dumb" and stream.isatty()


def painted(item: Line) -> Text:
    """The line as rich's own text, for a live display."""
    from rich.text import Text  # noqa: PLC0415 -- a pipe does not pay for it

    return Text.assemble(*((printable(text), tone.value if tone else "") for text, tone in item.parts))
