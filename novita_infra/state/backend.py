"""What a state backend implements: plain operations on bytes, and the entry by which it is found.

`backends/NAME.py`, or the package `backends/NAME/`, defines `BACKEND`, a Backend. `guarded` makes the stores of it: the
guards of serial and lineage, the journal's queue and the messages are the same for all backends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, Final, Protocol

from novita_infra.model.frozen import dataclass
from novita_infra.state.settings import StateSettings
from novita_infra.state.store import LockHolder, LockRefused, NamedLocks, StateLock

REPAIR_HINT: Final = (
    "novita-infra state repair puts together what its earlier states and journals hold: it shows the result and asks"
)
"""What to do about a damaged or lost state of which earlier versions are kept."""


class Overtaken(Exception):
    """What is stored is no longer what was read: another run has written since. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The content of one environment's storage at one moment."""

    state: bytes | None
    """None if no state is stored."""
    journal: bytes | None
    """None if no journal is stored."""
    version: object = None
    """The backend's own mark of this content, such as an ETag; None for a backend that compares the bytes."""


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier state that a backend keeps."""

    id: str
    """Its name, by which the backend reads it."""
    at: float | None = None
    """The time at which it was replaced, in Unix seconds, if the backend knows it."""


@dataclass(frozen=True, slots=True)
class HeldLock:
    """The lock of an environment that some run holds."""

    environment: str
    holder: LockHolder | None
    """None for a run that has just started and has not written who it is."""
    age: float | None = None
    """Seconds since its last sign of life, as far as this process saw; None at its first look, and where locks end with
    their process."""


class JournalWriter(Protocol):
    """A journal that is open for appending. Only one thread uses it at a time."""

    def pause(self) -> None:
        """Returns when the next append may begin: what comes in the meantime goes out with it."""
        ...

    def append(self, lines: bytes) -> None:
        """Adds the lines; they are durable when it returns. Raises Problems; nothing is appended after that."""
        ...

    def close(self) -> None:
        """Ends the appending. The journal remains stored. An `append` after it raises Problems."""
        ...


class StateStorage(Protocol):
    """The place of one environment's state and journal. Every method raises Problems if the place cannot be used."""

    def describe(self) -> str:
        """The place of the state, for a message: `state/default.json`."""
        ...

    def describe_journal(self) -> str:
        """The place of the journal, for a message: `state/default.journal`."""
        ...

    def restore_hint(self) -> str:
        """How to restore a damaged or lost state with all its changes. A damaged backup is named.

        Advice that leaves out the changes of the last run would make the next apply create them a second time.
        """
        ...

    def remains(self) -> str:
        """What is left where no state is stored, such as a backup, in words; empty where nothing is."""
        ...

    def read(self) -> Stored:
        """State and journal of one moment: no run saved between the two."""
        ...

    def read_damaged(self) -> Stored:
        """As `read`, and what is damaged comes as bytes that no reader accepts; `replace` takes it. For a repair."""
        ...

    def has_old_key(self) -> bool:
        """As `Store.has_old_key`, of what was read last. False where nothing is encrypted."""
        return False

    def replace(self, state: bytes, stored: Stored, trail: bytes = b"", audit: bytes = b"") -> None:
        """Replaces `stored` by the state atomically, keeps the previous state, and drops the journal.

        The trail is a journal that makes the new state from the previous one. It is kept beside that, so that both
        together are a backup of the new state. The audit lines are added to the log before the state is replaced: a
        crash in between leaves lines that the state does not know. Raises Overtaken if `stored` is not what is stored.
        """
        ...

    def begin(self, state: bytes, header: bytes, stored: Stored, audit: bytes = b"") -> JournalWriter:
        """Replaces `stored` by the state and by a journal with this first line, and adds the audit lines as `replace`.

        The state holds the changes of the journal that it replaces. So a crash in between may leave the new state
        with the old journal or with none, and never the old state without its journal. Raises Overtaken as `replace`.
        """
        ...

    def try_lock(self, operation: str) -> StateLock | LockRefused:
        """As `Store.try_lock`. `lock_holders` has the messages, and the note that tells others who the holder is."""
        ...

    def lock_holder(self) -> LockHolder | None:
        """As `Store.lock_holder`."""
        ...

    def break_lock(self) -> LockHolder | None:
        """Takes the lock away from its holder, who can write nothing any more; None if nobody holds it.

        Raises Problems where the holder could still write, such as a live process of this machine.
        """
        ...

    def read_audit(self) -> Sequence[tuple[str, bytes]]:
        """The parts of the audit log in their order, each with its place for a message. It may grow meanwhile."""
        ...

    def versions(self) -> Sequence[Version]:
        """The earlier states that are kept, the newest first. Empty where the backend keeps none."""
        ...

    def read_version(self, version: Version) -> Stored:
        """An earlier state, with the journal that makes the next one from it. Raises Problems if it is gone."""
        ...


