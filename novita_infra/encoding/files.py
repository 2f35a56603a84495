"""Reads whole files whose length nobody vouches for."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO, Final

LONGEST: Final = 512 * 2**20
"""The most bytes of a state, a journal or a plan. Ten thousand resources have about forty million."""


def read_file(path: Path, *, most: int = LONGEST) -> bytes:
    """The bytes of the file. Raises OSError, also for one with more than `most` bytes: none of them is kept."""
    with path.open("rb") as stream:
        return read_stream(stream, path, most=most)


def read_stream(stream: BinaryIO, path: Path, *, most: int = LONGEST) -> bytes:
    """The bytes of an open file. A pipe or a device has no length: it is read until it ends, or is too long."""
    length = os.fstat(stream.fileno()).st_size
    data = stream.read(most + 1) if length <= most else b""
    if (length := max(length, len(data))) > most:
        raise OSError(errno.EFBIG, f"it has {length:,} bytes or more, and at most {most:,} are read", str(path))
    return data
