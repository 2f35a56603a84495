"""The state of each environment as a JSON file, with a journal, a backup and a lock beside it.

Only these files are written, and none of them ever holds a secret in clear.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from novita_infra.model.diagnostics import problem
from novita_infra.state.backends.local.disk import Disk, replace_file, sync_folder, unreadable
from novita_infra.state.backends.local.file_lock import FileLock, take_lock
from novita_infra.state.backends.local.journal_file import JournalFile
from novita_infra.state.file_format import read_state, write_state
from novita_infra.state.journal import fold
from novita_infra.state.settings import StateSettings
from novita_infra.state.state import State, new_state
from novita_infra.state.store import Journal, LockRefused

_FOLDER: Final = "state"
"""The folder if the project file names none."""
_STATE: Final = ".json"
_JOURNAL: Final = ".journal"
_TRIES: Final = 20
"""How often a reader starts over because a run saved between its two reads."""


class LocalBackend:
    """Implements StateBackend on a folder of state files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of_settings(cls, settings: StateSettings) -> LocalBackend:
        """The folder that `state.path` of the project file names, relative to the project."""
        path = settings.options.get("path")
        return cls(settings.root / (path if isinstance(path, str) and path else _FOLDER))

    def describe(self) -> str:
        return str(self._folder)

    def environments(self) -> tuple[str, ...]:
        """As StateBackend.environments: a journal without its state file counts, because `load` must report it."""
        if not self._folder.is_dir():
            return ()
        try:
            names = [path.name for path in self._folder.iterdir()]
        except OSError as error:
            raise unreadable(self._folder, error) from error
        return tuple(
            sorted({name.removesuffix(end) for name in names for end in (_STATE, _JOURNAL) if name.endswith(end)})
        )

    def store(self, environment: str, *, project: str = "") -> LocalStore:
        return LocalStore(self._folder / f"{environment}{_STATE}", project=project, environment=environment)


class LocalStore:
    """Implements Store on `state/<environment>.json` and its neighbours `.json.backup`, `.json.lock` and `.journal`."""

    def __init__(
        self,
        path: Path,
        *,
        project: str = "",
        environment: str = "default",
        randomness: Callable[[int], bytes] = os.urandom,
        now: Callable[[], float] = time.time,
        disk: Disk | None = None,
    ) -> None:
        """Project and environment name a new state; the rest is for tests."""
        self.path = path
        self._journal_path = path.with_name(f"{path.name.removesuffix(_STATE)}{_JOURNAL}")
        self._new = new_state(project, environment, randomness=randomness)
        self._now = now
        self._disk = disk or Disk()
        self._own_run: int | None = None
        """The serial that the journal on disk starts from, if this store began it."""

    def describe(self) -> str:
        return str(self.path)

    def locator(self, root: Path) -> str:
        return os.path.relpath(self.path.resolve(), root.resolve())

    def load(self) -> State:
        return self._stored() or self._new

    def save(self, state: State) -> State:
        stored = self._stored()
        # A run passes the serial that it started with; the lines of its own journal are part of the state it saves.
        if stored and state.serial not in {stored.serial, self._own_run}:
            raise problem(
                f"{self.path} has moved on from version {state.serial} to {stored.serial} in the meantime",
                "nothing was saved; run the command again",
            )
        if stored and state.lineage != stored.lineage:
            raise problem(
                f"{self.path} is of another lineage, {stored.lineage}", "nothing was saved; move it away first"
            )
        saved = replace(state, serial=max(state.serial, stored.serial if stored else 0) + 1)
        data = write_state(saved)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            previous = self._disk.read(self.path)
            if previous is not None:
                replace_file(_backup_of(self.path), previous, disk=self._disk)
            replace_file(self.path, data, disk=self._disk)
            self._disk.remove(self._journal_path)
            sync_folder(self.path.parent, disk=self._disk)
        except OSError as error:
            raise unreadable(self.path, error) from error
        self._own_run = None
        return saved

    def try_lock(self, operation: str) -> FileLock | LockRefused:
        return take_lock(self.path.with_name(f"{self.path.name}.lock"), operation, now=self._now)

    @contextmanager
    def journal(self, state: State) -> Iterator[Journal]:
        stored = self._stored()
        if stored and (stored.lineage, stored.serial) != (state.lineage, state.serial):
            raise problem(f"{self.path} has moved on from version {state.serial} to {stored.serial}", "plan again")
        data = write_state(state)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # The state file takes over the changes of a dead run's journal; only then may a new journal replace that.
            replace_file(self.path, data, disk=self._disk)
            journal = JournalFile(self._journal_path, state, disk=self._disk)
        except OSError as error:
            raise unreadable(self.path, error) from error
        self._own_run = state.serial
        try:
            yield journal
        finally:
            journal.close()

    def _stored(self) -> State | None:
        """The state on disk with the changes of its journal."""
        try:
            data, journal = self._both()
        except OSError as error:
            raise unreadable(self.path, error) from error
        if data is None and journal is None:
            return None
        if data is None:
            raise problem(
                f"{self._journal_path} goes on from a state file that is not there",
                f"put back {self.path}; or, if all objects that the journal names are deleted, remove the journal",
            )
        state = read_state(data, str(self.path), hint=_way_back(self.path))
        return state if journal is None else fold(state, journal, str(self._journal_path))

    def _both(self) -> tuple[bytes | None, bytes | None]:
        """State file and journal of one moment: no run saved between the two reads."""
        for _ in range(_TRIES):
            data = self._disk.read(self.path)
            journal = self._disk.read(self._journal_path)
            if self._disk.read(self.path) == data:
                return data, journal
        raise problem(f"{self.path} keeps changing", "wait for the other run to end")


def _backup_of(path: Path) -> Path:
    """The file that keeps the previous version of the state."""
    return path.with_name(f"{path.name}.backup")


def _way_back(path: Path) -> str:
    backup = _backup_of(path)
    if backup.exists():
        return f"the version before it is {backup}; to go back to it: cp {backup} {path}, then plan to see what differs"
    return "put back a copy of it from before; without one, remove it and import what exists"
