"""The marks of encrypted states and journals, by which a reader knows them without any key."""

from __future__ import annotations

from typing import Final

HEAD: Final = 2**16
"""Bytes at the begin of a text that hold its marks."""
_OF_STATE: Final = (b'\n  "encryption": {', b'\n  "sealed": "')
"""What only an encrypted state holds, both: one damaged byte hides one of them."""
_OF_LINE: Final = (b'{"encryption":{', b'{"sealed":"')
"""The begin of the first line of an encrypted journal, and of each later one."""


def is_sealed_state(data: bytes) -> bool:
    """Whether the text is that of an encrypted state, however damaged."""
    return any(data.find(mark, 0, HEAD) >= 0 for mark in _OF_STATE)


def is_sealed_journal(data: bytes) -> bool:
    """Whether any line of the journal is encrypted."""
    return any(line.startswith(_OF_LINE) for line in data.split(b"\n"))
