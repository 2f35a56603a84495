"""The history of the state, and an earlier state in the place of the present one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from novita_infra.model.diagnostics import EXIT_REFUSED, first_of, problem
from novita_infra.model.frozen import dataclass
from novita_infra.operations.identity import check_state
from novita_infra.operations.session import ProjectOptions, located
from novita_infra.operations.state.edits import Report, ignored, load_state, locked_store, store_of, this_edit
from novita_infra.state.guarded import GuardedStore
from novita_infra.state.recovery.history import SavedState, saved_states
from novita_infra.state.recovery.kept import read_kept
from novita_infra.state.recovery.restoring import Restoration, restoration
from novita_infra.state.state import State

_NAMED = 20
"""How many versions a message names."""


def history_of(where: ProjectOptions, *, report: Report = ignored) -> list[SavedState]:
    """The saved states that are kept, the newest first. Takes no lock. `report` shows that there is none."""
    store = store_of(where)
    states = saved_states(read_kept(store.storage))
    if not states:
        load_state(where, report=report)
    return states


@dataclass(frozen=True, slots=True)
class Restoring:
    """An earlier state that can be restored now: the lock is held."""

    store: GuardedStore
    present: State
    earlier: SavedState
    restoration: Restoration

    def save(self) -> State:
        """Saves it as a new version."""
        return self.store.save(replace(self.restoration.state, last_run=this_edit("state restore")))


@contextmanager
def restoring(where: ProjectOptions, serial: int, *, report: Report = ignored) -> Iterator[Restoring]:
    """Holds the lock of the state while the body shows, asks and saves. Raises Problems if the version is not kept."""
    with locked_store(where, "state restore", report=report) as store:
        present = store.load()
        states = saved_states(read_kept(store.storage))
        chosen = next((item for item in states if item.state.serial == serial), None)
        if chosen is None:
            known = first_of([item.state.serial for item in states], _NAMED)
            raise problem(f"version {serial} of {store.describe()} is not kept", f"kept: {known}" if known else "")
        if chosen.present:
            raise problem(f"version {serial} is the present state", "novita-infra state history shows the others")
        place = located(where)
        for state in (present, chosen.state):
            check_state(place, state, place=store.describe())
        if chosen.state.lineage != present.lineage:
            raise problem(f"version {serial} is of another lineage", "", code=EXIT_REFUSED)
        yield Restoring(store, present, chosen, restoration(present, chosen.state))
