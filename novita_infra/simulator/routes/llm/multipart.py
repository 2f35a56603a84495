"""Reads a multipart/form-data body into its parts, in memory. The size of the body is checked before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from novita_infra.simulator.errors import ApiRefusal

_MOST_PARTS: Final = 20


@dataclass(slots=True)
class FormPart:
    """One part of a form."""

    name: str = ""
    filename: str = ""
    """The name of the file; empty if the part is no file."""
    pieces: list[memoryview] = field(default_factory=list)
    """The body, as places in that of the request: nothing is copied until it is taken."""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def body(self) -> bytes:
        """The body, as a copy."""
        return b"".join(self.pieces)


def read_form(body: bytes, media: str) -> dict[str, FormPart]:
    """The parts by name, the last of each name. Raises INVALID_REQUEST_BODY if the body is no such form."""
    kind, options = parse_options_header(media)
    boundary = options.get(b"boundary", b"")
    if kind.lower() != b"multipart/form-data" or not boundary:
        raise ApiRefusal("INVALID_REQUEST_BODY", "the body must be multipart/form-data with a boundary")
    reader = _Reader()
    parser = MultipartParser(
        boundary,
        callbacks={
            "on_part_begin": reader.begin,
            "on_part_data": reader.data,
            "on_part_end": reader.end,
            "on_header_field": reader.header_field,
            "on_header_value": reader.header_value,
            "on_header_end": reader.header_end,
            "on_end": reader.over,
        },
    )
    try:
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise ApiRefusal("INVALID_REQUEST_BODY", f"the form cannot be read: {error}"[:200]) from error
    if not reader.whole:
        raise ApiRefusal("INVALID_REQUEST_BODY", "the form breaks off before its last boundary")
    return {part.name: part for part in reader.parts}


class _Reader:
    """Collects the parts from the callbacks of the parser."""

    def __init__(self) -> None:
        self.parts: list[FormPart] = []
        self.whole = False
        self._part = FormPart()
        self._name = bytearray()
        self._value = bytearray()

    def begin(self) -> None:
        if len(self.parts) >= _MOST_PARTS:
            raise ApiRefusal("INVALID_REQUEST_BODY", f"the form has more than {_MOST_PARTS} parts")
        self._part = FormPart()

    def data(self, data: bytes, start: int, end: int) -> None:
        self._part.pieces.append(memoryview(data)[start:end])

    def end(self) -> None:
        self.parts.append(self._part)

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        if bytes(self._name).lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
            self._part.filename = options.get(b"filename", b"").decode("utf-8", "replace")
        self._name.clear()
        self._value.clear()

    def over(self) -> None:
        self.whole = True
