"""The whole state as a text, and a text in the place of the state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, problem
from novita_infra.model.frozen import dataclass
from novita_infra.operations.identity import check_state
from novita_infra.operations.session import ProjectOptions, located
from novita_infra.operations.state.edits import Report, ignored, load_state, locked_store, store_of, this_edit
from novita_infra.state.format.file_format import read_state, write_state
from novita_infra.state.guarded import GuardedStore
from novita_infra.state.recovery.restoring import recorded_ids_of
from novita_infra.state.state import State, with_slow_digests

_FORCE = "to insist, add --force"


def pulled(where: ProjectOptions) -> str:
    """The state with the journal of a dead run applied, as JSON in the form of a state file. Secrets are digests.

    Raises Problems if there is none.
    """
    state = load_state(where)
    if not state.serial:
        raise problem(f"there is no state at {store_of(where).describe()}", "an apply makes one")
    return write_state(state).decode("ascii")


@dataclass(frozen=True, slots=True)
class Pushing:
    """A state that can be pushed now: the lock is held."""

    store: GuardedStore
    present: State
    pushed: State
    forgotten: tuple[tuple[Address, str], ...]
    """The address and the id of each object that only the present state records."""

    def save(self) -> State:
        """Saves the pushed state as a new version."""
        state = replace(self.pushed, serial=self.present.serial, last_run=this_edit("state push"))
        return self.store.save(state, above=self.pushed.serial)


@contextmanager
def pushing(
    where: ProjectOptions, data: bytes, place: str, *, force: bool = False, report: Report = ignored
) -> Iterator[Pushing]:
    """Holds the lock of the state while the body shows, asks and saves. `place` names the text in messages.

    Without `force`, the text must be of the lineage of the present state, must not be older, and must record every
    object of it. Raises Problems.
    """
    pushed = with_slow_digests(read_state(data, place, hint="push what `novita-infra state pull` has written"))
    project = located(where)
    check_state(project, pushed, place=place)
    with locked_store(where, "state push", report=report) as store:
        present = store.load()
        check_state(project, present, place=store.describe())
        held = {key for record in pushed.records.values() for key in recorded_ids_of(record)}
        forgotten = tuple(
            (address, id)
            for address, record in present.records.items()
            for type_, id in recorded_ids_of(record)
            if (type_, id) not in held and id not in pushed.gone.get(type_, ())
        )
        if present.serial and not force:
            _check_pushed(pushed, present, place, store.describe(), forgotten)
        lineage = present.lineage if present.serial else pushed.lineage
        yield Pushing(store, present, replace(pushed, lineage=lineage), forgotten)


def _check_pushed(
    pushed: State, present: State, place: str, at: str, forgotten: tuple[tuple[Address, str], ...]
) -> None:
    """Raises Problems if the push would replace another state, a newer one, or forget objects."""
    if pushed.lineage != present.lineage:
        raise problem(
            f"{place} is of the lineage {pushed.lineage}, and {at} is of {present.lineage}: another state",
            f"pull the state again and edit that; {_FORCE}",
            code=EXIT_REFUSED,
        )
    if pushed.serial < present.serial:
        raise problem(
            f"{place} is version {pushed.serial}, and {at} is version {present.serial}: it has changed since",
            f"pull the state again and edit that; an earlier version is restored with `state restore`; {_FORCE}",
            code=EXIT_REFUSED,
        )
    if forgotten:
        names = ", ".join(f"{address} ({id})" for address, id in forgotten)
        raise problem(
            f"{place} does not record objects that {at} records: {names}",
            f"they would run on, and nothing would know them; `state rm` forgets one; {_FORCE}",
            code=EXIT_REFUSED,
        )
