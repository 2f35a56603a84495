"""Reads whole files whose length nobody vouches for, and puts a new text into the place of a file."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
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


def put_in_place(path: Path, data: bytes) -> None:
    """Puts the data into the place of a file of the user, which no crash leaves torn. Raises OSError, which names it.

    The file keeps its mode, and a link stays a link. A state is replaced by its backend, in steps that a test can stop.
    """
    target = path.resolve()
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(handle)
            if target.exists():
                shutil.copymode(target, temporary)
            else:
                Path(temporary).chmod(0o644)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        error.filename = str(path)  # not the temporary file
        raise
