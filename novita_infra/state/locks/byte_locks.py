"""Locks by name in one file of a folder, for a run that takes many: it opens the file once.

The kernel locks a byte for each name, far behind the end of the file, and frees it with the process. A lock file for
each name costs far more: a file system with a journal takes up to a tenth of a millisecond to make and remove one.

The file has a page for each run: who it is, and which names it holds. It explains to others who the holder is, and
protects the names of a run on another machine where the machines share the folder and not its locks.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import itertools
import json
import os
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from novita_infra.model.frozen import dataclass
from novita_infra.state.locks.file_lock import busy, is_at, is_dead, note_at, open_lock_file
from novita_infra.state.locks.lock_holders import locked_elsewhere, note_of_holder
from novita_infra.state.private_files import unreadable
from novita_infra.state.store import LockRefused

_DIGEST: Final = 7
"""The bytes of the digest that stands for a name."""
_NOTE: Final = 1024
"""The bytes of a page before its digests."""
_PAGE: Final = 16384
_MOST: Final = (_PAGE - _NOTE) // _DIGEST
"""The most names that a run holds at a time."""
_FILE: Final = 1 << 60
"""The byte that the runs share which use the file. A run that has it alone may remove the file."""
_RUNS: Final = _FILE + 1
"""The byte of the first page; a run holds that of its page."""
_NAMES: Final = 1 << 61
"""The byte of the name with the lowest digest."""


class ByteLocks:
    """Implements NamedLocks on a file, which is made with the first lock and removed by the last run."""

    def __init__(self, path: Path, operation: str, *, now: Callable[[], float]) -> None:
        self._path = path
        self._operation = operation
        self._now = now
        self._file = -1
        self._page = 0
        """Where the page of this run begins."""
        self._held: set[bytes] = set()
        self._free: list[int] = []
        """The places in the page that hold no digest."""

    def try_lock(self, name: str) -> ByteLock | LockRefused:
        digest = hashlib.sha256(name.encode()).digest()[:_DIGEST]
        try:
            if self._file < 0 and not self._open():
                return busy(self._path, {})
            return self._take(digest)
        except OSError as error:
            raise unreadable(self._path, error) from error

    def undisturbed(self, environment: str) -> str:
        """As NamedLocks.undisturbed. It is not known, as only runs that create take these locks."""
        del environment
        return ""

    def close(self) -> None:
        """Frees all locks. Removes the file if no other run uses it."""
        if self._file < 0:
            return
        with suppress(OSError):
            self._write(bytes(_PAGE), self._page)
            if _lock(self._file, _FILE) and is_at(self._path, self._file) and all(map(is_dead, self._notes())):
                self._path.unlink()
        os.close(self._file)
        self._file = -1

    def _open(self) -> bool:
        """Opens the file and takes a page of it. False while its last run removes it."""
        while True:
            file = open_lock_file(self._path)
            if not _lock(file, _FILE, fcntl.F_RDLCK):
                os.close(file)
                return False
            if is_at(self._path, file):
                break
            os.close(file)  # it was removed between our opening and our locking
        for number in itertools.count():
            self._page = number * _PAGE
            if _lock(file, _RUNS + number) and is_dead(note_at(file, self._page, _NOTE)):
                break
        self._file, self._held, self._free = file, set(), list(range(_MOST))
        note = json.dumps(note_of_holder(self._operation, self._now())).encode()
        self._write(note.ljust(_PAGE, b"\0"), self._page)
        return True

    def _take(self, digest: bytes) -> ByteLock | LockRefused:
        byte = _NAMES + int.from_bytes(digest)
        if digest in self._held or not self._free:
            return busy(self._path, note_of_holder(self._operation, self._now()))
        if not _lock(self._file, byte):
            return busy(self._path, next(self._notes(digest), {}))
        for note in self._notes(digest):
            if not is_dead(note):
                _lock(self._file, byte, fcntl.F_UNLCK)
                return locked_elsewhere(note, remedy=f"remove {self._path}")
        place = self._free.pop()
        self._held.add(digest)
        self._write(digest, self._page + _NOTE + place * _DIGEST)
        return ByteLock(partial(self._release, digest, place))

    def _release(self, digest: bytes, place: int) -> None:
        if self._file < 0:
            return
        self._write(bytes(_DIGEST), self._page + _NOTE + place * _DIGEST)
        _lock(self._file, _NAMES + int.from_bytes(digest), fcntl.F_UNLCK)
        self._held.remove(digest)
        self._free.append(place)

    def _notes(self, digest: bytes = b"") -> Iterator[Mapping[str, Any]]:
        """Who the other runs are, dead ones included; those that hold the name, if one is given."""
        for page in range(0, os.fstat(self._file).st_size, _PAGE):
            if page != self._page and digest in os.pread(self._file, _PAGE - _NOTE, page + _NOTE):
                yield note_at(self._file, page, _NOTE)

    def _write(self, data: bytes, at: int) -> None:
        with suppress(OSError):  # on a full disk the locks are held without an explanation
            os.pwrite(self._file, data, at)


@dataclass(frozen=True, slots=True)
class ByteLock:
    """A lock of a ByteLocks."""

    release: Callable[[], None]

    def check(self) -> None:
        """Does nothing: the kernel takes the lock from no process that lives."""


def _lock(file: int, byte: int, mode: int = fcntl.F_WRLCK) -> bool:
    """Locks the byte for this open file, or unlocks it. False if another open file holds it."""
    # The struct flock: type, whence, start, length, process.
    order = struct.pack("hhqqi4x", mode, 0, byte, 1, 0)
    if sys.platform == "darwin":
        order = struct.pack("qqihh", byte, 1, 0, mode, 0)
    try:
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, order)
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EAGAIN}:
            return False
        raise
    return True
