"""The protocol of a state store."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from novita_infra.model.addresses import Address
from novita_infra.model.records import Record
from novita_infra.state.state import Begun, State


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
