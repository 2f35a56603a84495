"""The state of each environment as a JSON file, with a journal, a backup and a lock beside it.

Only these files are written, and none of them ever holds a secret in clear.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from novita_infra.model.diagnostics import problem
from novita_infra.state.backend import Overtaken, Stored
from novita_infra.state.backends.local.disk import Disk, replace_file, sync_folder, unreadable
from novita_infra.state.backends.local.file_lock import FileLock, take_lock
from novita_infra.state.backends.local.journal_file import JournalFile
from novita_infra.state.store import LockRefused

_STATE: Final = ".json"
_JOURNAL: Final = ".journal"
_BACKUP: Final = ".backup"
_LOCK: Final = ".lock"
_TRIES: Final = 20
"""How often a reader starts over because a run saved between its two reads."""

UNSHARED: Final = (f"*{_LOCK}", f"*{_JOURNAL}", f"*{_BACKUP}")
"""The files beside the states that are not for a repository, as patterns."""


class LocalFolder:
    """Implements OpenBackend on a folder of state files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def describe(self) -> str:
        return str(self._folder)

    def environments(self) -> tuple[str, ...]:
        """As OpenBackend.environments: a journal without its state file counts, because `load` must report it."""
        if not self._folder.is_dir():
            return ()
        try:
            names = [path.name for path in self._folder.iterdir()]
        except OSError as error:
            raise unreadable(self._folder, error) from error
        return tuple(
            sorted({name.removesuffix(end) for name in names for end in (_STATE, _JOURNAL) if name.endswith(end)})
        )

    def storage(self, environment: str) -> LocalFiles:
        return LocalFiles(self._folder / f"{environment}{_STATE}")


class LocalFiles:
    """A StateStorage: `<environment>.json` and its neighbours `.json.backup`, `.json.lock` and `.journal`."""

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time, disk: Disk | None = None) -> None:
        """Clock and disk are for tests."""
        self._path = path
        self._journal_path = path.with_name(f"{path.name.removesuffix(_STATE)}{_JOURNAL}")
        self._backup_path = path.with_name(f"{path.name}{_BACKUP}")
        self._now = now
        self._disk = disk or Disk()

    def describe(self) -> str:
        return str(self._path)

    def describe_journal(self) -> str:
        return str(self._journal_path)

    def restore_hint(self) -> str:
        path, backup = self._path, self._backup_path
        if backup.exists():
            back = f"the version before it is {backup}; to go back to it: cp {backup} {path}"
            return f"{back}, then plan to see what differs"
        return "put back a copy of it from before; without one, remove it and import what exists"

    def read(self) -> Stored:
        try:
            for _ in range(_TRIES):
                state = self._disk.read(self._path)
                journal = self._disk.read(self._journal_path)
                if self._disk.read(self._path) == state:
                    return Stored(state, journal)
        except OSError as error:
            raise unreadable(self._path, error) from error
        raise problem(f"{self._path} keeps changing", "wait for the other run to end")

    def replace(self, state: bytes, stored: Stored) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._check(stored)
            if stored.state is not None:
                replace_file(self._backup_path, stored.state, disk=self._disk)
            replace_file(self._path, state, disk=self._disk)
            self._disk.remove(self._journal_path)
            sync_folder(self._path.parent, disk=self._disk)
        except OSError as error:
            raise unreadable(self._path, error) from error

    def begin(self, state: bytes, header: bytes, stored: Stored) -> JournalFile:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._check(stored)
            # The state file takes over the changes of a dead run's journal; only then may a new journal replace that.
            replace_file(self._path, state, disk=self._disk)
            return JournalFile(self._journal_path, header, disk=self._disk)
        except OSError as error:
            raise unreadable(self._path, error) from error

    def try_lock(self, operation: str) -> FileLock | LockRefused:
        return take_lock(self._path.with_name(f"{self._path.name}{_LOCK}"), operation, now=self._now)

    def _check(self, stored: Stored) -> None:
        """Raises Overtaken if the state file is not what was read. Only the lock makes check and write one action."""
        if self._disk.read(self._path) != stored.state:
            raise Overtaken
