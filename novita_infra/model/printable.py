"""Text of any origin, made fit for one line of a terminal."""

from __future__ import annotations

import re
from typing import Final

_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Characters that Unicode calls letters or marks, and that show nothing."""
_EMOJI: Final = re.compile(
    "(?<=[\u2194\u2195\u2600-\u27bf\u2b1b\ufe0f\U0001f000-\U0001faff])\u200d(?=[\u2194\u2195\u2600-\u27bf\u2b1b\U0001f000-\U0001faff])"
    "|(?<=[#*0-9\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f]"
)
"""The joiners and the variation selectors of emoji, which are parts of one visible sign."""
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str) -> str:
    """The text on one line, with an escape such as `\\n`, `\\x1b` or `\\u202e` for each character that shows nothing.

    Such characters end lines, move the cursor, change colours, reorder letters, or hide: controls, separators, format
    characters, lone surrogates. Blanks, letters of every script, and emoji remain. Escaped text remains as it is.
    """
    if text.isprintable() and (text.isascii() or not _BLANK.search(text)):
        return text
    kept = {match.start() for match in _EMOJI.finditer(text)}
    return "".join(
        mark if at in kept or (mark.isprintable() and not _BLANK.match(mark)) else _escape(mark)
        for at, mark in enumerate(text)
    )


def _escape(mark: str) -> str:
    code = ord(mark)
    if code < 0x80:
        return _SHORT.get(mark) or f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
