"""States in objects: no write of a run that lost its lease, and nothing lost wherever a writer stops."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from draws import draws
from folder_objects import FolderObjects
from hypothesis import given, settings
from hypothesis import strategies as st
from state_values import CHANGES, A, B, Change, after, write_changes

from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.state.backend import Overtaken
from novita_infra.state.guarded import GuardedBackend, GuardedStore
from novita_infra.state.objects.layout import head_key, journal_prefix, states_prefix
from novita_infra.state.objects.leases import Lease
from novita_infra.state.objects.objects import Object, ObjectChange, ObjectTraits
from novita_infra.state.objects.place import ObjectPlace
from novita_infra.state.objects.storage import ObjectStorage
from novita_infra.state.state import State


class Stopped(Exception):
    """The writer was killed here."""


class Killer:
    """Kills the writer before one of its changes."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, _: ObjectChange) -> None:
        if self.left == 0:
            raise Stopped
        self.left -= 1


def place(folder: Path, *, kept: int = 30, killer: Killer | None = None) -> ObjectPlace:
    objects = FolderObjects(folder, atomic=False, before=killer or (lambda _: None))
    return ObjectPlace(objects, ObjectTraits(kept_versions=kept))


def storage(folder: Path) -> ObjectStorage:
    return place(folder).storage("dev")


def store(folder: Path, **options: object) -> GuardedStore:
    return GuardedBackend(place(folder, **options)).store("dev", project="training")  # type: ignore[arg-type]


def run(folder: Path, changes: Sequence[Change], *, killer: Killer | None = None) -> State:
    """A whole run: it begins, writes the changes one by one, and saves."""
    own = store(folder, killer=killer)
    state = own.load()
    with own.journal(state) as journal:
        asyncio.run(write_changes(journal, changes))
    return own.save(after(state, changes))


@settings(max_examples=draws(60))
@given(st.lists(CHANGES, min_size=1, max_size=4), st.integers(0, 20))
def test_wherever_a_run_is_killed_its_confirmed_changes_are_kept(runs: list[list[Change]], stop: int) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for changes in runs[:-1]:
            run(folder, changes)
        own = store(folder, killer=Killer(stop))
        before = confirmed = own.load()
        try:
            with own.journal(before) as journal:
                for change in runs[-1]:
                    asyncio.run(write_changes(journal, [change]))
                    confirmed = after(confirmed, [change])
            own.save(confirmed)
        except Stopped:
            pass
        found = store(folder).load()
        last = after(before, runs[-1])
        steps = [after(before, runs[-1][:count]).records for count in range(len(runs[-1]) + 1)]
        assert found.records in steps[steps.index(confirmed.records) :] or found.records == last.records
        next_ = store(folder)
        with next_.journal(next_.load()) as journal:
            asyncio.run(write_changes(journal, [Record(A, "next")]))
        assert store(folder).load().records == {**found.records, A: Record(A, "next")}


def test_a_run_whose_lease_is_taken_over_writes_nothing_more(tmp_path: Path) -> None:
    own = store(tmp_path)
    state = own.save(own.load())
    with own.journal(state) as journal:
        asyncio.run(write_changes(journal, [Record(A, "i-1")]))
        storage(tmp_path)._fence_off()
        with pytest.raises(Problems, match=r"the lock of .* was taken over while this run gave no sign of life"):
            asyncio.run(write_changes(journal, [Record(B, "i-2")]))
    with pytest.raises(Problems):
        own.save(replace(state, records={B: Record(B, "i-2")}))
    assert store(tmp_path).load().records == {A: Record(A, "i-1")}


def test_a_run_that_only_read_before_the_takeover_cannot_begin(tmp_path: Path) -> None:
    for saved in (False, True):
        if saved:
            store(tmp_path).save(store(tmp_path).load())
        late = storage(tmp_path)
        stored = late.read()
        storage(tmp_path)._fence_off()
        with pytest.raises(Overtaken):
            late.begin(b"{}", b"header\n", stored)
        with pytest.raises(Overtaken):
            late.replace(b"{}", stored)
        assert storage(tmp_path).read().state == stored.state


def test_a_takeover_fences_and_a_free_lease_does_not(tmp_path: Path) -> None:
    one = storage(tmp_path)
    lease = one.try_lock("apply")
    assert isinstance(lease, Lease)
    lease.release()
    assert one.read().version == storage(tmp_path).read().version
    held = storage(tmp_path).try_lock("apply")
    assert isinstance(held, Lease)
    before = one.read()
    assert str(one.break_lock()).startswith("`apply` of ")
    assert one.break_lock() is None
    with pytest.raises(Overtaken):
        storage(tmp_path).replace(b"{}", before)
    assert not held.beat()
    held.release()


def test_a_run_that_changes_nothing_before_it_begins_writes_no_state(tmp_path: Path) -> None:
    own = store(tmp_path)
    state = own.save(own.load())
    for _ in range(3):
        again = store(tmp_path)
        with again.journal(again.load()):
            pass
    objects = FolderObjects(tmp_path, atomic=False)
    assert len(objects.keys(states_prefix("dev"))) == 1
    assert store(tmp_path).load() == state


def test_earlier_states_are_versions_whose_journal_makes_the_next_one(tmp_path: Path) -> None:
    states = [run(tmp_path, [Record(A, f"i-{number}")]) for number in range(4)]
    versions = storage(tmp_path).versions()
    assert len(versions) >= len(states) - 1
    for version, later in zip(reversed(versions[: len(states) - 1]), states[1:], strict=True):
        stored = storage(tmp_path).read_version(version)
        assert stored.journal is not None
        assert f'"{later.records[A].id}"'.encode() in stored.journal
        assert version.at is not None


