"""The text of an encrypted state, journal and plan: JSON and checksums around sealed contents.

The checksums tell damage from a wrong key, also to a reader without any key. The rest is proved by the seals.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from novita_infra import __version__
from novita_infra.encoding import compact, parse_json
from novita_infra.encoding.checksums import (
    Checksum,
    add_line_checksum,
    add_state_checksum,
    line_checksum,
    state_checksum,
)
from novita_infra.model.frozen import dataclass
from novita_infra.state.encryption.data_keys import DataKey, NotSealed
from novita_infra.state.encryption.marks import HEAD
from novita_infra.state.encryption.wrapping import WrappedKey
from novita_infra.state.format.file_format import newer_format

VERSION: Final = 4
"""The version of these texts. A program that knows none of them takes it for that of a newer state, and says so."""
_ENCRYPTION: Final = "encryption"
_SEALED: Final = "sealed"
_MISMATCH: Final = "its checksum does not match"
_SERIAL: Final = re.compile(rb'\n  "serial": (\d{1,18}),')


class Unopened(Exception):
    """The text is damaged. The text of the exception says why."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An encrypted text, read and not opened."""

    wrapped: WrappedKey
    place: str
    """The name under which its content was sealed."""
    sealed: str
    serial: int = 0
    """That of a state, which is part of its seal."""

    def content(self, key: DataKey) -> bytes:
        """The content. Raises Unopened."""
        try:
            return key.open(self.place, self.sealed)
        except NotSealed:
            raise Unopened("it was altered, or put there from elsewhere") from None


def seal_state(state: bytes, key: DataKey) -> bytes:
    """The encrypted text of a state: its serial in clear, for servers that show it, and in the seal."""
    found = _SERIAL.search(state, 0, HEAD)
    serial = int(found[1]) if found else 0
    content = {"serial": serial, _ENCRYPTION: dict(key.wrapped), _SEALED: key.seal(f"state {serial}", state)}
    data = {"version": VERSION, "program": __version__, **content}
    return add_state_checksum(json.dumps(data, indent=2, allow_nan=False).encode("ascii") + b"\n")


def read_sealed_state(data: bytes, place: str) -> Envelope:
    """The envelope of an encrypted state; `place` is where it stands. Raises Unopened, and ForeignFormat."""
    content = _parsed(data)
    _check_version(content, place)
    match content:
        case {
            "version": int(),
            "program": str(),
            "checksum": str(),
            "serial": int(serial),
            "encryption": {"method": str(), "key": str()} as wrapped,
            "sealed": str(sealed),
            **rest,
        } if not rest and state_checksum(data) is Checksum.GOOD:
            return Envelope(wrapped, f"state {serial}", sealed, serial)
        case _:
            raise Unopened(_MISMATCH)


JOURNAL: Final = "journal"
AUDIT: Final = "audit"
"""The names under which the first line of a journal and the lines of an audit log are sealed."""


def seal_header(header: bytes, key: DataKey, *, place: str = JOURNAL) -> bytes:
    """The first line of an encrypted journal, with the wrapped key: it may lie beside a state with another key."""
    content = {_ENCRYPTION: dict(key.wrapped), _SEALED: key.seal(place, header)}
    return _line({"version": VERSION, "program": __version__, **content})


def seal_lines(lines: bytes, key: DataKey, *, number: int, header: bytes) -> bytes:
    """One line that holds the lines of an append. Its number and the sealed header are part of the seal."""
    return _line({_SEALED: key.seal(_place_of_line(number, header), lines)})


def read_header(line: bytes, place: str, *, sealed_as: str = JOURNAL) -> Envelope:
    """The envelope of a line that `seal_header` wrote. Raises Unopened, and ForeignFormat."""
    content = _content(line)
    _check_version(content, place)
    match content:
        case {"encryption": {"method": str(), "key": str()} as wrapped, "sealed": str(sealed)}:
            return Envelope(wrapped, sealed_as, sealed)
        case _:
            raise Unopened("it is no begin of an encrypted journal")


def read_lines(line: bytes, number: int, *, header: bytes) -> Envelope:
    """The envelope of a later line. Raises Unopened."""
    match _content(line):
        case {"sealed": str(sealed)}:
            return Envelope({}, _place_of_line(number, header), sealed)
        case _:
            raise Unopened("it is no line of an encrypted journal")


def _check_version(content: Any, place: str) -> None:
    match content:
        case {"version": int(version), "program": str(program)} if version > VERSION:
            raise newer_format(version, program, place, known=VERSION)


def _content(line: bytes) -> Any:
    content = _parsed(line)
    checksum = line_checksum(line)
    if checksum is not Checksum.GOOD:
        raise Unopened(_MISMATCH if checksum is Checksum.WRONG else "it has no checksum")
    return content


def _parsed(data: bytes) -> Any:
    try:
        return parse_json(data)
    except ValueError:
        raise Unopened("it is cut off or was changed") from None


def _place_of_line(number: int, header: bytes) -> str:
    """The place of a line: in no other journal, and nowhere else in this one, it has the same name."""
    return f"line {number} of {hashlib.sha256(header).hexdigest()}"


def _line(content: Mapping[str, Any]) -> bytes:
    return add_line_checksum(compact(content)) + b"\n"
