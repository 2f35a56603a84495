"""A text that comes in pieces, cut into whole words, so that each can be looked at before it is shown. Pure."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 4096
"""Characters of a word; a longer one is shown in parts."""


class WholeWords:
    """Holds back the last word until it has ended."""

    def __init__(self) -> None:
        self._rest = ""

    def add(self, piece: str) -> str:
        """What can be shown now: up to the last blank."""
        text = self._rest + piece
        end = max((at for at in range(len(text) - 1, -1, -1) if text[at].isspace()), default=-1) + 1
        if not end and len(text) > LONGEST:
            end = len(text)
        self._rest = text[end:]
        return text[:end]

    def end(self) -> str:
        """What is left."""
        rest, self._rest = self._rest, ""
        return rest
