"""A lock file that one process holds at a time.

The kernel's lock on the open file decides: it ends with the process, however that ends, and a reused process number
cannot be mistaken for the holder. The content of the file only explains to others who the holder is.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from novita_infra.state.locks.lock_holders import (
    is_of_this_machine,
    locked_by,
    locked_elsewhere,
    note_of_holder,
    read_note,
)
from novita_infra.state.private_files import open_private, unreadable
from novita_infra.state.store import LockRefused

_LONGEST: Final = 4096
"""The most bytes of a note."""


class FileLock:
    """A lock file that this process holds."""

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file

    def release(self) -> None:
        """Removes the lock file, unless it is another holder's by now, and gives the lock back."""
        if is_at(self._path, self._file):
            self._path.unlink(missing_ok=True)
        os.close(self._file)


def take_lock(path: Path, operation: str, *, now: Callable[[], float]) -> FileLock | LockRefused:
    """The lock, or the reason why it cannot be had now. Raises Problems if the file cannot be made."""
    try:
        lock = _take(path)
    except OSError as error:
        raise unreadable(path, error) from error
    if isinstance(lock, LockRefused):
        return lock
    with suppress(OSError):  # on a full disk the lock is held without an explanation
        _explain(lock, operation, now())
    return FileLock(path, lock)


def open_lock_file(path: Path) -> int:
    """Opens the file; makes it and its folder where there is none. Raises OSError, and Problems for a link."""
    try:
        return open_private(path, os.O_RDWR | os.O_CREAT)
    except FileNotFoundError:  # the first lock of the folder
        path.parent.mkdir(parents=True, exist_ok=True)
        return open_private(path, os.O_RDWR | os.O_CREAT)


def _take(path: Path) -> int | LockRefused:
    while True:
        file = open_lock_file(path)
        free, holder = _lock(file), note_at(file, 0, _LONGEST)
        if free and is_at(path, file) and is_dead(holder):
            return file
        was_removed = free and not is_at(path, file)  # by its holder, between our opening and our locking
        os.close(file)
        if not was_removed:
            return locked_elsewhere(holder, remedy=f"remove {path}") if free else busy(path, holder)


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_at(path: Path, file: int) -> bool:
    """Whether the open file is the one at the path: its holder may have removed it."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(file))
    except FileNotFoundError:
        return False


def _explain(file: int, operation: str, now: float) -> None:
    note = json.dumps(note_of_holder(operation, now)).encode()
    os.pwrite(file, note, 0)
    os.ftruncate(file, len(note))  # not to 0 before: ext4 writes such a file to the disk when it is closed


def note_at(file: int, begin: int, most: int) -> Mapping[str, Any]:
    """The note of a holder in these bytes; empty if it has just begun to write, or died while it did."""
    return read_note(os.pread(file, most, begin).rstrip(b"\0"))


def is_dead(holder: Mapping[str, Any]) -> bool:
    """Whether a holder whose lock is free is certainly dead.

    A folder shared between machines may not share its locks: a lock of another machine may still be held there.
    """
    return not holder or is_of_this_machine(holder)


def busy(path: Path, holder: Mapping[str, Any]) -> LockRefused:
    """The refusal of a lock that the process of that note holds."""
    return locked_by(
        holder, str(path), hint="wait for its end, or give --lock-timeout; the lock ends with that process"
    )
