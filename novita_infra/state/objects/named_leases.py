"""The locks by name of one run, beside the lease of its environment: names in the table of the leases."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from novita_infra.model.concurrency import SharedCall
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.state.objects.leases import OF_A_RUN, Lease, Leases, LeaseTable
from novita_infra.state.objects.pacing import Pacing
from novita_infra.state.store import LockRefused

_SOON: Final = 0.5
"""Seconds after which a name is given back if no other one is taken."""
_LOST: Final = "the locks of this run were taken over while it gave no sign of life; it stopped before its next call"


class _Request:
    """A name that a thread waits for."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_answered = False
        self.refusal: LockRefused | None = None
        self.error: Exception | None = None


class NamedLeases:
    """Implements NamedLocks. The names hang on one lease, which the run takes with its first lock.

    Names that are taken or given back at the same time change the table together: a wave of creates costs one write.
    """

    def __init__(self, leases: Leases, operation: str) -> None:
        self._leases = leases
        self._operation = operation
        self._lease: Lease | None = None
        self._seen = LeaseTable()
        """The table at the last exchange."""
        self._waiting: deque[_Request] = deque()
        self._held: set[str] = set()
        self._unused: set[str] = set()
        """The names that are in the table and not held any more."""
        self._exchanging = threading.Lock()
        self._table = SharedCall(leases.table)
        self._pacing = Pacing()
        self._over = threading.Event()
        self._threads: ThreadPoolExecutor | None = None
        self._later: Future[None] | None = None
        """The exchange that gives back names for which no other exchange comes."""

    def try_lock(self, name: str) -> _NamedLease | LockRefused:
        request = _Request(name)
        self._waiting.append(request)
        with self._exchanging:
            if not request.is_answered:  # by the exchange of another thread
                self._exchange()
        if request.error is not None:
            raise request.error
        return request.refusal or _NamedLease(self, name)

    def check(self, name: str) -> None:
        """As NamedLock.check. Checks that come together read the table once."""
        table, lease = self._table(), self._lease
        held = table.held_by(name)
        if lease is None or held is None or (held[0], held[1].token) != (lease.key, lease.token):
            raise _lost()

    def undisturbed(self, environment: str) -> str:
        """As NamedLocks.undisturbed. A run holds a lease as long as it may write, and who takes one is the last."""
        table, lease = self._seen, self._lease
        if lease is None or not table.leases.keys() <= {environment, lease.key}:
            return ""
        return table.last

    def release(self, name: str) -> None:
        """Gives back the name soon; nobody waits for that."""
        self._held.discard(name)
        self._unused.add(name)
        self._threads = self._threads or ThreadPoolExecutor(1, "releasing names")
        if self._later is None or self._later.done():
            self._later = self._threads.submit(self._exchange_later)

    def _exchange_later(self) -> None:
        """Gives back the names, unless another name is taken before: then they are given back with it."""
        while self._unused and not self._over.wait(_SOON):
            with self._exchanging:
                self._exchange()

    def close(self) -> None:
        self._over.set()
        if self._threads is not None:
            self._threads.shutdown()
        if self._lease is not None:
            self._lease.release()
            self._lease = None

    def _exchange(self) -> None:
        """Takes the names that are waited for, and gives back the unused ones, in one change of the table."""
        if not self._waiting and not self._unused:
            return
        self._pacing.pause()
        requests = [self._waiting.popleft() for _ in range(len(self._waiting))]
        unused = self._unused.copy()
        try:
            lease = self._lease = self._lease or self._take()
            with self._pacing.write():
                self._seen = self._leases.change(
                    lambda table: (new := self._exchanged(table, lease, requests, unused), new)
                )
        except Exception as error:  # noqa: BLE001 -- each that waits raises it
            for request in requests:
                request.error = error
            return  # of a release alone: a name is free in any case when the lease of the run is
        finally:
            for request in requests:
                request.is_answered = True
        taken = {request.name for request in requests if request.refusal is None}
        self._unused -= unused | taken
        self._held |= taken

    def _exchanged(
        self, table: LeaseTable, lease: Lease, requests: Sequence[_Request], unused: Collection[str]
    ) -> LeaseTable:
        """The table with the names that are free now; a request of another one gets its refusal."""
        entry = table.leases.get(lease.key)
        if requests and (entry is None or entry.token != lease.token):
            raise _lost()
        table = table.without_names(unused)
        held_here = set(self._held)
        for request in requests:
            held = table.held_by(request.name)
            is_ours = held is not None and held[0] == lease.key and request.name not in held_here
            if held is not None and not is_ours and not self._leases.is_dead(*held):
                request.refusal = self._leases.refusal(*held, place=self._leases.describe())
                continue
            request.refusal = None
            held_here.add(request.name)
            table = replace(table, names={**table.names, request.name: (lease.key, lease.token)})
        return table

    def _take(self) -> Lease:
        key = f"{OF_A_RUN}{secrets.token_hex(8)}"
        lease = self._leases.try_take(key, self._operation, place=self._leases.describe())
        assert isinstance(lease, Lease)  # noqa: S101 -- nobody else knows the key
        return lease


def _lost() -> Problems:
    return problem(_LOST, "run the command again: it goes on from what is recorded", code=EXIT_REFUSED)


@dataclass(frozen=True, slots=True)
class _NamedLease:
    """The lock of a name."""

    locks: NamedLeases
    name: str

    def check(self) -> None:
        self.locks.check(self.name)

    def release(self) -> None:
        self.locks.release(self.name)
