"""The locks of states that runs hold, and taking one away from a run that is dead."""

from __future__ import annotations

from novita_infra.model.frozen import dataclass
from novita_infra.operations.session import ProjectOptions, located
from novita_infra.state.backend import HeldLock, StateStorage
from novita_infra.state.opening import open_storages
from novita_infra.state.store import LockHolder


def held_locks(where: ProjectOptions) -> tuple[HeldLock, ...]:
    """The locks of all environments of the project that are held now, sorted by environment."""
    return tuple(open_storages(located(where).state).locks())


@dataclass(frozen=True, slots=True)
class Breaking:
    """The lock of one environment."""

    storage: StateStorage
    environment: str
    held: HeldLock | None
    """None if nobody holds it."""

    def take_away(self) -> LockHolder | None:
        """Takes the lock away. Raises Problems where its holder could still write."""
        return self.storage.break_lock()


def breaking(where: ProjectOptions) -> Breaking:
    """The lock of the environment, as it is held now."""
    place = located(where)
    backend = open_storages(place.state)
    held = next((item for item in backend.locks() if item.environment == place.environment), None)
    return Breaking(backend.storage(place.environment), place.environment, held)
