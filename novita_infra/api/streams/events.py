"""Server-sent events from bytes that come in pieces. Pure; it takes any bytes and never raises."""

from __future__ import annotations

import codecs
from typing import Final

LARGEST: Final = 4 * 2**20
"""Characters of one event; what is beyond them is left out."""


class EventReader:
    """The data of the events of one answer, in their order. Names, ids and comments are left out."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest: list[str] = []
        """The parts of the line that has not ended."""
        self._length = 0
        self._held = ""
        """A carriage return at the end of the last piece."""
        self._data: list[str] = []
        self._size = 0

    def read(self, piece: bytes, *, final: bool = False) -> list[str]:
        """The data of the events that the piece ends; with `final`, of one that nothing ends, too."""
        text = self._decoder.decode(piece, final)
        if self._held:
            text, self._held = self._held + text, ""
        if text.endswith("\r") and not final:  # the next piece may begin with its line feed
            text, self._held = text[:-1], "\r"
        first, *lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._keep(first)
        ended = []
        for line in lines:
            ended.append("".join(self._rest))
            self._rest, self._length = [], 0
            self._keep(line)
        if final:
            ended += ["".join(self._rest), ""]
            self._rest, self._length = [], 0
        return [data for line in ended if (data := self._take(line)) is not None]

    def _keep(self, part: str) -> None:
        """Adds to the line that has not ended, which has no more than LARGEST characters."""
        part = part[: LARGEST - self._length]
        if part:
            self._rest.append(part)
            self._length += len(part)

    def _take(self, line: str) -> str | None:
        """The data of the event that the line ends."""
        if not line:
            data, self._data, self._size = self._data, [], 0
            return "\n".join(data) if data else None
        name, _, value = line.partition(":")
        if name == "data" and self._size < LARGEST:
            value = value.removeprefix(" ")[: LARGEST - self._size]
            self._size += len(value)
            self._data.append(value)
        return None
