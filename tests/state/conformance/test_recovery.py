"""Every storage: history, repair, restoration and copies to and from another one work on it alike."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from state_values import A, B, C, write_changes

from novita_infra.model.diagnostics import Problems, Severity
from novita_infra.model.records import Record
from novita_infra.state.backend import StateStorage
from novita_infra.state.backends.local.files import LocalFiles
from novita_infra.state.guarded import GuardedStore
from novita_infra.state.recovery.checking import faults
from novita_infra.state.recovery.copying import copy_stored, holds_copy
from novita_infra.state.recovery.history import saved_states
from novita_infra.state.recovery.kept import read_kept
from novita_infra.state.recovery.repair import put_back, recovered
from novita_infra.state.recovery.restoring import restoration
from novita_infra.state.state import LastRun, State, new_state

BY = LastRun("state repair", "ada", 1.0)


def run(place: Any, record: Record, *, killed: bool = False) -> State:
    """A run that records one object."""
    store = place.store()
    state = replace(store.load(), last_run=LastRun(f"apply of {record.id}", "ada", 1.0))
    with store.journal(state) as journal:
        asyncio.run(write_changes(journal, [record]))
    if killed:
        loaded: State = place.store().load()
        return loaded
    saved: State = store.save(replace(store.load(), serial=state.serial))
    return saved


def storage_of(place: Any) -> StateStorage:
    found: StateStorage = place.case.storage(place.folder, "dev")
    return found


def errors(storage: StateStorage) -> list[str]:
    found = faults(read_kept(storage), types=("instance", "vpc"))
    return [str(item) for item in found if item.severity is Severity.ERROR]


def test_the_history_holds_every_saved_state_with_who_saved_it(place: Any) -> None:
    states = [run(place, Record(address, id)) for address, id in ((A, "1"), (B, "2"), (C, "3"))]
    found = saved_states(read_kept(storage_of(place)))
    assert [(item.state.serial, item.present) for item in found] == [
        (states[2].serial, True), (states[1].serial, False), (states[0].serial, False),
    ]  # fmt: skip
    assert [item.state.last_run and item.state.last_run.operation for item in found] == [
        "apply of 3", "apply of 2", "apply of 1",
    ]  # fmt: skip
    assert [set(item.state.records) for item in found] == [{A, B, C}, {A, B}, {A}]
    assert not errors(storage_of(place))


def test_sound_states_of_ended_and_killed_runs_have_no_fault(place: Any) -> None:
    store = place.store()
    store.save(store.load())
    run(place, Record(A, "1"))
    store = place.store()
    store.save(replace(store.load(), last_run=BY))
    run(place, Record(B, "2"), killed=True)
    store = place.store()
    store.save(replace(store.load(), last_run=BY))
    state = run(place, Record(C, "3"))
    kept = read_kept(storage_of(place))
    assert [str(item) for item in faults(kept, types=("instance",))] == []
    found = recovered(kept)
    assert found is not None
    assert (found.state.serial, found.lost) == (state.serial, 0)


def test_an_earlier_state_is_restored_as_a_new_version(place: Any) -> None:
    first = run(place, Record(A, "1"))
    second = run(place, Record(B, "2"))
    restored = restoration(second, replace(first, records={C: Record(C, "3")}))
    saved = place.store().save(restored.state)
    assert saved.serial == second.serial + 1
    assert saved.records.keys() == {A, B, C}


@pytest.mark.parametrize("killed", [False, True])
def test_a_damaged_state_is_repaired_and_nothing_is_forgotten(place: Any, killed: bool) -> None:
    run(place, Record(A, "1"))
    run(place, Record(B, "2"))
    before = run(place, Record(C, "3"), killed=killed)
    if killed:
        before = place.store().save(before)
    place.damage()
    with pytest.raises(Problems):
        place.store().load()
    storage = storage_of(place)
    assert errors(storage)
    kept = read_kept(storage)
    found = recovered(kept)
    assert found is not None
    assert found.state.records == before.records
    state = put_back(storage, kept, found, by=BY)
    assert place.store().load() == state
    assert not errors(storage_of(place))
    assert run(place, Record(A, "4")).records.keys() == {A, B, C}


@pytest.mark.parametrize("killed", [False, True])
def test_a_state_is_copied_to_and_from_a_folder_with_history_and_journal(
    place: Any, killed: bool, tmp_path: Path
) -> None:
    run(place, Record(A, "1"))
    run(place, Record(B, "2"))
    before = run(place, Record(C, "3"), killed=killed)
    kept = read_kept(storage_of(place))
    other = LocalFiles(tmp_path / "copy" / "dev.json")
    copy_stored(kept, other)
    assert holds_copy(other, kept)
    assert GuardedStore(other, lambda: new_state("", "dev")).load() == before
    back = place.case.storage(place.folder, "prod")
    copy_stored(read_kept(other), back)
    assert holds_copy(back, kept)
    assert place.store("prod").load() == before
    assert [item.state.serial for item in saved_states(read_kept(back))] == [
        item.state.serial for item in saved_states(kept)
    ]
