"""Repairs the state of an environment from its journal and its earlier states. Reads no account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from novita_infra.model.frozen import dataclass
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.edits import Report, ignored, store_of, this_edit
from novita_infra.state.guarded import GuardedStore
from novita_infra.state.locks.locking import locked_blocking
from novita_infra.state.recovery.kept import Kept, read_kept
from novita_infra.state.recovery.repair import Recovered, put_back, recovered
from novita_infra.state.state import State


@dataclass(frozen=True, slots=True)
class Repairing:
    """What a repair would do. The lock is held."""

    store: GuardedStore
    kept: Sequence[Kept]
    found: Recovered | None
    """None if no part can be read."""

    @property
    def present(self) -> State | None:
        """The present state; None if it cannot be read, or if there is none."""
        return self.kept[-1].result

    @property
    def needed(self) -> bool:
        """Whether the present state is damaged, lost or older than what is kept."""
        present, found = self.present, self.found
        return found is not None and (present is None or found.state.serial > present.serial)

    @property
    def is_new(self) -> bool:
        """Whether nothing is stored at all."""
        return all(item.stored.state is None and item.stored.journal is None for item in self.kept)

    def save(self) -> State:
        """Stores what was put together as a new version."""
        assert self.found is not None  # noqa: S101 -- `needed`
        return put_back(self.store.storage, self.kept, self.found, by=this_edit("state repair"))


@contextmanager
def repairing(where: ProjectOptions, *, report: Report = ignored) -> Iterator[Repairing]:
    """Holds the lock of the state while the body shows, asks and saves."""
    store = store_of(where)
    with locked_blocking(store, "state repair", max_wait=where.lock_timeout, report=report):
        kept = read_kept(store.storage)
        yield Repairing(store, kept, recovered(kept))
