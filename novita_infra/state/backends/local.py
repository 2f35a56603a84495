"""The books of one environment as a JSON file, with a journal, a backup and a lock beside it.

Nothing but these files is written, and none of them ever holds a secret in clear.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

from novita_infra.model.diagnostics import problem
from novita_infra.state.backends.disk import Disk, replace_file, sync_folder
from novita_infra.state.backends.file_lock import held
from novita_infra.state.file_format import backup_of, read_state, unreadable, write_state
from novita_infra.state.journal import JournalFile, fold
from novita_infra.state.state import State
from novita_infra.state.store import Journal

_TRIES = 20
"""How often a reader begins again because a run saved between its two reads."""


def fresh(project: str, environment: str, *, randomness: Callable[[int], bytes] = os.urandom) -> State:
    """Books without a record. `randomness` gives as many random bytes as it is asked for."""
    lineage = str(uuid.UUID(bytes=randomness(16), version=4))
    return State(lineage=lineage, key=randomness(32).hex(), project=project, environment=environment)


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
        sleep: Callable[[float], None] = time.sleep,
        disk: Disk | None = None,
    ) -> None:
        """Project and environment name the state that is made where there is none; the rest is for tests."""
        self.path = path
        self._journal_path = path.with_name(f"{path.name.removesuffix('.json')}.journal")
        self._fresh = fresh(project, environment, randomness=randomness)
        self._now = now
        self._sleep = sleep
        self._disk = disk or Disk()
        self._own_run: int | None = None
        """The serial that the journal on disk goes on from, where this store began it."""

    def load(self) -> State:
        """As Store.load; until one is saved, the same new state each time."""
        return self._stored() or self._fresh

    def save(self, state: State) -> State:
        stored = self._stored()
        # The caller of a run knows the state that it began with; what its own journal added is in what it saves.
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
                replace_file(backup_of(self.path), previous, disk=self._disk)
            replace_file(self.path, data, disk=self._disk)
            self._disk.remove(self._journal_path)
            sync_folder(self.path.parent, disk=self._disk)
        except OSError as error:
            raise unreadable(self.path, error) from error
        self._own_run = None
        return saved

    def lock(self, operation: str, *, timeout: float = 0.0) -> AbstractContextManager[None]:
        path = self.path.with_name(f"{self.path.name}.lock")
        return held(path, operation, timeout=timeout, now=self._now, sleep=self._sleep)

    @contextmanager
    def journal(self, state: State) -> Iterator[Journal]:
        stored = self._stored()
        if stored and (stored.lineage, stored.serial) != (state.lineage, state.serial):
            raise problem(f"{self.path} has moved on from version {state.serial} to {stored.serial}", "plan again")
        data = write_state(state)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # With the dead run's journal folded in; only then may a new one take that one's place.
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
        """The state on disk with its journal folded in."""
        try:
            data, journal = self._both()
        except OSError as error:
            raise unreadable(self.path, error) from error
        if data is None and journal is None:
            return None
        if data is None:
            raise problem(
                f"{self._journal_path} goes on from a state file that is not there",
                f"put back {self.path}; or, if what the journal tells of is known to be gone, remove the journal",
            )
        state = read_state(data, self.path)
        return state if journal is None else fold(state, journal, self._journal_path)

    def _both(self) -> tuple[bytes | None, bytes | None]:
        """State file and journal as they were at one moment: nobody saved between the two reads."""
        for _ in range(_TRIES):
            data = self._disk.read(self.path)
            journal = self._disk.read(self._journal_path)
            if self._disk.read(self.path) == data:
                return data, journal
        raise problem(f"{self.path} keeps changing", "wait for the other run to end")
