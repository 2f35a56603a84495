"""Every store: a confirmed change survives any crash, and the next run continues from it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st
from state_backends import process_with_store
from state_values import CHANGES, A, B, C, Change, after, write_changes

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.model.values import Secret
from novita_infra.state.state import State
from novita_infra.state.store import Journal

WRITES = """
import asyncio
from itertools import count
from novita_infra.model.addresses import Address
from novita_infra.model.records import Record

async def main(journal):
    for number in count(1):
        await journal.put(Record(Address("instance", "a"), str(number)), "changed")
        print(number, flush=True)

with store.journal(store.load()) as journal:
    asyncio.run(main(journal))
"""


def crashed_run(place: Any, changes: Sequence[Change]) -> State:
    """The state that a run began with, which wrote the changes and never saved."""
    store = place.store()
    state: State = store.save(store.load())
    with store.journal(state) as journal:
        asyncio.run(write_changes(journal, changes))
    return state


@pytest.mark.slow
def test_runs_that_crash_continue_from_each_other(places: Any) -> None:
    def check(runs: list[list[Change]]) -> None:
        with places.new() as place:
            expected = place.store().save(place.store().load())
            for changes in runs:
                store = place.store()
                with store.journal(store.load()) as journal:
                    asyncio.run(write_changes(journal, changes))
                expected = after(expected, changes)
                assert place.store().load() == expected
            saved = place.store().save(place.store().load())
            assert saved == replace(expected, serial=expected.serial + 1)
            assert place.store().load() == saved

    places.check(check, st.lists(CHANGES, min_size=1, max_size=3), count=20)


@pytest.mark.process
@pytest.mark.parametrize("number", [1, 2, 7, 30])
def test_a_run_killed_while_it_writes_loses_no_confirmed_change(place: Any, number: int) -> None:
    place.store().save(place.store().load())
    with process_with_store(place.name, place.folder, WRITES) as process:
        assert process.stdout is not None
        confirmed = [int(process.stdout.readline()) for _ in range(number)]
        process.kill()
        confirmed += [int(line) for line in process.stdout.read().splitlines()]
    found = place.store().load()
    assert int(found.records[A].id) >= confirmed[-1]
    assert found.serial == 1 + int(found.records[A].id)
    assert place.store().save(found).records == found.records


def test_a_torn_last_change_is_ignored(place: Any) -> None:
    state = crashed_run(place, [Record(A, "1"), Record(B, "2")])
    place.case.tear(place.folder, "dev")
    assert place.store().load() == after(state, [Record(A, "1")])
    store = place.store()
    with store.journal(store.load()) as journal:
        asyncio.run(write_changes(journal, [Record(C, "3")]))
    assert place.store().load().records.keys() == {A, C}


def test_a_run_saves_over_the_state_that_it_began_with(place: Any) -> None:
    store = place.store()
    state = store.load()
    with store.journal(state) as journal:
        asyncio.run(write_changes(journal, [Record(A, "i-1"), Record(B, "i-2")]))
    in_progress = place.store().load()
    saved = store.save(replace(state, records={A: Record(A, "i-1"), B: Record(B, "i-2")}, outputs={"url": "x"}))
    assert saved.serial > in_progress.serial > state.serial
    assert place.store().load() == saved
    with pytest.raises(Problems, match="has moved on"):
        store.save(state)


def test_a_store_that_missed_a_crashed_run_cannot_save_or_run(place: Any) -> None:
    store = place.store()
    state = store.save(store.load())
    crashed = place.store()
    with crashed.journal(state) as journal:
        asyncio.run(write_changes(journal, [Record(A, "i-1")]))
    with pytest.raises(Problems, match="has moved on from version 1 to 2"):
        store.save(state)
    with pytest.raises(Problems, match="has moved on from version 1 to 2"), store.journal(state):
        pass
    assert place.store().load().records == {A: Record(A, "i-1")}


def test_a_first_run_that_crashes_keeps_its_lineage_and_key(place: Any) -> None:
    store = place.store()
    state = replace(store.load(), cloud="simulator")
    with store.journal(state) as journal:
        asyncio.run(write_changes(journal, [Record(A, "i-1")]))
    assert place.store().load() == replace(state, serial=1, records={A: Record(A, "i-1")})


def test_a_confirmed_change_is_seen_by_other_readers(place: Any) -> None:
    store = place.store()

    async def run(journal: Journal) -> None:
        for number in range(3):
            await journal.put(Record(A, str(number)), "changed")
            assert place.store().load().records == {A: Record(A, str(number))}

    with store.journal(store.load()) as journal:
        asyncio.run(run(journal))


def test_changes_of_many_tasks_are_kept_in_the_order_of_each_address(places: Any) -> None:
    async def run(journal: Journal, address: Address, puts: list[tuple[Address, int]]) -> None:
        for number, (target, yields) in enumerate(puts):
            if target == address:
                for _ in range(yields):
                    await asyncio.sleep(0)
                await journal.put(Record(address, str(number)), "changed")

    async def all_of(journal: Journal, puts: list[tuple[Address, int]]) -> None:
        await asyncio.gather(*(run(journal, address, puts) for address in (A, B, C)))

    def check(puts: list[tuple[Address, int]]) -> None:
        with places.new() as place:
            store = place.store()
            state = store.load()
            with store.journal(state) as journal:
                asyncio.run(all_of(journal, puts))
            found = place.store().load()
            last = {target: Record(target, str(number)) for number, (target, _) in enumerate(puts)}
            assert (found.records, found.serial) == (last, state.serial + len(puts))

    places.check(check, st.lists(st.tuples(st.sampled_from([A, B, C]), st.integers(0, 3)), max_size=20), count=20)


def test_changes_of_cancelled_tasks_are_kept(place: Any) -> None:
    store = place.store()

    async def run() -> None:
        with store.journal(store.load()) as journal:
            puts = [asyncio.create_task(journal.put(Record(address, "i"), "made")) for address in (A, B)]
            await asyncio.sleep(0)
            for put in puts:
                put.cancel()
            await asyncio.gather(*puts, return_exceptions=True)

    asyncio.run(run())
    assert place.store().load().records.keys() == {A, B}


def test_a_change_after_the_end_of_the_run_fails(place: Any) -> None:
    store = place.store()
    with store.journal(store.load()) as journal:
        pass
    with pytest.raises(Problems):
        asyncio.run(write_changes(journal, [Record(A, "i")]))


def test_a_record_with_a_secret_is_not_written(place: Any) -> None:
    store = place.store()
    with store.journal(store.load()) as journal, pytest.raises(TypeError, match="env:TOKEN must not be written"):
        asyncio.run(write_changes(journal, [Record(A, "i", {"env": {"TOKEN": Secret("hush", "env:TOKEN")}})]))
    assert place.store().load().records == {}