@pytest.mark.parametrize("trail", [b"begin\nline\nsave\n", b"other begin\nsave\n"])
def test_a_trail_is_kept_whether_it_goes_on_from_the_journal_or_replaces_it(tmp_path: Path, trail: bytes) -> None:
    own = storage(tmp_path)
    writer = own.begin(b"{}", b"begin\n", own.read())
    writer.append(b"line\n")
    writer.close()
    own.replace(b"[]", own.read(), trail)
    (version,) = storage(tmp_path).versions()
    stored = storage(tmp_path).read_version(version)
    assert (stored.state, stored.journal) == (b"{}", trail)


def test_a_run_fetches_no_segment_that_it_wrote_itself(tmp_path: Path) -> None:
    own, objects = store(tmp_path), FolderObjects(tmp_path, atomic=False)
    state = own.save(own.load())
    changes = [Record(A, "i-1"), Record(B, "i-2")]
    with own.journal(state) as journal:
        asyncio.run(write_changes(journal, changes))
        segments = objects.read_all(journal_prefix("dev"))
        objects.write([ObjectChange(key, b"unread") for key in segments])
        assert own.load() == after(state, changes)
        objects.write([ObjectChange(key, item.data) for key, item in segments.items()])
        assert store(tmp_path).load() == after(state, changes)


def test_a_reader_asks_for_the_head_again_only_after_the_end_of_a_journal(tmp_path: Path) -> None:
    reads: list[str] = []

    class Noted(FolderObjects):
        def read(self, key: str) -> Object | None:
            reads.append(key)
            return super().read(key)

    def read() -> tuple[int, bytes | None]:
        reads.clear()
        stored = ObjectPlace(Noted(tmp_path, atomic=False)).storage("dev").read()
        return reads.count(head_key("dev")), stored.state

    own = storage(tmp_path)
    own.begin(b"{}", b"begin\n", own.read()).append(b"line\n")
    assert read() == (1, b"{}")
    with pytest.raises(Stopped):  # it has ended the journal, and the head is still the old one
        place(tmp_path, killer=Killer(2)).storage("dev").replace(b"[]", storage(tmp_path).read())
    assert read() == (2, b"{}")
    storage(tmp_path).replace(b"[]", storage(tmp_path).read())
    assert read() == (1, b"[]")


def test_a_reader_beside_a_run_that_saves_reads_one_version_whole(tmp_path: Path) -> None:
    """A run saves before any request of the reader: what is read is the version before it, or the one after it."""

    class Racing(FolderObjects):
        def __init__(self, at: int) -> None:
            super().__init__(folder, atomic=False)
            self.left = at

        def _race(self) -> None:
            self.left -= 1
            if self.left == 0:
                save(b"new", b"begin\nnew line\n")

        def read(self, key: str) -> Object | None:
            self._race()
            return super().read(key)

        def keys(self, prefix: str) -> Sequence[str]:
            self._race()
            return super().keys(prefix)

    def save(state: bytes, journal: bytes) -> None:
        own = storage(folder)
        own.replace(state, own.read(), journal)
        own = storage(folder)
        own.begin(state, journal, own.read()).close()

    for at in range(1, 12):
        folder = tmp_path / str(at)
        save(b"old", b"begin\nold line\n")
        stored = ObjectPlace(Racing(at)).storage("dev").read()
        assert (stored.state, stored.journal) in {
            (b"old", b"begin\nold line\n"),
            (b"new", b"begin\nnew line\n"),
            (b"new", None),
        }


def test_old_versions_and_their_journals_are_dropped_together(tmp_path: Path) -> None:
    for number in range(12):
        own = store(tmp_path, kept=2)
        state = own.load()
        own.save(replace(state, records={A: Record(A, str(number))}))
    objects = FolderObjects(tmp_path, atomic=False)
    left = [key.removeprefix(states_prefix("dev")) for key in objects.keys(states_prefix("dev"))]
    assert 3 <= len(left) <= 2 + 5
    journals = {key.removeprefix(journal_prefix("dev")).split("/")[0] for key in objects.keys(journal_prefix("dev"))}
    assert journals <= set(left)
    assert store(tmp_path).load().records[A].id == "11"


def test_lost_objects_are_named_and_nothing_is_decided(tmp_path: Path) -> None:
    run(tmp_path, [Record(A, "i-1")])
    own = store(tmp_path)
    with own.journal(own.load()) as journal:
        for name in ("i-2", "i-3"):
            asyncio.run(write_changes(journal, [Record(A, name)]))
    objects = FolderObjects(tmp_path, atomic=False)
    *_, first, _, last = objects.keys(journal_prefix("dev"))
    lost = objects.read(first)
    assert lost is not None
    for key in (first, objects.keys(states_prefix("dev"))[-1], head_key("dev")):
        content = objects.read(key)
        assert content is not None
        objects.write([ObjectChange(key, None)])
        with pytest.raises(Problems, match=r"is not there|is there, and|are there"):
            store(tmp_path).load()
        for damage in (b"", b"\x1f\x8bxxxxxxxx", b"{", b"end\n", content.data[:-3], content.data + b"x"):
            if damage not in {content.data[:-3], content.data + b"x"} or content.data[:1] == b"\x1f":
                objects.write([ObjectChange(key, damage)])
                with pytest.raises(Problems):
                    store(tmp_path).load()
        objects.write([ObjectChange(key, content.data)])
    assert store(tmp_path).load().records[A].id == "i-3"
    assert last != first


def test_environments_with_any_name_are_found(tmp_path: Path) -> None:
    backend = GuardedBackend(place(tmp_path))
    for name in ("dev", "a/b", "prod eu", "locks"):
        own = backend.store(name)
        own.save(own.load())
    assert backend.environments() == ("a/b", "dev", "locks", "prod eu")
