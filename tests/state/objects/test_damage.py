"""Damage of any byte of any object: noticed, and repaired without forgetting what was bought."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from draws import draws
from folder_objects import FolderObjects
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from state_values import A, B, C, write_changes

from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.state.guarded import GuardedBackend
from novita_infra.state.objects.objects import ObjectChange, ObjectTraits
from novita_infra.state.objects.place import ObjectPlace
from novita_infra.state.recovery.kept import read_kept
from novita_infra.state.recovery.repair import put_back, recovered
from novita_infra.state.state import LastRun, State

BY = LastRun("state repair", "ada", 1.0)


class Shop:
    """A place whose environment has had two runs and one that was killed."""

    def __init__(self, folder: Path, *, compressed: bool) -> None:
        self.objects = FolderObjects(folder, atomic=False)
        self.place = ObjectPlace(self.objects, ObjectTraits(compressed=compressed))
        for record in (Record(A, "i-1"), Record(B, "i-2"), Record(C, "i-3")):
            store = GuardedBackend(self.place).store("dev", project="training")
            state = store.load()
            with store.journal(state) as journal:
                asyncio.run(write_changes(journal, [record]))
            if record.address != C:
                store.save(replace(state, records={**state.records, record.address: record}))
        self.whole = {key: item.data for key, item in self.objects.read_all("").items()}
        self.state = self.load()

    def load(self) -> State:
        return GuardedBackend(self.place).store("dev").load()

    def put(self, key: str, data: bytes | None) -> None:
        self.objects.write([ObjectChange(key, data)])

    def restored(self) -> None:
        """Puts back everything as it was."""
        for key in {*self.whole, *self.objects.keys("")}:
            self.put(key, self.whole.get(key))

    def present_keys(self) -> Iterator[str]:
        """The objects that the present state consists of."""
        (head,) = (key for key in self.whole if key.endswith("/head"))
        id = max(key for key in self.whole if "/states/" in key).rpartition("/")[2]
        yield head
        yield from (key for key in self.whole if id in key)


@pytest.fixture(params=[True, False], ids=["compressed", "clear"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    return Shop(tmp_path, compressed=request.param)


@settings(max_examples=draws(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_flipped_bit_or_a_cut_anywhere_is_noticed_or_changes_nothing(shop: Shop, data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(shop.present_keys())))
    whole = shop.whole[key]
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    shop.put(key, bytes(damaged) if data.draw(st.booleans()) else whole[:place])
    try:
        found = shop.load()
    except Problems:
        found = shop.state
    finally:
        shop.restored()
    assert found == shop.state


def test_a_repair_brings_back_all_records_whichever_object_is_lost_or_damaged(shop: Shop) -> None:
    for key in list(shop.present_keys()):
        is_last_run = "/journal/" in key
        for damage in (None, b"", b"\xff" + shop.whole[key][1:], shop.whole[key][: len(shop.whole[key]) // 2]):
            shop.put(key, damage)
            storage = shop.place.storage("dev")
            kept = read_kept(storage)
            found = recovered(kept)
            assert found is not None, key
            put_back(storage, kept, found, by=BY)
            state = shop.load()
            # Only what the damaged part alone held is not there, and then the next plan searches the account for it.
            assert {A, B} <= state.records.keys()
            assert C in state.records or (is_last_run and not state.searched), (key, damage)
            shop.restored()
    assert shop.load() == shop.state


def test_reading_damaged_contents_gives_what_a_replacement_needs(shop: Shop) -> None:
    for key in list(shop.present_keys()):
        shop.put(key, b"\x00")
        with pytest.raises(Problems):
            shop.load()
        storage = shop.place.storage("dev")
        stored = storage.read_damaged()
        storage.replace(b"new", stored)
        assert shop.place.storage("dev").read().state == b"new"
        shop.restored()
