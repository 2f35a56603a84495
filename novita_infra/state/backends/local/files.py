"""The state of each environment as a JSON file, with a journal, a backup and a lock beside it.

Only these files are written, and none of them ever holds a secret in clear.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from novita_infra.model.diagnostics import problem
from novita_infra.state.backend import REPAIR_HINT, HeldLock, Overtaken, StateStorage, Stored, Version
from novita_infra.state.backends.local.disk import Disk, append_lines, replace_file, sync_folder
from novita_infra.state.backends.local.journal_file import JournalFile
from novita_infra.state.backends.local.ring import Ring
from novita_infra.state.locks.byte_locks import ByteLocks
from novita_infra.state.locks.file_lock import FileLock, take_lock
from novita_infra.state.locks.lock_holders import holder_of, process_exists, read_note
from novita_infra.state.private_files import refuse_foreign_link, refuse_link, unreadable
from novita_infra.state.store import LockHolder, LockRefused, StateLost

_STATE: Final = ".json"
_JOURNAL: Final = ".journal"
_BACKUP: Final = ".backup"
_LOCK: Final = ".lock"
_HISTORY: Final = ".history"
_AUDIT: Final = ".audit"
_TRIES: Final = 20
"""How often a reader starts over because a run saved between its two reads."""

_BACKUP_ID: Final = "backup"
"""The id of the newest earlier state."""

UNSHARED: Final = (f"*{_LOCK}", f"*{_BACKUP}", f"*{_HISTORY}/", "*.tmp")
"""The files beside the states that are not for a repository, as patterns. A journal is: a run that is killed leaves it,
and it holds what that run created. In a repository, the earlier commits are the history."""


class LocalFolder:
    """Implements OpenBackend on a folder of state files."""

    remote = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def describe(self) -> str:
        return str(self._folder)

    def environments(self) -> tuple[str, ...]:
        """As OpenBackend.environments: a journal or a backup without its state file counts: `load` must report it."""
        if not self._folder.is_dir():
            return ()
        try:
            names = [name.removesuffix(_BACKUP) for name in os.listdir(self._folder)]  # noqa: PTH208 -- quick
        except OSError as error:
            raise unreadable(self._folder, error) from error
        return tuple(
            sorted(
                {name.removesuffix(end) for name in names for end in (_STATE, _JOURNAL, _HISTORY) if name.endswith(end)}
            )
        )

    def storage(self, environment: str) -> LocalFiles:
        return LocalFiles(self._folder / f"{environment}{_STATE}")

    def named_locks(self, operation: str) -> ByteLocks:
        return ByteLocks(self._folder / f".names{_LOCK}", operation, now=time.time)

    def locks(self) -> tuple[HeldLock, ...]:
        names = (path.name.removesuffix(f"{_STATE}{_LOCK}") for path in sorted(self._folder.glob(f"*{_STATE}{_LOCK}")))
        return tuple(HeldLock(name, holder) for name in names if (holder := self.storage(name).lock_holder()))


class LocalFiles(StateStorage):
    """A StateStorage: `<environment>.json` and its neighbours `.json.lock` and `.journal`, a backup of both, a history.

    `.json.backup` is the state before the last run or edit, and `.journal.backup` the changes since then. While a run
    is under way there is only the first, and `.journal` belongs to it as well. What a newer backup replaces goes into
    the folder `<environment>.history`. `<environment>.audit` is the audit log, to which lines are only added.

    Where `<environment>.json` is a link, all of them lie beside the file that it leads to: all checkouts that link to
    one state share its lock and its journal. The link remains.
    """

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time, disk: Disk | None = None) -> None:
        """Clock and disk are for tests."""
        self._named = path
        """The path in messages, which may be a link."""
        is_link = os.path.islink(path)  # noqa: PTH114 -- False where the folder may not be entered
        self._path = Path(os.path.realpath(path)) if is_link else path
        self._now = now
        self._disk = disk or Disk()

    @cached_property
    def _journal_path(self) -> Path:
        return _journal_of(self._path)

    @cached_property
    def _backup_path(self) -> Path:
        return self._path.with_name(f"{self._path.name}{_BACKUP}")

    @cached_property
    def _trail_path(self) -> Path:
        return self._path.with_name(f"{self._journal_path.name}{_BACKUP}")

    @cached_property
    def _audit_path(self) -> Path:
        return self._path.with_name(f"{self._path.name.removesuffix(_STATE)}{_AUDIT}")

    @cached_property
    def _ring(self) -> Ring:
        return Ring(self._path.with_name(f"{self._path.name.removesuffix(_STATE)}{_HISTORY}"), disk=self._disk)

    def describe(self) -> str:
        return str(self._named)

    def describe_journal(self) -> str:
        return str(self._journal_path)

    def restore_hint(self) -> str:
        if self.remains():
            return REPAIR_HINT
        return (
            f"put back a copy of {self._path} together with its journal; without one, move what is left away, "
            "and adopt what exists before any apply: novita-infra orphans"
        )

    def remains(self) -> str:
        if self._backup_path.exists():
            return f"its backup {self._backup_path} is"
        if self._trail_path.exists():
            return f"the journal of its backup {self._trail_path} is"
        return f"its history {self._ring.folder} is" if self._ring.versions() else ""

    def read(self) -> Stored:
        refuse_foreign_link(self._named)
        if self._journal_path.exists():
            refuse_link(self._journal_path)
        try:
            for _ in range(_TRIES):
                state = self._disk.read(self._path)
                journal = self._disk.read(self._journal_path)
                if self._disk.read(self._path) == state:
                    self._check_links(state, journal)
                    return Stored(state, journal)
        except OSError as error:
            raise unreadable(self._path, error) from error
        raise problem(f"{self._path} keeps changing", "wait for the other run to end")

    def read_damaged(self) -> Stored:
        return self.read()

    def replace(self, state: bytes, stored: Stored, trail: bytes = b"", audit: bytes = b"") -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._check(stored)
            if stored.state is not None:
                self._back_up(stored.state, self._trail_path)
                self._keep_trail(trail)
            append_lines(self._audit_path, audit, disk=self._disk)
            replace_file(self._path, state, disk=self._disk)
            self._disk.remove(self._journal_path)
            sync_folder(self._path.parent, disk=self._disk)
        except OSError as error:
            raise unreadable(self._path, error) from error

    def begin(self, state: bytes, header: bytes, stored: Stored, audit: bytes = b"") -> JournalFile:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._check(stored)
            append_lines(self._audit_path, audit, disk=self._disk)
            # The state file takes over the changes of a dead run's journal; only then may a new journal replace that.
            replace_file(self._path, state, disk=self._disk)
            self._back_up(state, self._trail_path if self._trail_path.exists() else self._journal_path)
            self._disk.remove(self._trail_path)
            return JournalFile(self._journal_path, header, disk=self._disk)
        except OSError as error:
            raise unreadable(self._path, error) from error

    def _back_up(self, state: bytes, journal: Path) -> None:
        """Makes the state the backup. The old backup goes into the history with its journal.

        A crash before the new journal is stored leaves the old one, which is of an older state and so is ignored.
        """
        old = self._disk.read(self._backup_path)
        if old == state:
            return
        if old is not None:
            self._ring.keep(self._backup_path, journal)
        replace_file(self._backup_path, state, disk=self._disk)

    def _keep_trail(self, trail: bytes) -> None:
        if trail:
            replace_file(self._trail_path, trail, disk=self._disk)
        else:
            self._disk.remove(self._trail_path)

    def _check_links(self, state: bytes | None, journal: bytes | None) -> None:
        """Raises StateLost where a file is absent because a link on the way to it points to nothing.

        So it does where a run left its journal beside a link to the state.
        """
        beside = _journal_of(self._named)
        if self._named != self._path and beside != self._journal_path and beside.is_file() and not beside.is_symlink():
            raise StateLost(
                f"{beside} lies beside the link {self._named}, and the journal of the state is {self._journal_path}",
                "keep a copy of it; move it there if it belongs to that state, or away if it does not",
            )
        for path, data in ((self._named, state), (self._journal_path, journal)):
            if data is not None or (path is self._named and (journal is not None or self.remains())):
                continue
            places = (path, *path.parents) if path is self._named else (path,)
            dangling = next((place for place in places if place.is_symlink() and not place.exists()), None)
            if dangling:
                raise StateLost(
                    f"{dangling} is a link to {dangling.readlink()}, and nothing is there",
                    "put back what it points to; as a new start, remove the link",
                )

    def try_lock(self, operation: str) -> FileLock | LockRefused:
        refuse_foreign_link(self._named)
        return take_lock(self._lock_path, operation, now=self._now)

    def lock_holder(self) -> LockHolder | None:
        note = self._lock_note()
        return (holder_of(note) or LockHolder()) if note is not None else None

    def break_lock(self) -> LockHolder | None:
        note = self._lock_note()
        if note is None:
            return None
        lock = take_lock(self._lock_path, "state lock break", now=self._now)
        if isinstance(lock, LockRefused) and not lock.final:  # the kernel knows: its process lives, on this machine
            by = holder_of(note) or "a process that has only just begun"
            raise problem(f"the state is locked by {by}", "end that process: its lock ends with it")
        if isinstance(lock, LockRefused):
            self._lock_path.unlink(missing_ok=True)
        else:
            lock.release()
        return holder_of(note) or LockHolder()

    @cached_property
    def _lock_path(self) -> Path:
        return self._path.with_name(f"{self._path.name}{_LOCK}")

    def _lock_note(self) -> Mapping[str, Any] | None:
        """The note of the lock's holder; None where there is no lock, or its process has ended."""
        try:
            content = self._disk.read(self._lock_path)
        except OSError as error:
            raise unreadable(self._lock_path, error) from error
        note = None if content is None else read_note(content.rstrip(b"\0"))
        return None if note is None or process_exists(note) is False else note

    def read_audit(self) -> tuple[tuple[str, bytes], ...]:
        try:
            data = self._disk.read(self._audit_path)
        except OSError as error:
            raise unreadable(self._audit_path, error) from error
        return ((str(self._audit_path), data),) if data is not None else ()

    def versions(self) -> tuple[Version, ...]:
        try:
            times = (path.stat().st_mtime for path in (self._trail_path, self._backup_path) if path.exists())
            backup = (Version(_BACKUP_ID, next(times)),) if self._backup_path.exists() else ()
            return (*backup, *self._ring.versions())
        except OSError as error:
            raise unreadable(self._path, error) from error

    def read_version(self, version: Version) -> Stored:
        try:
            if version.id == _BACKUP_ID:
                state, journal = self._disk.read(self._backup_path), self._disk.read(self._trail_path)
            else:
                state, journal = self._ring.read(version)
        except OSError as error:
            raise unreadable(self._path, error) from error
        if state is None:
            raise problem(f"the earlier state {version.id} of {self._named} is gone", "another run has replaced it")
        return Stored(state, journal)

    def _check(self, stored: Stored) -> None:
        """Raises Overtaken if the state file is not what was read. Only the lock makes check and write one action."""
        if self._disk.read(self._path) != stored.state:
            raise Overtaken


def _journal_of(path: Path) -> Path:
    return path.with_name(f"{path.name.removesuffix(_STATE)}{_JOURNAL}")
