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
        return bool(now.previous and self.version.previous) and now.previous != self.version.previous


def seen_version(cache: Path | None, lineage: str) -> SeenVersion | None:
    """The newest version of the state that was seen; None if none was, or if the file cannot be read."""
    if cache is None:
        return None
    with suppress(OSError, ValueError, KeyError, TypeError):
        data = parse_json(read_file(_path(cache, lineage), most=_LONGEST))
        version = StateVersion(lineage, int(data["serial"]), str(data["previous"]))
        return SeenVersion(version, str(data["place"]), float(data["at"]))
    return None


def check_newest(cache: Path | None, store: Store) -> None:
    """Raises Problems if what the store read last is older than what was seen, or has gone apart from it."""
    now = store.version()
    seen = seen_version(cache, now.lineage) if now else None
    if now is None or seen is None or not seen.contradicts(now):
        return
    this, serial, where = store.describe(), seen.version.serial, f"{seen.place}, {moment(seen.at)}"
    if now.serial < serial:
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
    if seen.version.serial >= now.serial if seen else known:
        return
    place = os.path.abspath(store.describe()) if os.path.exists(store.describe()) else store.describe()  # noqa: PTH100, PTH110 -- a text
    content = {"serial": now.serial, "previous": now.previous, "place": place, "at": time.time()}
    path = _path(cache, now.lineage)
    own = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError, Problems):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = open_private(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            os.write(file, json.dumps(content).encode())
        finally:
            os.close(file)
        own.replace(path)


def _path(cache: Path, lineage: str) -> Path:
    return cache / _FOLDER / f"{hashlib.sha256(lineage.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"
