"""The journal in a file: what is appended is on disk before the call returns."""

from __future__ import annotations

import os
from pathlib import Path

from novita_infra.state.backends.local.disk import Disk, open_new, sync_folder
from novita_infra.state.private_files import unreadable


class JournalFile:
    """Implements JournalWriter on a file."""

    def __init__(self, path: Path, header: bytes, *, disk: Disk) -> None:
        """Begins a journal with this first line; replaces an older file. Raises OSError, and Problems for a link."""
        self._path = path
        self._disk = disk
        self._file = open_new(path, os.O_WRONLY | os.O_APPEND, disk=disk)
        try:
            disk.write(self._file, header)
            disk.fsync(self._file)
            sync_folder(path.parent, disk=disk)
        except OSError:
            disk.close(self._file)
            raise

    def pause(self) -> None:
        """As JournalWriter.pause: a disk is written at once."""

    def append(self, lines: bytes) -> None:
        try:
            self._disk.write(self._file, lines)
            self._disk.fsync(self._file)
        except OSError as error:
            raise unreadable(self._path, error) from error

    def close(self) -> None:
        self._disk.close(self._file)
        self._file = -1  # a late append fails, and never writes to a file that got the number since
