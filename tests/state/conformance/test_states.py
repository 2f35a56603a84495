"""Every store: a state is saved and loaded whole, a stale one is refused, a damaged one is named."""

from __future__ import annotations

import asyncio
import random
import threading
from dataclasses import replace
from typing import Any

import pytest
from state_values import NET, STATES, TRAINER, A, with_record, write_changes

from novita_infra.encoding import is_slow
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.model.values import Secret
from novita_infra.state.backend import Overtaken
from novita_infra.state.state import State


def test_a_saved_state_is_loaded_unchanged(places: Any) -> None:
    def check(state: State) -> None:
        with places.new() as place:
            saved = place.store().save(state)
            assert saved == replace(state, serial=state.serial + 1)
            assert place.store().load() == saved

    places.check(check, STATES, count=40)


def test_an_empty_place_gives_a_new_state_and_writes_nothing(place: Any) -> None:
    store = place.store()
    state = store.load()
    assert (state.project, state.environment, state.serial, dict(state.records)) == ("training", "dev", 0, {})
    assert store.load() == state
    assert place.backend().environments() == ()
    other = place.store().load()
    assert other.lineage != state.lineage
    assert other.key != state.key


def test_each_save_is_a_new_version(place: Any) -> None:
    store = place.store()
    first = store.save(with_record(store.load(), id="i-1"))
    second = store.save(with_record(first, id="i-2"))
    assert (first.serial, second.serial) == (1, 2)
    assert place.store().load() == second


def test_a_state_is_parsed_again_only_if_another_run_has_changed_it(place: Any) -> None:
    reader, writer = place.store(), place.store()
    first = writer.save(with_record(writer.load(), id="i-1"))
    read = reader.load()
    assert read == first
    assert reader.load() is read
    with writer.journal(first) as journal:
        asyncio.run(write_changes(journal, [TRAINER]))
        changed = reader.load()
    assert changed != first
    assert changed == place.store().load()


def test_a_state_of_version_0_2_is_converted_once(place: Any) -> None:
    writer, reader = place.store(), place.store()
    writer.save(replace(with_record(writer.load(), id="i-1"), key="ab" * 16))
    read = reader.load()
    assert is_slow(read.key)
    assert reader.load() is read


def test_a_stale_state_is_not_saved(place: Any) -> None:
    store = place.store()
    first = store.save(store.load())
    second = place.store().save(with_record(first, id="i-2"))
    with pytest.raises(Problems, match=r"has moved on from version 1 to 2 .*nothing was saved"):
        store.save(with_record(first, id="i-3"))
    assert store.load() == second


def test_a_state_of_another_lineage_is_not_saved(place: Any) -> None:
    mine, other = place.store(), place.store()
    foreign = other.load()
    serial = mine.save(mine.load()).serial
    with pytest.raises(Problems, match="another lineage"):
        other.save(replace(foreign, serial=serial))


def test_a_state_with_a_secret_is_not_saved(place: Any) -> None:
    store = place.store()
    saved = store.save(store.load())
    leaky = replace(saved, records={TRAINER: Record(TRAINER, "i", {"env": {"TOKEN": Secret("hush", "env:TOKEN")}})})
    with pytest.raises(TypeError, match="env:TOKEN must not be written") as caught:
        store.save(leaky)
    assert "hush" not in str(caught.value)
    assert place.store().load() == saved


@pytest.mark.slow
def test_a_large_state_is_saved_and_loaded(place: Any) -> None:
    spec = {"image": "some/image:latest", "env": {f"VARIABLE_{number}": "x" * 40 for number in range(20)}}
    addresses = [Address("instance", "worker", str(number)) for number in range(5000)]
    store = place.store()
    state = replace(store.load(), records={item: Record(item, f"id-{item.key}", spec) for item in addresses})
    saved = store.save(state)
    assert place.store().load() == saved


@pytest.mark.slow
def test_twenty_megabytes_that_cannot_be_compressed_are_kept(place: Any) -> None:
    storage, data = place.case.storage(place.folder, "dev"), random.Random(1).randbytes(20_000_000)
    storage.replace(data, storage.read())
    assert place.case.storage(place.folder, "dev").read().state == data


