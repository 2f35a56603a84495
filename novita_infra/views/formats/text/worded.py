"""Lines for `--plain`: words in place of the symbols of a plan, for who hears them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from novita_infra.views.content.lines import Line, Tone, narrowed
from novita_infra.views.plan_lines.values import ADDED, ARROW, CHANGED, REMOVED

_WORDS: Final = {ADDED[0]: "add ", CHANGED[0]: "change ", REMOVED[0]: "remove ", ARROW[0]: " becomes "}
_SIGNS: Final = frozenset({"+", "~", "-", "-/+", "+/-", "<=", "=>", "..", ".", "!"})
"""Those that stand before a sentence that says the same."""
_NOTE: Final = "# "
_LOSS: Final = "! "


def worded(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines with words for symbols. The rows of a table become blocks of titled cells."""
    for item in narrowed(lines, 0):
        yield Line(tuple((_word(text, tone, first=not number), None) for number, (text, tone) in enumerate(item.parts)))


def _word(text: str, tone: Tone | None, *, first: bool) -> str:
    """A part in words. Only our own signs have a tone: values stay as they are."""
    if tone is None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    bare = text.lstrip()
    indent = text[: len(text) - len(bare)]
    if bare.rstrip() in _SIGNS:
        return "  "
    if bare.startswith(_LOSS):
        return indent + bare.removeprefix(_LOSS)
    if bare.startswith(_NOTE):
        return (indent if first else "; ") + bare.removeprefix(_NOTE)
    return text
