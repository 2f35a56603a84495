"""Checksums of a stored state and of each journal line: the CRC-32 of the bytes, which changes with every flipped bit.

A checksum shows damage of the medium. It is no protection against a person: anybody can compute it.
"""

from __future__ import annotations

import enum
import re
import zlib
from typing import Final

_STATE_LINE: Final = re.compile(rb'\n  "checksum": "([^"\n]*)",')
"""A line of the outermost object: a text in JSON holds no line end, so the pattern is in no value."""
_HEAD: Final = 4096
"""Bytes at the begin of a state that hold its checksum."""
_KEY: Final = b',"crc32":"'
_END: Final = re.compile(_KEY + rb'[0-9a-f]{8}"\}')
_END_LENGTH: Final = len(_KEY) + 8 + len(b'"}')


class Checksum(enum.Enum):
    """What the checksum in some bytes says of them."""

    GOOD = enum.auto()
    WRONG = enum.auto()
    ABSENT = enum.auto()
    """No checksum, as in the files of version 0.1.0, or none that can be read."""


def add_state_checksum(text: bytes) -> bytes:
    """The indented JSON object with the line `"checksum": "crc32:..."` after its first two fields, a line each."""
    place = 0
    for _ in range(3):
        place = text.index(b"\n", place + 1)
    return b'%b\n  "checksum": "%b",%b' % (text[:place], _text_of(text), text[place:])


def state_checksum(data: bytes) -> Checksum:
    """What the checksum of a stored state says; it covers every byte but its own line."""
    line = _STATE_LINE.search(data, 0, _HEAD)
    if not line:
        return Checksum.ABSENT
    return Checksum.GOOD if line[1] == _text_of(data[: line.start()] + data[line.end() :]) else Checksum.WRONG


def add_line_checksum(line: bytes) -> bytes:
    """The compact JSON object, which is not empty, with `"crc32"` as its last field."""
    return b'%b%b%08x"}' % (line[:-1], _KEY, zlib.crc32(line))


def line_checksum(line: bytes) -> Checksum:
    """What the checksum of a journal line says; the line is without its line end."""
    end = line[-_END_LENGTH:]
    if not _END.fullmatch(end):
        return Checksum.ABSENT
    return Checksum.GOOD if add_line_checksum(line[:-_END_LENGTH] + b"}") == line else Checksum.WRONG


def begins_with_whole_line(data: bytes) -> bool:
    """Whether the bytes, which hold no line end, begin with a whole line and go on: its line end is damaged.

    Zeros at the end do not count: a crash of the machine leaves them in the place of what was not written.
    """
    data = data.rstrip(b"\0")
    ends = (match.end() for match in _END.finditer(data))
    return any(end < len(data) and line_checksum(data[:end]) is Checksum.GOOD for end in ends)


def sound_lines(data: bytes) -> tuple[list[bytes], bytes]:
    """The journal lines in bytes without line end that are whole, and what follows the last end of a line.

    A damaged line end joins two lines: each of them is sound or not by itself.
    """
    found, begin = [], 0
    for match in _END.finditer(data):
        part = data[begin : match.end()]
        if line_checksum(part) is Checksum.GOOD:
            found.append(part)
        begin = match.end() + 1  # a damaged line end
    return found, data[begin:]


def _text_of(data: bytes) -> bytes:
    return b"crc32:%08x" % zlib.crc32(data)
