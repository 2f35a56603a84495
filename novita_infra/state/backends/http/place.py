"""The states of all environments on a server: one address for each, and a list of those that exist.

The protocol lists nothing. An address with `{environment}` has one more document, under a name that no environment has:
the list of environments. Every run looks whether its own is there, so a name that two first runs lost comes back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from novita_infra.model.frozen import dataclass
from novita_infra.state.backend import HeldLock
from novita_infra.state.backends.http import ENVIRONMENT
from novita_infra.state.backends.http.client import HttpClient, ServerReply, shown
from novita_infra.state.backends.http.document import StateDocument, read_document
from novita_infra.state.backends.http.locks import LockServer, note_in
from novita_infra.state.backends.http.storage import HttpStorage, fetched
from novita_infra.state.locks.byte_locks import ByteLocks
from novita_infra.state.locks.lock_holders import holder_of

_LIST: Final = "-environments"
"""The name in the place of an environment for the list of environments."""
_TRIES: Final = 5
_NAMES: Final = Path(".novita-infra", "state-names.lock")
"""The file of the locks by name, in the project's folder."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The method and the address of each sort of request, with `{environment}` or without."""

    state: tuple[str, str]
    lock: tuple[str, str]
    unlock: tuple[str, str]

    @property
    def is_of_one(self) -> bool:
        """Whether there is one address for all environments, so that only one can exist."""
        return ENVIRONMENT not in self.state[1]

    def of(self, environment: str) -> Addresses:
        """Those of an environment."""
        name = quote(environment, safe="")
        pairs = [(method, text.replace(ENVIRONMENT, name)) for method, text in (self.state, self.lock, self.unlock)]
        return Addresses(*pairs)


class HttpPlace:
    """Implements OpenBackend on a server."""

    remote = True

    def __init__(
        self, client: HttpClient, addresses: Addresses, root: Path, *, now: Callable[[], float] = time.time
    ) -> None:
        """The clock is for tests."""
        self._client = client
        self._addresses = addresses
        self._root = root
        self._now = now
        self._listed: set[str] = set()
        """The environments that are known to be in the list."""

    def describe(self) -> str:
        return shown(self._addresses.state[1])

    def environments(self) -> tuple[str, ...]:
        return tuple(name for name in self._names() if self.storage(name).document().serial)

    def storage(self, environment: str) -> HttpStorage:
        own = self._addresses.of(environment)
        server = LockServer(self._client, own.lock, own.unlock, shown(own.state[1]))
        return HttpStorage(
            self._client, environment, own.state, server, appear=lambda: self._enlist(environment), now=self._now
        )

    def named_locks(self, operation: str) -> ByteLocks:
        """As OpenBackend.named_locks: locks of this machine, as the protocol has none."""
        return ByteLocks(self._root / _NAMES, operation, now=self._now)

    def locks(self) -> Sequence[HeldLock]:
        found = []
        for name in self._names():
            own = self._addresses.of(name)
            holder = LockServer(self._client, own.lock, own.unlock, self.describe()).holder()
            if holder is not None:
                found.append(HeldLock(name, holder_of(note_in(holder))))
        return tuple(found)

    def _names(self) -> tuple[str, ...]:
        """The environments that may have a state, sorted."""
        if self._addresses.is_of_one:
            data = fetched(self._client, self._addresses.state[1])
            return (read_document(data, self.describe()).environment,) if data else ()
        return self._list().environments

    def _list(self) -> StateDocument:
        """The document with the list of environments."""
        address = self._addresses.of(_LIST).state[1]
        data = fetched(self._client, address)
        return read_document(data, shown(address), _LIST) if data else StateDocument(_LIST)

    def _enlist(self, environment: str) -> None:
        """Puts the environment on the list, unless it is there."""
        if environment in self._listed or self._addresses.is_of_one:
            return
        method, address = self._addresses.of(_LIST).state
        answer = None
        for _ in range(_TRIES):
            present = self._list()
            if environment in present.environments:
                self._listed.add(environment)
                return
            names = tuple(sorted({*present.environments, environment}))
            answer = self._client.send(method, address, present.followed({}, environments=names).text())
        raise self._client.refusal(answer or ServerReply(409, b""), address)