def test_a_damaged_state_is_named_with_advice(place: Any) -> None:
    saved = place.store().save(place.store().load())
    place.damage()
    with pytest.raises(Problems, match="damaged") as caught:
        place.store().load()
    (diagnostic,) = caught.value.diagnostics
    assert place.store().describe() in str(diagnostic)
    assert diagnostic.hint
    with pytest.raises(Problems, match="damaged"):
        place.store().save(saved)
    with pytest.raises(Problems, match="damaged"), place.store().journal(saved):
        pass


def test_a_state_of_a_newer_format_names_the_program(place: Any) -> None:
    place.store().save(place.store().load())
    place.case.make_newer(place.folder, "dev")
    with pytest.raises(Problems, match=r"has format 9, .* knows formats up to 4; use novita-infra 2\.5\.0 or newer"):
        place.store().load()


@pytest.mark.slow
def test_readers_see_one_version_while_a_run_saves(place: Any) -> None:
    """Each version has the record of its own serial, whether it is in the state or in the journal."""
    writer = place.store()
    state = writer.save(with_record(writer.load(), id="1"))
    stop, seen, failures = threading.Event(), set[int](), list[Exception]()

    def read() -> None:
        while not stop.is_set():
            try:
                found = place.store().load()
                assert found.records[TRAINER].id == str(found.serial), found
                seen.add(found.serial)
            except (AssertionError, Problems) as error:
                failures.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(place.case.times(16)):
            with writer.journal(state) as journal:
                asyncio.run(write_changes(journal, [Record(TRAINER, str(state.serial + 1))]))
            state = writer.save(with_record(replace(state, serial=state.serial), id=str(state.serial + 2)))
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert failures == []
    assert seen


def test_environments_are_listed_sorted_and_apart(place: Any) -> None:
    for name in ("prod", "dev", "dev.eu"):
        store = place.store(name)
        store.save(replace(store.load(), records={NET: Record(NET, f"vpc-of-{name}")}))
    assert place.backend().environments() == ("dev", "dev.eu", "prod")
    for name in ("prod", "dev", "dev.eu"):
        state = place.store(name).load()
        assert (state.environment, state.records[NET].id) == (name, f"vpc-of-{name}")


def test_an_environment_with_a_damaged_state_is_listed(place: Any) -> None:
    for name in ("dev", "prod"):
        place.store(name).save(place.store(name).load())
    place.damage("prod")
    assert place.backend().environments() == ("dev", "prod")


def test_an_environment_with_only_a_run_in_progress_is_listed(place: Any) -> None:
    store = place.store()
    with store.journal(store.load()) as journal:
        asyncio.run(write_changes(journal, [Record(A, "i-1")]))
        assert place.backend().environments() == ("dev",)


def test_stores_of_two_environments_have_descriptions_of_their_own(place: Any) -> None:
    assert place.store("dev").describe() != place.store("prod").describe()
    assert place.backend().describe()


def test_a_write_over_what_another_run_wrote_is_refused(place: Any) -> None:
    store = place.store()
    saved = store.save(store.load())
    storage = place.case.storage(place.folder, "dev")
    stored = storage.read()
    moved = place.store().save(with_record(saved, id="i-1"))
    with pytest.raises(Overtaken):
        storage.replace(b"{}", stored)
    with pytest.raises(Overtaken):
        storage.begin(b"{}", b"{}\n", stored)
    assert place.store().load() == moved


def test_a_first_write_over_that_of_another_run_is_refused(place: Any) -> None:
    storage = place.case.storage(place.folder, "dev")
    stored = storage.read()
    saved = place.store().save(place.store().load())
    with pytest.raises(Overtaken):
        storage.replace(b"{}", stored)
    assert place.store().load() == saved


def test_a_damaged_state_has_a_way_back_that_a_person_can_read(place: Any) -> None:
    storage = place.case.storage(place.folder, "dev")
    assert storage.restore_hint()
    assert storage.describe() != storage.describe_journal()
