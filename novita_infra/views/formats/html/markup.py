"""Lines of text as HTML that no text of any origin can break. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from markupsafe import Markup, escape

from novita_infra.model.printable import printable
from novita_infra.views.content.lines import Line

_INDENT: Final = 6
"""The blanks before a line below the first one of a change: on a page its frame shows where it belongs."""


def lines_markup(lines: Iterable[Line]) -> Markup:
    """The lines with an element around each part that has a tone; empty lines at the end are left out."""
    texts = [_line(item) for item in lines]
    while texts and not texts[-1]:
        texts.pop()
    return Markup("\n").join(texts)


def _line(item: Line) -> Markup:
    parts, blanks = [], _INDENT
    for text, tone in item.parts:
        shown = printable(text)
        cut = min(blanks, len(shown) - len(shown.lstrip(" ")))
        blanks = blanks - cut if cut == len(shown) else 0
        part = escape(shown[cut:])
        if part:
            parts.append(
                part if tone is None else Markup('<span class="t-{}">{}</span>').format(tone.name.lower(), part)
            )
    return Markup().join(parts)
