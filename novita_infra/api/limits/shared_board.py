"""What the processes of this machine know together of one account's limits: a small file that each of them reads,
changes and writes under a lock held for microseconds. Never held while waiting, never waited for, and no key in it.

A process that dies leaves its calls in flight behind; they count until its process id or its lease is gone.
"""

from __future__ import annotations

import contextlib
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

try:
    import fcntl
except ImportError:  # Windows has none: each process keeps to itself
    fcntl = None  # type: ignore[assignment]  # the module or its absence

LEASE: Final = 150.0
"""Seconds after which the calls of a process that has not been heard of no longer count; above the longest call."""
HEARD: Final = 0.25
"""Seconds for which a process that said that it waits is taken to wait still."""
_FORGET: Final = 600.0
"""Seconds after which nothing that was known is worth anything."""
_AHEAD: Final = 120.0
"""Seconds; a file that speaks of a time farther ahead was written under another clock."""
_SWEPT: Final = 2 * 86400.0
"""Seconds after which a file that nobody wrote to is taken away."""
_MOST_MEMBERS: Final = 64
_PREFIX: Final = "pace-"

_MAGIC: Final = b"nvpace1\0"
_PACE: Final = struct.Struct(f"<{len(fields(Pace))}d")
_MEMBER: Final = struct.Struct("<QQddII")
_values = attrgetter(*(item.name for item in fields(Pace)))
_HEAD: Final = struct.Struct("<8sId")
"""Magic, checksum of what follows it, when it was written; then the pace and the members to the end of the file."""


@dataclass(slots=True)
class Member:
    """One process that calls this account."""

    pid: int
    mark: int
    """Drawn at random: process ids come again."""
    heard: float = 0.0
    """Unix seconds."""
    given: float = 0.0
    """When it last got a place."""
    in_flight: int = 0
    waiting: int = 0
    """Not 0 while it asks for a place and there is none."""

    @property
    def claim(self) -> tuple[int, float]:
        """The least comes first: who has the fewest calls in flight, then who waited longest."""
        return self.in_flight, self.given

    def asks(self, now: float) -> bool:
        """Whether it would take a place at once."""
        return bool(self.waiting) and abs(now - self.heard) < HEARD


_member_values = attrgetter(*(item.name for item in fields(Member)))


@dataclass(slots=True)
class Board:
    """The pace, and who goes by it."""

    pace: Pace = field(default_factory=Pace)
    members: list[Member] = field(default_factory=list)


class BoardStore(Protocol):
    """Where a board is kept."""

    def open(self, now: float) -> contextlib.AbstractContextManager[Board | None]:
        """The board, to read and change; kept when the block ends. None where others have it just now."""
        ...

    def close(self) -> None: ...


class OwnBoard:
    """A board of this process alone."""

    def __init__(self) -> None:
        self._board = Board()

    @contextmanager
    def open(self, now: float) -> Iterator[Board | None]:  # noqa: ARG002 -- nothing here grows old
        yield self._board

    def close(self) -> None:
        """Nothing is held."""


class BoardFile:
    """A board in a file of a few hundred bytes. Raises OSError where it cannot be kept there."""

    def __init__(self, path: Path, *, alive: Callable[[int], bool] | None = None) -> None:
        if fcntl is None:
            raise OSError("no file locks on this platform")
        self._path = path
        self._alive = alive or _is_alive
        self._file = _opened(path)

    def close(self) -> None:
        """Closes the file."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    @contextmanager
    def open(self, now: float) -> Iterator[Board | None]:
        """The board under the lock; None where another process has it at this moment. Raises OSError."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        try:
            if os.fstat(self._file).st_nlink == 0:
                self._reopen()
                yield None
                return
            board = self._read(now)
            yield board
            self._write(board, now)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _reopen(self) -> None:
        """The file was removed under us, and others may have made a new one."""
        gone, self._file = self._file, _opened(self._path)
        os.close(gone)

    def _read(self, now: float) -> Board:
        """What the file says, members that are gone left out; a new board where it is stale or damaged."""
        board = _decoded(os.pread(self._file, 8192, 0), now)
        board.members = [
            member for member in board.members if abs(now - member.heard) < LEASE and self._alive(member.pid)
        ]
        return board

    def _write(self, board: Board, now: float) -> None:
        board.members = sorted(board.members, key=lambda member: member.heard)[-_MOST_MEMBERS:]
        data = _encoded(board, now)
        os.pwrite(self._file, data, 0)
        os.ftruncate(self._file, len(data))


def account_board(folder: Path, *, url: str, key: str, now: float, bucket: str = "") -> BoardStore:
    """The board of the account behind this address and key; of this process alone where no file can be kept.

    `bucket` tells apart limits that an account has beside each other.
    """
    name = hmac.digest(key.encode(), f"{url}\n{bucket}\n{node()}".encode(), "sha256").hex()[:32]
    try:
        shelf = BoardFile(folder / f"{_PREFIX}{name}")
        _sweep(folder, now)
        return shelf
    except OSError:
        return OwnBoard()


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """Where the boards are kept: NOVITA_INFRA_CACHE, or the user's cache folder. None where neither is told."""
    own = environ.get("NOVITA_INFRA_CACHE", "")
    cache, home = environ.get("XDG_CACHE_HOME", ""), environ.get("HOME", "")
    if own:
        return Path(own)
    if Path(cache).is_absolute():
        return Path(cache) / "novita-infra"
    return Path(home) / ".cache" / "novita-infra" if Path(home).is_absolute() else None


def new_member() -> Member:
    """This process, as it will stand on the board."""
    return Member(os.getpid(), secrets.randbits(64))


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
    """Takes away what was left behind for keys and addresses of long ago."""
    for path in folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if now - path.stat().st_mtime > _SWEPT:
                path.unlink()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True


def _encoded(board: Board, now: float) -> bytes:
    rest = _PACE.pack(*_values(board.pace)) + b"".join(
        _MEMBER.pack(*_member_values(member)) for member in board.members
    )
    stamp = struct.pack("<d", now)
    return _HEAD.pack(_MAGIC, zlib.crc32(stamp + rest), now) + rest


def _decoded(data: bytes, now: float) -> Board:
    body = data[_HEAD.size :]
    if len(body) < _PACE.size or (len(body) - _PACE.size) % _MEMBER.size:
        return Board()
    magic, checksum, written = _HEAD.unpack_from(data)
    if magic != _MAGIC or checksum != zlib.crc32(data[_HEAD.size - 8 :]) or not -_AHEAD < now - written < _FORGET:
        return Board()
    pace = Pace(*_PACE.unpack_from(body))
    if not all(math.isfinite(value) for value in _values(pace)) or pace.due > now + _AHEAD:
        pace = Pace()
    return Board(pace, [Member(*values) for values in _MEMBER.iter_unpack(body[_PACE.size :])])
