"""The protocols of state: a reader, a store of one environment, and the backend that holds all of them.

No other package knows more of state than these protocols and `state.opening`, which chooses the backend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Problems
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.state.state import State, UsedPlan


class StateLost(Problems):
    """A state of which only a part is stored: a journal or a backup alone, an empty file, a link to nothing.

    Objects that it recorded may exist, so nothing may be decided without it.
    """

    def __init__(self, summary: str, hint: str) -> None:
        super().__init__([Diagnostic(summary, hint)], code=EXIT_REFUSED)


class ForeignFormat(Problems):
    """A state that may be sound, and that this program cannot read: of a newer version, or of another program."""


class StateMoved(ForeignFormat):
    """A state that `state migrate` has moved to another place. The old place holds a note that says so."""

    def __init__(self, summary: str, hint: str) -> None:
        super().__init__([Diagnostic(summary, hint)], code=EXIT_REFUSED)


class Journal(Protocol):
    """The write-ahead log of one run. When the awaitable of a method is done, the change is durable."""

    async def put(self, record: Record, event: str) -> None:
        """Adds or replaces the record; `event` says what happened, for a person who reads the journal."""
        ...

    async def drop(self, address: Address, event: str) -> None:
        """Removes the record."""
        ...

    async def snapshot(self, name: str, ids: tuple[str, ...]) -> None:
        """Keeps the ids of the objects that were live before the run created any, under the name."""
        ...

    async def roll(self, members: Mapping[Address, float | None]) -> None:
        """Changes `State.rolling`; None removes a member."""
        ...

    async def use_plan(self, plan: UsedPlan) -> None:
        """Records that this run carries out an approved plan."""
        ...

    def note(self, note: Mapping[str, Value]) -> None:
        """Puts a note on a call, for the audit log, on the next line of a record."""
        ...

    async def write_notes(self) -> None:
        """Writes the notes that are on no line yet."""
        ...


@dataclass(frozen=True, slots=True)
class LockHolder:
    """The run that holds a lock. A field that is not known is `?`."""

    operation: str = "?"
    user: str = "?"
    pid: str = "?"
    host: str = "?"
    since: str = "?"
    """Its start, for a person: `2026-11-22 21:17:04 UTC`."""
    run: str = ""
    """The address of the run of a CI service; empty where it is none, or an unknown one."""

    def __str__(self) -> str:
        run = f", {self.run}" if self.run else ""
        return f"`{self.operation}` of {self.user}, process {self.pid} on {self.host}{run}, since {self.since}"


@dataclass(frozen=True, slots=True)
class LockRefused:
    """The reason why a lock cannot be had now."""

    holder: LockHolder | None
    """None for a run that has just started and has not written who it is."""
    summary: str
    """The message for a person; it names the holder."""
    hint: str
    final: bool = False
    """Whether waiting cannot help: a person must act first."""
    doubtful: float = 0.0
    """Seconds after which it is known whether the holder lives: it is waited for so long in any case."""
    pause: float = 0.5
    """Seconds between two attempts."""


class StateLock(Protocol):
    """A lock that this process holds."""

    def release(self) -> None:
        """Gives the lock back. To be called once."""
        ...


class NamedLock(StateLock, Protocol):
    """The lock of a name that a run holds."""

    def check(self) -> None:
        """Raises Problems if another run may have taken the lock over, because this one gave no sign of life.

        To be called after the intent of a call is durable and before the call is sent: whoever takes the lock over
        later reads that intent.
        """
        ...


class NamedLocks(Protocol):
    """Locks by name that a run takes beside the lock of its environment: one for each create of some objects.

    A run takes many, so a backend does once what all of them need.
    """

    def try_lock(self, name: str) -> NamedLock | LockRefused:
        """As `Store.try_lock`; refused, too, while this run holds the lock of that name."""
        ...

    def undisturbed(self, environment: str) -> str:
        """A mark of the runs of other environments, as of the last `try_lock`.

        While it is the same, none of them has changed a state in between. Empty while one is at work, or where that
        is not known.
        """
        ...

    def close(self) -> None:
        """Gives back what the run needed for its locks, and the locks that it holds."""
        ...


@dataclass(frozen=True, slots=True)
class StateVersion:
    """Which version of which state is stored."""

    lineage: str
    serial: int
    previous: str
    """The digest of the state that it was made from; empty for a first one, and before format 4."""
    changes: int = 0
    """How many changes the journal beside it holds."""


class StateReader(Protocol):
    """The state of one environment, for a caller that only reads it."""

    def describe(self) -> str:
        """The place of the state, for a message: `state/default.json`."""
        ...

    def load(self) -> State:
        """The state, with the journal of a dead run already applied; a new one if nothing is stored.

        Takes no lock and changes nothing. Until a state is saved, each call returns the same new one. Raises Problems
        on a damaged state and on one that a newer version wrote, and StateLost where only a part of it is stored.
        """
        ...


class Store(StateReader, Protocol):
    """The state of one environment, for a run that changes it."""

    def save(self, state: State) -> State:
        """Replaces the stored state atomically, keeps the previous version, drops the journal.

        Returns the state with its new serial. Raises Problems if the stored serial is not that of `state`, or of the
        run that this store keeps the journal of.
        """
        ...

    def has_old_key(self) -> bool:
        """Whether what was loaded last is not encrypted as the settings say now; a save makes it so."""
        ...

    def lock_holder(self) -> LockHolder | None:
        """Who holds the lock as far as it is known; None if it is free. Takes no lock. Raises Problems."""
        ...

    def try_lock(self, operation: str) -> StateLock | LockRefused:
        """Takes the lock if it is free, without waiting; `locking` waits. Raises Problems if the place cannot be used.

        A lock that a dead process left is taken over, if it is certain that the process is dead.
        """
        ...

    def version(self) -> StateVersion | None:
        """What was read or saved last; None if nothing was stored then. Reads nothing."""
        ...

    def journal(
        self, state: State, *, confirmed: Callable[[StateVersion], None] = ...
    ) -> AbstractContextManager[Journal]:
        """Opens the journal of a run that starts from this state; needs the lock. Raises Problems as `save`.

        `confirmed` gets, in any thread, the version that is durable after each write of the journal.
        """
        ...


class StateBackend(Protocol):
    """The place that keeps the states of all environments of a project."""

    @property
    def remote(self) -> bool:
        """Whether a server is asked for states and locks, so that each call may take a while."""
        ...

    def describe(self) -> str:
        """The place, for a message: `state`."""
        ...

    def environments(self) -> tuple[str, ...]:
        """The environments that have a state, sorted, damaged ones included. Raises Problems if they cannot be read."""
        ...

    def store(self, environment: str, *, project: str = "") -> Store:
        """The store of an environment, whether it has a state or not; `project` names a state that is new."""
        ...

    def named_locks(self, operation: str) -> NamedLocks:
        """The locks by name of one run, which all runs share that open this backend. Takes none yet."""
        ...
