"""The limits of one account as the processes of this machine know them together, in a small file.

Each process reads, changes and writes the file under a lock that it holds for microseconds: never while it waits, and
no process waits for the lock. The file holds no key. The calls in flight of a process that dies count until its process
id or its lease ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import hmac
import math
import os
import secrets
import stat
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from operator import attrgetter
from pathlib import Path
from platform import node
from typing import Final, Protocol

from novita_infra.api.limits.rate import Pace

LEASE: Final = 150.0
"""Seconds after the last update of a process until its calls no longer count; above the longest call."""
WAITING: Final = 0.25
"""Seconds after its last update for which a process that waits is taken to be still waiting."""
_FORGET: Final = 600.0
"""Seconds after which limits are too old to be used."""
_AHEAD: Final = 120.0
"""Seconds; a file with a time farther ahead was written under another clock."""
_SWEPT: Final = 2 * 86400.0
"""Seconds after its last write until a file is removed."""
_MOST_PROCESSES: Final = 64
_PREFIX: Final = "pace-"

_MAGIC: Final = b"nvpace1\0"
_PACE: Final = struct.Struct(f"<{len(fields(Pace))}d")
_ENTRY: Final = struct.Struct("<QQddII")
_values = attrgetter(*(item.name for item in fields(Pace)))
_HEAD: Final = struct.Struct("<8sId")
"""Magic, checksum of the rest, time of writing; the pace and the processes follow up to the end of the file."""


@dataclass(slots=True)
class ProcessEntry:
    """One process that calls this account. Times in Unix seconds."""

    pid: int
    nonce: int
    """A random number, because process ids are reused."""
    updated_at: float = 0.0
    granted_at: float = 0.0
    """When it last got a slot."""
    in_flight: int = 0
    waiting: int = 0
    """Not 0 while it waits for a slot."""

    @property
    def priority(self) -> tuple[int, float]:
        """The lowest gets the next slot: fewest calls in flight, then longest wait."""
        return self.in_flight, self.granted_at

    def is_waiting(self, now: float) -> bool:
        """Whether it would take a slot at once."""
        return bool(self.waiting) and abs(now - self.updated_at) < WAITING


_entry_values = attrgetter(*(item.name for item in fields(ProcessEntry)))


@dataclass(slots=True)
class AccountLimits:
    """The pace of an account, and the processes that keep to it."""

    pace: Pace = field(default_factory=Pace)
    processes: list[ProcessEntry] = field(default_factory=list)


class LimitsStore(Protocol):
    """A place that keeps the limits of an account."""

    def open(self, now: float) -> contextlib.AbstractContextManager[AccountLimits | None]:
        """The limits, to read and change; written at the end of the block. None if another process has the lock."""
        ...

    def close(self) -> None: ...


class OwnLimits:
    """Limits of this process alone."""

    def __init__(self) -> None:
        self._limits = AccountLimits()

    def open(self, now: float) -> contextlib.AbstractContextManager[AccountLimits | None]:  # noqa: ARG002 -- the time matters only for a file
        return contextlib.nullcontext(self._limits)

    def close(self) -> None:
        """Does nothing: no file is open."""


class LimitsFile:
    """Limits in a file of a few hundred bytes. Raises OSError if the file cannot be used."""

    def __init__(self, path: Path, *, alive: Callable[[int], bool] | None = None) -> None:
        self._path = path
        self._alive = alive or _is_alive
        self._file = _opened(path)

    def close(self) -> None:
        """Closes the file."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    @contextmanager
    def open(self, now: float) -> Iterator[AccountLimits | None]:
        """The limits under the lock; None if another process holds it at this moment. Raises OSError."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        try:
            about = os.fstat(self._file)
            if about.st_nlink == 0:
                self._reopen()
                yield None
                return
            limits = self._read(now)
            yield limits
            self._write(limits, now, size=about.st_size)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _reopen(self) -> None:
        """Opens the file again after another process removed it, and perhaps made a new one."""
        gone, self._file = self._file, _opened(self._path)
        os.close(gone)

    def _read(self, now: float) -> AccountLimits:
        """The limits in the file without dead processes; new limits if the file is stale or damaged."""
        limits = _decoded(os.pread(self._file, 8192, 0), now)
        limits.processes = [
            entry for entry in limits.processes if abs(now - entry.updated_at) < LEASE and self._alive(entry.pid)
        ]
        return limits

    def _write(self, limits: AccountLimits, now: float, *, size: int) -> None:
        limits.processes = sorted(limits.processes, key=lambda entry: entry.updated_at)[-_MOST_PROCESSES:]
        data = _encoded(limits, now)
        os.pwrite(self._file, data, 0)
        if size > len(data):  # cutting a file to the length that it has costs as much as writing it
            os.ftruncate(self._file, len(data))


def open_limits(folder: Path, *, url: str, key: str, now: float, bucket: str = "") -> LimitsStore:
    """The limits of the account of this address and key; limits of this process alone if no file can be used.

    `bucket` distinguishes several limits of one account.
    """
    name = hmac.digest(key.encode(), f"{url}\n{bucket}\n{node()}".encode(), "sha256").hex()[:32]
    try:
        store = LimitsFile(folder / f"{_PREFIX}{name}")
        _sweep(folder, now)
        return store
    except OSError:
        return OwnLimits()


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """The folder of the files: NOVITA_INFRA_CACHE, or the user's cache folder. None if neither is set."""
    own = environ.get("NOVITA_INFRA_CACHE", "")
    cache, home = environ.get("XDG_CACHE_HOME", ""), environ.get("HOME", "")
    if own:
        return Path(own)
    if Path(cache).is_absolute():
        return Path(cache) / "novita-infra"
    return Path(home) / ".cache" / "novita-infra" if Path(home).is_absolute() else None


def new_entry() -> ProcessEntry:
    """The entry of this process."""
    return ProcessEntry(os.getpid(), secrets.randbits(64))


def _opened(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    about = os.fstat(file)
    if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid():
        os.close(file)
        raise OSError("not a file of this user")
    if stat.S_IMODE(about.st_mode) != 0o600:
        os.fchmod(file, 0o600)
    return file


def _sweep(folder: Path, now: float) -> None:
    """Removes old files of other keys and addresses."""
    for path in folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if now - path.stat().st_mtime > _SWEPT:
                path.unlink()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # a process of another user
        return True
    return True


def _encoded(limits: AccountLimits, now: float) -> bytes:
    rest = _PACE.pack(*_values(limits.pace)) + b"".join(
        _ENTRY.pack(*_entry_values(entry)) for entry in limits.processes
    )
    stamp = struct.pack("<d", now)
    return _HEAD.pack(_MAGIC, zlib.crc32(stamp + rest), now) + rest


def _decoded(data: bytes, now: float) -> AccountLimits:
    body = data[_HEAD.size :]
    if len(body) < _PACE.size or (len(body) - _PACE.size) % _ENTRY.size:
        return AccountLimits()
    magic, checksum, written = _HEAD.unpack_from(data)
    if magic != _MAGIC or checksum != zlib.crc32(data[_HEAD.size - 8 :]) or not -_AHEAD < now - written < _FORGET:
        return AccountLimits()
    pace = Pace(*_PACE.unpack_from(body))
    if not all(math.isfinite(value) for value in _values(pace)) or pace.due > now + _AHEAD:
        pace = Pace()
    return AccountLimits(pace, [ProcessEntry(*values) for values in _ENTRY.iter_unpack(body[_PACE.size :])])
