"""Repairs the state of an environment from its journal and its earlier states. Reads no account."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from novita_infra.api.limits.shared_limits import cache_folder
from novita_infra.model.frozen import dataclass
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.edits import Report, ignored, locked_store, this_edit
from novita_infra.state.guarded import GuardedStore
from novita_infra.state.recovery.kept import Kept, read_kept
from novita_infra.state.recovery.repair import Recovered, put_back, recovered
from novita_infra.state.seen_versions import SeenVersion, seen_version
from novita_infra.state.state import State


@dataclass(frozen=True, slots=True)
class Repairing:
    """What a repair would do. The lock is held."""

    store: GuardedStore
    kept: Sequence[Kept]
    found: Recovered | None
    """None if no part can be read."""
    outdated: bool = False
    """Whether this machine has seen a newer version than the present one, or another one of its serial."""

    @property
    def present(self) -> State | None:
        """The present state; None if it cannot be read, or if there is none."""
        return self.kept[-1].result

    @property
    def needed(self) -> bool:
        """Whether the present state is damaged, lost or older than what is kept."""
        present, found = self.present, self.found
        return found is not None and (present is None or self.outdated or found.state.serial > present.serial)

    @property
    def is_new(self) -> bool:
        """Whether nothing is stored at all."""
        return all(item.stored.state is None and item.stored.journal is None for item in self.kept)

    def save(self) -> State:
        """Stores what was put together as a new version."""
        assert self.found is not None  # noqa: S101 -- `needed`
        found = replace(self.found, lost=max(1, self.found.lost)) if self.outdated else self.found
        return put_back(self.store.storage, self.kept, found, by=this_edit("state repair"))


@contextmanager
def repairing(where: ProjectOptions, *, report: Report = ignored) -> Iterator[Repairing]:
    """Holds the lock of the state while the body shows, asks and saves."""
    with locked_store(where, "state repair", report=report, sound=False) as store:
        kept = read_kept(store.storage)
        found = recovered(kept)
        seen = seen_version(cache_folder(os.environ), found.state.lineage) if found else None
        job = Repairing(store, kept, _behind(found, seen) if found and seen else found)
        if seen is not None and (now := kept[-1].version_of()) is not None:
            job = replace(job, outdated=seen.contradicts(now))
        yield job


def _behind(found: Recovered, seen: SeenVersion) -> Recovered:
    """What was put together, with the changes that it lacks of what this machine has seen."""
    newest = seen.version.serial + seen.version.changes
    return replace(found, lost=found.lost + max(0, newest - found.highest), highest=max(found.highest, newest))
