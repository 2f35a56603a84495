"""The few calls on files, and the replacement of a file so that a crash leaves the old one or the new one.

Knows nothing of the content of the files.
"""

from __future__ import annotations

import os
from pathlib import Path

from novita_infra.encoding.files import read_stream
from novita_infra.model.diagnostics import Problems
from novita_infra.state.private_files import check_regular, open_private


class Disk:
    """The calls; a test puts another class in its place to stop between any two of them."""

    def read(self, path: Path) -> bytes | None:
        """The bytes of the file; None if there is no file. Raises Problems for a pipe or a device, and OSError."""
        try:
            file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            check_regular(file, path)
        except (Problems, OSError):
            os.close(file)
            raise
        with open(file, "rb") as stream:  # noqa: PTH123 -- Path.open takes no file descriptor
            return read_stream(stream, path)

    def open(self, path: Path, flags: int) -> int:
        """Opens the file, and no link; a new one is for its owner alone: a state is private even without secrets."""
        if flags & os.O_DIRECTORY:
            return os.open(path, flags | os.O_CLOEXEC)
        return open_private(path, flags)

    def write(self, file: int, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(file, left) :]

    def fsync(self, file: int) -> None:
        os.fsync(file)

    def close(self, file: int) -> None:
        os.close(file)

    def replace(self, source: Path, target: Path) -> None:
        source.replace(target)

    def link(self, source: Path, target: Path) -> None:
        """Gives the file a second name: what later takes the place of the first name leaves the content of this one."""
        os.link(source, target, follow_symlinks=False)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)


def replace_file(path: Path, data: bytes, *, disk: Disk) -> None:
    """Writes the data to the file durably; at any moment it holds the old content or the new. Raises OSError."""
    temporary = path.with_name(f"{path.name}.tmp")
    file = open_new(temporary, os.O_WRONLY, disk=disk)
    try:
        disk.write(file, data)
        disk.fsync(file)
    finally:
        disk.close(file)
    disk.replace(temporary, path)
    sync_folder(path.parent, disk=disk)


def append_lines(path: Path, lines: bytes, *, disk: Disk) -> None:
    """Adds the lines to the end of the file durably. Raises OSError, and Problems for a link.

    A crash may have left a part of a line at the end: it gets a line end, and remains.
    """
    if not lines:
        return
    is_new = not path.exists()
    file = disk.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        size = os.fstat(file).st_size
        torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        disk.write(file, b"\n" + lines if torn else lines)
        disk.fsync(file)
    finally:
        disk.close(file)
    if is_new:
        sync_folder(path.parent, disk=disk)


def open_new(path: Path, flags: int, *, disk: Disk) -> int:
    """Opens a new file in the place of one that a crash left. Raises Problems for a link, and OSError."""
    try:
        return disk.open(path, flags | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        disk.remove(path)
        return disk.open(path, flags | os.O_CREAT | os.O_EXCL)


def sync_folder(path: Path, *, disk: Disk) -> None:
    """Makes files that were made, renamed or removed in the folder durable. Raises OSError."""
    file = disk.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        disk.fsync(file)
    finally:
        disk.close(file)
