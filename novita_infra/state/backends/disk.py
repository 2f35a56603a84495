"""The few calls on files, and how a file is replaced so that a crash leaves the old one or the new one.

Knows nothing of what the files hold.
"""

from __future__ import annotations

import os
from pathlib import Path


class Disk:
    """The calls themselves; a test puts another in its place to stop between any two of them."""

    def read(self, path: Path) -> bytes | None:
        """The bytes of the file; None where there is none."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def open(self, path: Path, flags: int) -> int:
        """What is made is for its owner alone: a state tells much even without secrets."""
        return os.open(path, flags | os.O_CLOEXEC, 0o600)

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

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)


def replace_file(path: Path, data: bytes, *, disk: Disk) -> None:
    """The file holds the data, durably; at no moment does it hold anything but the old or the new. Raises OSError."""
    temporary = path.with_name(f"{path.name}.tmp")
    file = disk.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        disk.write(file, data)
        disk.fsync(file)
    finally:
        disk.close(file)
    disk.replace(temporary, path)
    sync_folder(path.parent, disk=disk)


def sync_folder(path: Path, *, disk: Disk) -> None:
    """Makes durable what was made, renamed or removed in the folder. Raises OSError."""
    file = disk.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        disk.fsync(file)
    finally:
        disk.close(file)
