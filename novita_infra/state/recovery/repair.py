"""Puts a state together from everything that a storage holds. Nothing that any sound part records is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import problem
from novita_infra.model.frozen import dataclass
from novita_infra.state.audit.entries import chained, edit_entry, head_after, log_lines, noted_entries
from novita_infra.state.backend import Overtaken, StateStorage
from novita_infra.state.format.file_format import state_digest, write_state
from novita_infra.state.format.journal import journal_start, notes_in, salvage, trail
from novita_infra.state.recovery.conflicts import joined, states_of_conflict
from novita_infra.state.recovery.kept import Kept
from novita_infra.state.state import AuditHead, LastRun, State


@dataclass(frozen=True, slots=True)
class Recovered:
    """A state that was put together."""

    state: State
    """With the serial that it has in the parts that it was made of."""
    parts: tuple[str, ...]
    """Where it comes from, in words."""
    lost: int = 0
    """How many changes are known to be lost."""
    highest: int = 0
    """The highest serial that any part names."""
    doubtful: tuple[Address, ...] = field(default=())
    """The addresses at which the two sides of a merge conflict record different objects."""


def recovered(kept: Sequence[Kept]) -> Recovered | None:
    """The newest state that can be put together; None if no part can be read.

    Every part that is older than another one is contained in it. A journal that starts from a damaged state continues
    from the same state in another part.
    """
    present = kept[-1]
    lineage = _lineage(kept)
    found: dict[int, Recovered] = {}
    highest = 0
    doubtful: tuple[Address, ...] = ()
    for item in kept:
        if item.base is not None and item.base.lineage == lineage:
            found[item.base.serial] = Recovered(item.base, (item.place,))
            highest = max(highest, item.base.serial)
        if item is present and item.base is None and item.stored.state is not None:
            sides = states_of_conflict(item.stored.state, item.place)
            if sides is not None and sides[0].lineage in {lineage, ""}:
                both = joined(*sides)
                if isinstance(both, State):
                    found[both.serial] = Recovered(both, (f"both sides of the merge conflict in {item.place}",))
                else:
                    doubtful = tuple(both)
                highest = max(highest, *(side.serial for side in sides))
        if item.stored.journal is not None:
            continued = _continued(item, item.stored.journal, found, lineage, is_present=item is present)
            if continued is not None:
                found[continued.state.serial] = continued
                highest = max(highest, continued.state.serial)
    if not found:
        return None
    return replace(found[max(found)], highest=highest, doubtful=doubtful)


def _continued(
    item: Kept, journal: bytes, found: dict[int, Recovered], lineage: str, *, is_present: bool
) -> Recovered | None:
    """The state with the sound lines of the journal; None if the journal adds nothing to what is found."""
    start = journal_start(journal)
    if start is not None and start[0] != lineage:
        return None
    serial = start[1] if start else item.base.serial if item.base else max(found, default=0)
    basis = found.get(serial)
    gap = 0
    if basis is None and is_present and found and serial > max(found):
        basis = found[max(found)]
        gap = serial - basis.state.serial
    if basis is None or (start is None and not found):
        return None
    state, lost = salvage(basis.state, journal)
    lost += gap + basis.lost
    parts = (*basis.parts, f"the journal of {item.place}")
    return Recovered(replace(state, serial=state.serial + gap), parts, lost)


def _lineage(kept: Sequence[Kept]) -> str:
    """The lineage of the present state: of its file, of its journal, or of the newest part that names one."""
    for item in reversed(kept):
        if item.base is not None:
            return item.base.lineage
        sides = states_of_conflict(item.stored.state, item.place) if item.stored.state else None
        if sides is not None:
            return sides[0].lineage
        if item.stored.journal is not None and (start := journal_start(item.stored.journal)):
            return start[0]
    return ""


def put_back(storage: StateStorage, kept: Sequence[Kept], found: Recovered, *, by: LastRun) -> State:
    """Stores what was put together as a new version. What was stored remains, as the newest earlier state.

    Where something is lost, the next plan searches the account for it. Needs the lock. Raises Problems.
    """
    stored = kept[-1].stored
    searched = found.state.searched and not found.lost
    audit, lines = _audited(storage, kept, found.state, by)
    state = replace(found.state, serial=found.highest + 1, searched=searched, last_run=by, audit=audit)
    data = write_state(state, previous=state_digest(stored.state) if stored.state is not None else "")
    base, result = kept[-1].base, kept[-1].result
    changes = trail(base, stored.journal, current=result, saved=state) if base and result else stored.journal or b""
    try:
        storage.replace(data, stored, changes, lines)
    except Overtaken:
        raise problem(f"{storage.describe()} has changed in the meantime", "nothing was saved; run it again") from None
    return state


def _audited(storage: StateStorage, kept: Sequence[Kept], state: State, by: LastRun) -> tuple[AuditHead, bytes]:
    """The end of the audit log after a repair, and the lines to add to the log.

    The log goes on from its newest sound entry: an earlier state does not take it back. The calls that the present
    journal notes are added, unless a later state holds them already.
    """
    bases = [item.base for item in kept if item.base is not None and item.base.lineage == state.lineage]
    head = max((item.audit for item in (state, *bases)), key=lambda audit: audit.count)
    head = head_after(head, log_lines(storage.read_audit()))
    journal, entries = kept[-1].stored.journal or b"", [edit_entry(by)]
    start = journal_start(journal)
    if start is not None and start[1] >= max((item.serial for item in bases), default=0):
        entries = [*noted_entries(notes_in(journal), state.last_run, state.used_plans), *entries]
    return chained(head, entries, state.lineage)
