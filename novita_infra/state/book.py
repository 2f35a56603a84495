"""What a state file holds, as values, and what every store of it can do."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

from novita_infra.resources import Address, Record, Value

VERSION: Final = 1
KEPT: Final = 50
"""Applied plans that are remembered."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A saved plan that a run began to carry out: no other run may."""

    seal: str
    """What tells its file from every other."""
    since: float
    """Unix seconds."""
    by: str
    """For a person: `ada, process 12 on host`."""
    done: bool = False
    """Whether every step of it was done."""


@dataclass(frozen=True, slots=True)
class State:
    """The books of one environment of one project."""

    lineage: str
    """A random id given once: two states with different lineages are not versions of one another."""
    key: str
    """Random hex, the key of the digests that stand for secrets."""
    serial: int = 0
    """Goes up with every save and with every journal line: the same serial of a lineage is the same state."""
    project: str = ""
    environment: str = "default"
    cloud: str = ""
    """The account it is about: `simulator`, or the API's host. Empty until the first apply."""
    records: Mapping[Address, Record] = field(default_factory=dict)
    outputs: Mapping[str, Value] = field(default_factory=dict)
    """The project's outputs after the last apply; a secret is a Digest."""
    seen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By kind prefix, the ids that were live when a run with unanswered creates began."""
    begun: tuple[Begun, ...] = ()
    """The saved plans that were applied, the last KEPT of them, oldest first."""
    durations: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """By `instance.create`, the seconds that the last such steps took."""


class Journal(Protocol):
    """The write-ahead log of one run. When a method's awaitable is done, what it says is on disk."""

    async def put(self, record: Record, event: str) -> None:
        """The record is now this; `event` says what happened, for a person who reads the journal."""
        ...

    async def drop(self, address: Address, event: str) -> None:
        """There is no such record any more."""
        ...

    async def saw(self, kind: str, ids: tuple[str, ...]) -> None:
        """These objects of the kind were live before the run created any."""
        ...

    async def begin(self, begun: Begun) -> None:
        """The run carries out this saved plan."""
        ...


class Store(Protocol):
    """Where the books of one environment are kept."""

    def load(self) -> State:
        """The state, with what a journal of a dead run says already folded in; a new one where there is none.

        Raises Problems on a damaged or newer file. Takes no lock and changes nothing.
        """
        ...

    def save(self, state: State) -> State:
        """Writes the state atomically, keeps a backup, drops the journal; returns it with its new serial.

        Raises Problems where the stored serial is not the given one's.
        """
        ...

    def lock(self, operation: str, *, timeout: float = 0.0) -> AbstractContextManager[None]:
        """Holds the lock; raises Problems that tell who holds it, since when and where. Waits up to `timeout` seconds.

        A lock left by a dead process of this machine is taken over.
        """
        ...

    def journal(self, state: State) -> AbstractContextManager[Journal]:
        """Opens the journal of a run that starts from this state; needs the lock."""
        ...