class OpenBackend(Protocol):
    """The place that keeps the states of all environments of a project. Opening it asks no server yet."""

    @property
    def remote(self) -> bool:
        """As `StateBackend.remote`."""
        ...

    def describe(self) -> str:
        """The place, for a message: `state`."""
        ...

    def environments(self) -> tuple[str, ...]:
        """The environments that have a state or a journal, sorted, damaged ones included. Raises Problems."""
        ...

    def storage(self, environment: str) -> StateStorage:
        """The storage of an environment, whether it holds anything or not. It reads and writes nothing yet."""
        ...

    def named_locks(self, operation: str) -> NamedLocks:
        """As `StateBackend.named_locks`."""
        ...

    def locks(self) -> Sequence[HeldLock]:
        """The locks of environments that are held now, sorted by environment."""
        ...


class BackendAround:
    """What a backend around another one hands on to that one."""

    def __init__(self, backend: OpenBackend) -> None:
        self._backend = backend

    @property
    def remote(self) -> bool:
        return self._backend.remote

    def describe(self) -> str:
        return self._backend.describe()

    def environments(self) -> tuple[str, ...]:
        return self._backend.environments()

    def named_locks(self, operation: str) -> NamedLocks:
        return self._backend.named_locks(operation)


@dataclass(frozen=True, slots=True)
class SettingError:
    """A setting that cannot be used."""

    name: str
    """The setting, such as `path`."""
    summary: str
    hint: str = ""


def no_errors(_: Mapping[str, Any]) -> Iterable[SettingError]:
    """Accepts all settings that the schema accepts."""
    return ()


def no_storages(_: Path) -> Sequence[StateStorage]:
    """Finds no states: a backend whose states are no files."""
    return ()


@dataclass(frozen=True, slots=True)
class Backend:
    """A state backend as it registers. A third-party package is imported by `open`, not with the module."""

    summary: str
    """Where it keeps states, as a sentence for the reference."""
    open: Callable[[StateSettings], OpenBackend]
    settings: Mapping[str, Mapping[str, Any]]
    """The JSON Schema of each setting under `state:` of the project file, with its description and its default.

    An expression may stand for each value; `open` and `errors_of` get what it gives."""
    required: tuple[str, ...] = ()
    """The settings without which it cannot be opened."""
    secrets: tuple[str, ...] = ()
    """The settings that a source of secrets may give: `{fromEnv: NAME}`. One whose schema has no `type` is given by
    nothing else. `open` gets the text."""
    errors_of: Callable[[Mapping[str, Any]], Iterable[SettingError]] = no_errors
    """The errors that the schema of the settings cannot express. Settings that are not known yet are left out."""
    unshared_files: tuple[str, ...] = field(default=())
    """The files in a project that are not for a repository, as patterns of .gitignore, with the default settings."""
    storages_at: Callable[[Path], Sequence[StateStorage]] = no_storages
    """The states in a file or in a folder that a person names; empty if it holds none of this backend."""
