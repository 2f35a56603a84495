"""A file as a multipart form (RFC 7578), read from the disk while it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias
from uuid import uuid4

import httpx

from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.frozen import dataclass

Moved: TypeAlias = Callable[[int], object]
"""Gets the number of bytes that have gone or come so far. It may fall: after a failure it begins again."""
PIECE: Final = 64 * 1024
"""Bytes that are in memory at once."""
_NO_NAME: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""How a form writes what would end the name of a file (HTML, multipart/form-data encoding)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileForm:
    """A file to send, and the fields beside it."""

    path: Path
    filename: str
    """The name that the service is given."""
    bytes: int
    """The length that the file must have."""
    digest: str
    """The SHA-256 that it must have, in hex."""
    fields: Mapping[str, str] = field(default_factory=dict)
    name: str = "file"
    """The name of the field of the file."""
    media: str = "application/jsonl"


class FormStream(httpx.AsyncByteStream):
    """The body of one attempt. It is whole only if the file is still the one that the form describes."""

    def __init__(self, form: FileForm, moved: Moved) -> None:
        self._form = form
        self._moved = moved
        self._boundary = uuid4().hex
        self._head = self._fields() + self._opening()
        self._tail = f"\r\n--{self._boundary}--\r\n".encode()

    @property
    def headers(self) -> dict[str, str]:
        """The headers that describe the body."""
        length = len(self._head) + self._form.bytes + len(self._tail)
        media = f"multipart/form-data; boundary={self._boundary}"
        return {"Content-Type": media, "Content-Length": str(length)}

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces. Raises Problems if the file cannot be read, or is not the one that was checked."""
        self._moved(0)
        yield self._head
        sent, digest = 0, hashlib.sha256()
        with self._opened() as file:
            while piece := self._read(file):
                sent += len(piece)
                digest.update(piece)
                if sent > self._form.bytes:
                    break
                yield piece
                self._moved(sent)
        # The service gets no end of the form, and so no file, where the name would promise another content.
        if sent != self._form.bytes or digest.hexdigest() != self._form.digest:
            raise problem(f"{self._form.path} was changed while it was sent", "leave it as it is, and send it again")
        yield self._tail

    def _fields(self) -> bytes:
        parts = (
            f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in self._form.fields.items()
        )
        return "".join(parts).encode()

    def _opening(self) -> bytes:
        name, filename = self._form.name, self._form.filename.translate(_NO_NAME)
        return (
            f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
            f"Content-Type: {self._form.media}\r\n\r\n"
        ).encode()

    def _opened(self) -> BinaryIO:
        try:
            return self._form.path.open("rb")
        except OSError as error:
            raise self._unreadable(error) from None

    def _read(self, file: BinaryIO) -> bytes:
        try:
            return file.read(PIECE)
        except OSError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: OSError) -> Problems:
        return problem(f"{self._form.path} cannot be read: {error.strerror}", "it is needed until it is sent")
