"""The newest version of each state that this machine has seen: a state that went back in time, or apart, is recognised.

A folder in the user's cache holds a small file for each state, without anything secret. Without it, nothing is
recognised here, and the owner marks of the objects still are.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from novita_infra.encoding.files import read_file
from novita_infra.encoding.json_text import parse_json
from novita_infra.model.clock import moment
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.state.private_files import open_private
from novita_infra.state.store import StateVersion, Store

_FOLDER: Final = "states"
_RUN: Final = ".run"
"""The end of the file of a run under way."""
_WIDTH: Final = 8192
"""The bytes that each of its notes fills, in the place of the one before; a path is never so long."""
_LONGEST: Final = 65_536
"""The most bytes of a file."""


@dataclass(frozen=True, slots=True)
class SeenVersion:
    """A version of a state that was seen on this machine."""

    version: StateVersion
    place: str
    at: float
    """Unix seconds."""

    def contradicts(self, now: StateVersion) -> bool:
        """Whether the state was newer than it is now, or is another one of the same serial."""
        if now.serial != self.version.serial:
            return now.serial < self.version.serial
        return self.is_apart(now) or now.changes < self.version.changes

    def is_apart(self, now: StateVersion) -> bool:
        """Whether the state of the same serial was made from another one."""
        return bool(now.previous and self.version.previous) and now.previous != self.version.previous


def seen_version(cache: Path | None, lineage: str) -> SeenVersion | None:
    """The newest version of the state that was seen; None if none was, or if the file cannot be read."""
    if cache is None:
        return None
    path = _path(cache, lineage)
    found = filter(None, (_read(path, lineage), _read(path.with_suffix(_RUN), lineage)))
    return max(found, key=lambda seen: (seen.version.serial, seen.version.changes), default=None)


def _read(path: Path, lineage: str) -> SeenVersion | None:
    with suppress(OSError, ValueError, KeyError, TypeError, OverflowError):
        data = parse_json(read_file(path, most=_LONGEST))
        version = StateVersion(lineage, int(data["serial"]), str(data["previous"]), int(data.get("changes", 0)))
        return SeenVersion(version, str(data["place"]), float(data["at"]))
    return None


def check_newest(cache: Path | None, store: Store) -> None:
    """Raises Problems if what the store read last is older than what was seen, or has gone apart from it."""
    now = store.version()
    seen = seen_version(cache, now.lineage) if now else None
    if now is None or seen is None or not seen.contradicts(now):
        return
    store.load()  # a run under way may have noted what it wrote since
    now = store.version() or now
    if not seen.contradicts(now):
        return
    this, serial, where = store.describe(), seen.version.serial, f"{seen.place}, {moment(seen.at)}"
    if now.serial == serial and not seen.is_apart(now):
        summary = (
            f"the journal of {this} holds {now.changes} changes, and this machine has seen {seen.version.changes} "
            f"({where}): it was cut off or lost, or another copy of it is ahead"
        )
    elif now.serial < serial:
        summary = (
            f"{this} is version {now.serial}, and this machine has seen version {serial} of it ({where}): the state "
            "went back in time, or another copy of it is ahead"
        )
    else:
        summary = (
            f"{this} is another version {serial} than the one that this machine has seen ({where}): two copies of one "
            "state have gone apart"
        )
    raise problem(
        summary,
        "put back the newer state with its journal, or use the copy that is ahead; `novita-infra state repair` looks "
        "for it in the history, and asks whether to go on from this one",
        code=EXIT_REFUSED,
    )


def remember_version(cache: Path | None, store: Store, *, known: bool = False) -> None:
    """Notes the version that the store read or saved last, unless a newer one is noted. A read-only cache is no error.

    `known` notes it only where an earlier version is noted: the states of the simulator are not.
    """
    now = store.version()
    if cache is None or now is None or not now.serial:
        return
    seen = seen_version(cache, now.lineage)
    if (seen.version.serial, seen.version.changes) >= (now.serial, now.changes) if seen else known:
        return
    path = _path(cache, now.lineage)
    own = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError, Problems):
        file = _opened(own)
        try:
            os.write(file, _text(now, _place(store)))
        finally:
            os.close(file)
        own.replace(path)


class RunNotes:
    """Notes each version that a run has made durable: of a run that is killed, this machine then knows every change.

    The run holds the lock, so its file is its own. It remains open: a note is one short write, and is not synced.
    """

    def __init__(self, cache: Path | None, store: Store) -> None:
        self._cache = cache
        self._place = _place(store)
        self._file = -1

    def __call__(self, version: StateVersion) -> None:
        if self._cache is None:
            return
        try:
            if self._file < 0:
                self._file = _opened(_path(self._cache, version.lineage).with_suffix(_RUN))
            os.pwrite(self._file, _text(version, self._place).ljust(_WIDTH), 0)
        except (OSError, Problems):  # no cache is no error
            self._cache = None

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _place(store: Store) -> str:
    place = store.describe()
    return os.path.abspath(place) if os.path.exists(place) else place  # noqa: PTH100, PTH110 -- a text


def _text(version: StateVersion, place: str) -> bytes:
    content = {"serial": version.serial, "previous": version.previous, "place": place, "at": time.time()}
    return json.dumps(content | {"changes": version.changes}).encode()


def _opened(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return open_private(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)


def _path(cache: Path, lineage: str) -> Path:
    return cache / _FOLDER / f"{hashlib.sha256(lineage.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"
