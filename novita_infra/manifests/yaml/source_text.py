"""The texts of the files that were read, for messages that quote them or point into a value.

A file is split into lines only when the first message needs it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final

from novita_infra.manifests.yaml.excerpts import public_text, quotable
from novita_infra.manifests.yaml.scalar_places import index_in_scalar
from novita_infra.model.addresses import Origin

_NEAR: Final = 50
"""The lines after a message's place whose values it may be about."""
_WORD: Final = re.compile(r"[^\s,\[\]{}]+")


@dataclass(slots=True)
class Sources:
    """The texts of files, by file name."""

    texts: dict[str, str] = field(default_factory=dict)
    _starts: dict[str, list[int]] = field(default_factory=dict)

    def shows(self, place: Origin) -> bool:
        """Returns whether the text at a place is public, so that a message may quote it."""
        text = self.texts.get(place.file)
        return text is None or public_text(text).shows(place.line, place.column)

    def secrets_near(self, place: Origin) -> tuple[str, ...]:
        """Returns the texts at secret places from the line of a place on, the longest first, also shortened."""
        text = self.texts.get(place.file)
        return () if text is None else public_text(text).secrets_from(place.line, lines=_NEAR)

    def quotable(self, value: str, place: Origin) -> str | None:
        """Returns the value as a message may quote it; None if the file does not show it at that place."""
        text = self.texts.get(place.file)
        return value if text is None else quotable(value, text, place)

    def word(self, origin: Origin) -> str:
        """Returns the unquoted word at a place as written: `12.10` and not 12.1; empty if there is none."""
        match = _WORD.match(self.texts.get(origin.file, ""), self._index(origin))
        return match[0] if match else ""

    def place_in(self, value: str, offset: int, origin: Origin) -> Origin:
        """Returns the place of a character of the text value whose scalar begins at the origin.

        It is the origin itself where the file does not show the value there, as for an alias.
        """
        text = self.texts.get(origin.file, "")
        position = index_in_scalar(text, self._index(origin), value, offset)
        if position is None:
            return origin
        starts = self._starts[origin.file]
        line = bisect_right(starts, position)
        return Origin(origin.file, line, position - starts[line - 1] + 1)

    def _index(self, origin: Origin) -> int:
        text = self.texts.get(origin.file, "")
        if origin.file not in self._starts:
            self._starts[origin.file] = [0, *(match.end() for match in re.finditer("\n", text))]
        starts = self._starts[origin.file]
        return starts[min(origin.line, len(starts)) - 1] + origin.column - 1
