"""The locks by name of one run, beside the lease of its environment: names in the table of the leases."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Final

from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.state.objects.leases import OF_A_RUN, Lease, Leases, LeaseTable
from novita_infra.state.store import LockRefused

_LOST: Final = "the locks of this run were taken over while it gave no sign of life; it stopped before its next call"


class NamedLeases:
    """Implements NamedLocks. The names hang on one lease, which the run takes with its first lock."""

    def __init__(self, leases: Leases, operation: str) -> None:
        self._leases = leases
        self._operation = operation
        self._lease: Lease | None = None
        self._held: set[str] = set()
        self._unused: set[str] = set()
        """The names that are in the table and not held any more."""
        self._guard = threading.Lock()
        """Held by the thread that changes the table."""
        self._releasing: ThreadPoolExecutor | None = None

    def try_lock(self, name: str) -> _NamedLease | LockRefused:
        with self._guard:
            lease = self._lease = self._lease or self._take()
            unused = self._unused - {name}

            def take(table: LeaseTable) -> tuple[LeaseTable, LockRefused | None]:
                entry = table.leases.get(lease.key)
                if entry is None or entry.token != lease.token:
                    raise problem(_LOST, "run the command again: it goes on from what is recorded", code=EXIT_REFUSED)
                held = table.held_by(name)
                if (
                    held is not None
                    and (name in self._held or held[0] != lease.key)
                    and not self._leases.is_dead(*held)
                ):
                    return table, self._leases.refusal(*held, place=self._leases.describe())
                names = {key: held for key, held in table.names.items() if key not in unused}
                return replace(table, names={**names, name: (lease.key, lease.token)}), None

            refusal = self._leases.change(take)
            if refusal is not None:
                return refusal
            self._unused -= unused | {name}
            self._held.add(name)
            return _NamedLease(self, name)

    def release(self, name: str) -> None:
        """Gives back the name soon. Nobody waits for that: names that come together are given back together."""
        self._held.discard(name)
        self._unused.add(name)
        self._releasing = self._releasing or ThreadPoolExecutor(1, "releasing names")
        self._releasing.submit(self._give_back)

    def _give_back(self) -> None:
        with self._guard, suppress(Problems):  # a name is free in any case when the lease of the run is
            unused = self._unused.copy()
            if unused:
                self._leases.change(lambda table: (table.without_names(unused), None))
                self._unused -= unused

    def close(self) -> None:
        if self._releasing is not None:
            self._releasing.shutdown(cancel_futures=True)
        if self._lease is not None:
            self._lease.release()
            self._lease = None

    def _take(self) -> Lease:
        key = f"{OF_A_RUN}{secrets.token_hex(8)}"
        lease = self._leases.try_take(key, self._operation, place=self._leases.describe())
        assert isinstance(lease, Lease)  # noqa: S101 -- nobody else knows the key
        return lease


@dataclass(frozen=True, slots=True)
class _NamedLease:
    """The lock of a name."""

    locks: NamedLeases
    name: str

    def release(self) -> None:
        self.locks.release(self.name)
