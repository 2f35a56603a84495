"""Finds a character of a value in the scalar that spells it, whatever its style.

Folding and indentation change only blanks and line ends. So the nth visible character of the value is the nth visible
one of the scalar, where an escape counts as the character that it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

_PROPERTIES: Final = re.compile(r"(?:[&!][^\s,\[\]{}]{0,99}[ \t]{1,9}){0,2}+")
_DOUBLE: Final = re.compile(r'\\(?:x.{2}|u.{4}|U.{8}|[^\n])|\\?\s+|[^"\\]', re.DOTALL)
_SINGLE: Final = re.compile(r"''|[^']")
_ANY: Final = re.compile(r".", re.DOTALL)
_BLANK_ESCAPES: Final = frozenset("tnvfr NLP_\t")
"""Characters after a backslash that stand for a blank or a line end."""


def index_in_scalar(text: str, start: int, value: str, offset: int) -> int | None:
    """Returns the index of a character of the value in the text where its scalar begins at `start`; None if unknown."""
    match = _PROPERTIES.match(text, start)
    start = match.end() if match else start
    skipped = sum(1 for character in value[:offset] if not character.isspace())
    found = next(islice(_visible(text, start), skipped, None), None)
    if found is None or offset >= len(value) or (text[found] != value[offset] and text[found] != "\\"):
        return None
    return found


def _visible(text: str, start: int) -> Iterator[int]:
    """Yields the indexes at which the visible characters of a scalar begin."""
    unit, first = _ANY, start
    if text[start : start + 1] == '"':
        unit, first = _DOUBLE, start + 1
    elif text[start : start + 1] == "'":
        unit, first = _SINGLE, start + 1
    elif text[start : start + 1] in ("|", ">"):
        first = text.find("\n", start) + 1 or len(text)
    while match := unit.match(text, first):
        written = match[0]
        escaped = unit is _DOUBLE and written[0] == "\\"
        blank = written[1] in _BLANK_ESCAPES or written[1].isspace() if escaped else written.isspace()
        if not blank:
            yield first
        first = match.end()
