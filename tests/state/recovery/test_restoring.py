"""An earlier state in the place of the present one: nothing that was created since is forgotten."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from state_values import CHANGES, STATES, A, B, C, Change, after

from novita_infra.model.records import PendingCall, Record
from novita_infra.state.recovery.restoring import recorded_ids_of, restoration
from novita_infra.state.state import State

EMPTY = State("l", "scrypt-1:00", serial=3)


def with_records(*records: Record, serial: int = 3) -> State:
    return replace(EMPTY, serial=serial, records={record.address: record for record in records})


@given(STATES, st.lists(CHANGES, max_size=3))
def test_every_object_of_the_present_state_is_recorded_afterwards_or_named(
    earlier: State, runs: list[list[Change]]
) -> None:
    present = earlier
    for changes in runs:
        present = after(present, changes)
    restored = restoration(present, earlier)
    held = {key for record in restored.state.records.values() for key in recorded_ids_of(record)}
    named = {(address.type, id) for address, id in restored.displaced}
    assert {key for record in present.records.values() for key in recorded_ids_of(record)} <= held | named
    for record in restored.state.records.values():
        if record not in restored.carried:
            assert not record.id or record.id not in present.gone.get(record.address.type, ())
    assert restored.state.serial == present.serial
    assert restored.state.used_plans == present.used_plans


def test_a_removed_record_returns_and_a_new_one_remains() -> None:
    restored = restoration(with_records(Record(B, "i-2"), serial=7), with_records(Record(A, "i-1")))
    assert restored.state.records == {A: Record(A, "i-1"), B: Record(B, "i-2")}
    assert (restored.returned, restored.carried) == ((Record(A, "i-1"),), (Record(B, "i-2"),))


def test_a_record_that_was_moved_is_moved_back() -> None:
    restored = restoration(with_records(Record(B, "i-1")), with_records(Record(A, "i-1")))
    assert restored.state.records == {A: Record(A, "i-1")}
    assert (restored.carried, restored.displaced) == ((), ())


def test_an_object_that_was_deleted_since_does_not_return() -> None:
    present = replace(with_records(Record(B, "i-2")), gone={"instance": ("i-1",)})
    restored = restoration(present, with_records(Record(A, "i-1"), Record(B, "i-2", retired=("i-1",))))
    assert restored.state.records == {B: Record(B, "i-2")}
    assert restored.deleted == (Record(A, "i-1"),)


def test_a_replaced_object_and_the_one_to_be_deleted_remain_together() -> None:
    new = Record(A, "i-2", retired=("i-1",))
    restored = restoration(with_records(new), with_records(Record(A, "i-1")))
    assert restored.state.records == {A: new}
    assert restored.carried == (new,)


def test_another_object_at_the_address_is_named() -> None:
    restored = restoration(with_records(Record(A, "i-9")), with_records(Record(A, "i-1")))
    assert restored.state.records == {A: Record(A, "i-1")}
    assert restored.displaced == ((A, "i-9"),)


def test_a_create_that_found_its_object_since_is_not_sought_again() -> None:
    pending = Record(A, "", pending=PendingCall("op", "create", 1.0))
    restored = restoration(with_records(Record(A, "i-1"), Record(C, "i-3")), with_records(pending))
    assert restored.state.records == {A: Record(A, "i-1"), C: Record(C, "i-3")}
