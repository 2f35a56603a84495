"""Leases on a made-up clock: a holder without a sign of life loses its lease, one that lives never does."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from folder_objects import FolderObjects

from novita_infra.model.diagnostics import Problems
from novita_infra.state.locks import lock_holders
from novita_infra.state.objects.layout import LOCKS
from novita_infra.state.objects.leases import Lease, Leases
from novita_infra.state.objects.named_leases import NamedLeases
from novita_infra.state.objects.objects import ObjectChange
from novita_infra.state.objects.pacing import Pacing
from novita_infra.state.store import LockRefused

PERIOD = 30.0


class Machine:
    """A machine with a clock of its own, whose process numbers mean nothing to the others."""

    def __init__(self, folder: Path, name: str) -> None:
        self.seconds = 1000.0
        self.name = name
        self.leases = Leases(
            FolderObjects(folder, atomic=False), period=PERIOD, clock=lambda: self.seconds, note=self.note, beats=False
        )

    def note(self, operation: str, _: float) -> dict[str, Any]:
        return {"operation": operation, "user": self.name, "pid": 12, "host": self.name, "since": "today"}

    def take(self, key: str = "dev") -> Lease | LockRefused:
        return self.leases.try_take(key, "apply", place=key)

    def taken(self, key: str = "dev") -> Lease:
        lease = self.take(key)
        assert isinstance(lease, Lease)
        return lease

    def refused(self, key: str = "dev") -> LockRefused:
        refusal = self.take(key)
        assert isinstance(refusal, LockRefused)
        return refusal


@pytest.fixture
def machine(tmp_path: Path) -> Callable[[str], Machine]:
    return lambda name: Machine(tmp_path, name)


def test_a_silent_holder_loses_its_lease_after_one_period(machine: Callable[[str], Machine]) -> None:
    ada, bob = machine("ada"), machine("bob")
    lease = ada.taken()
    assert not lease.takes_over
    assert bob.refused().doubtful == PERIOD
    bob.seconds += PERIOD - 1
    assert bob.refused().doubtful == 1
    bob.seconds += 1
    assert bob.taken().takes_over
    assert not lease.beat()
    lease.release()
    assert machine("eve").refused().holder.user == "bob"  # type: ignore[union-attr]


def test_a_sign_of_life_renews_the_lease_and_ends_the_doubt(machine: Callable[[str], Machine]) -> None:
    ada, bob = machine("ada"), machine("bob")
    lease = ada.taken()
    bob.refused()
    for _ in range(5):
        bob.seconds += PERIOD - 1
        assert lease.beat()
        assert bob.refused().doubtful == 0
    bob.seconds += PERIOD
    assert bob.taken().takes_over


def test_the_clock_of_the_holder_does_not_matter(machine: Callable[[str], Machine]) -> None:
    ada, bob = machine("ada"), machine("bob")
    lease = ada.taken()
    bob.refused()
    for jump in (3600, -7200):
        ada.seconds += jump
        assert lease.beat()
        assert isinstance(bob.take(), LockRefused)


def test_a_released_lease_is_taken_without_a_fence(machine: Callable[[str], Machine]) -> None:
    machine("ada").taken().release()
    assert not machine("bob").taken().takes_over


def test_a_lease_whose_process_has_ended_on_this_machine_is_free_at_once(machine: Callable[[str], Machine]) -> None:
    ada, bob = machine("ada"), machine("bob")
    note = lock_holders.note_of_holder("apply", 0.0)
    ada.leases._note = lambda *_: {**note, "pid": 2**22 + 1}
    ada.taken()
    assert bob.taken().takes_over


def test_held_leases_are_listed_with_their_silence(machine: Callable[[str], Machine]) -> None:
    ada, bob = machine("ada"), machine("bob")
    ada.taken("prod")
    ada.taken("dev")
    assert bob.leases.held()[0].age is None, "it is not known at the first look"
    bob.seconds += 7
    held = bob.leases.held()
    assert [(lock.environment, lock.age) for lock in held] == [("dev", 7), ("prod", 7)]
    assert str(held[0].holder) == "`apply` of ada, process 12 on ada, since today"


def test_a_removed_lease_gives_no_more_signs_of_life(machine: Callable[[str], Machine]) -> None:
    ada, bob = machine("ada"), machine("bob")
    lease = ada.taken()
    assert str(bob.leases.remove("dev")).startswith("`apply` of ada")
    assert bob.leases.remove("dev") is None
    assert not lease.beat()
    assert not bob.taken().takes_over


def test_a_name_is_refused_to_others_until_its_run_is_dead(machine: Callable[[str], Machine]) -> None:
    ada, bob = machine("ada"), machine("bob")
    one, two = NamedLeases(ada.leases, "apply"), NamedLeases(bob.leases, "destroy")
    assert not isinstance(one.try_lock("vpc a"), LockRefused)
    assert not isinstance(two.try_lock("vpc b"), LockRefused)
    for locks in (one, two):
        refusal = locks.try_lock("vpc a")
        assert isinstance(refusal, LockRefused)
        assert refusal.holder is not None
        assert refusal.holder.user == "ada"
    bob.seconds += PERIOD
    assert not isinstance(two.try_lock("vpc a"), LockRefused)
    one.close()
    two.close()
    assert bob.leases.table().names == {}
    assert bob.leases.held() == ()


def test_the_names_of_a_dead_run_go_with_the_lease_of_its_environment(machine: Callable[[str], Machine]) -> None:
    ada, bob = machine("ada"), machine("bob")
    ada.taken()
    NamedLeases(ada.leases, "apply").try_lock("vpc a")
    bob.refused()
    bob.seconds += PERIOD
    assert bob.taken().takes_over
    assert bob.leases.table().leases.keys() == {"dev"}
    assert bob.leases.table().names == {}


def test_a_run_whose_lease_was_taken_away_gets_no_name(machine: Callable[[str], Machine]) -> None:
    ada, bob = machine("ada"), machine("bob")
    names = NamedLeases(ada.leases, "apply")
    names.try_lock("a")
    (key,) = bob.leases.table().leases
    bob.leases.remove(key)
    with pytest.raises(Problems, match="the locks of this run were taken over while it gave no sign of life"):
        names.try_lock("b")


def test_a_name_that_another_run_has_by_now_guards_no_call(machine: Callable[[str], Machine]) -> None:
    ada, bob = machine("ada"), machine("bob")
    one, two = NamedLeases(ada.leases, "apply"), NamedLeases(bob.leases, "apply")
    a, b = one.try_lock("vpc a"), one.try_lock("vpc b")
    assert not isinstance(a, LockRefused)
    assert not isinstance(b, LockRefused)
    a.check()
    assert isinstance(two.try_lock("vpc a"), LockRefused)
    bob.seconds += PERIOD
    taken = two.try_lock("vpc a")
    assert not isinstance(taken, LockRefused)
    taken.check()
    with pytest.raises(Problems, match="the locks of this run were taken over while it gave no sign of life"):
        a.check()
    b.check()  # nobody has taken that one


class Counted(FolderObjects):
    """Objects that count their calls, which take a while."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, atomic=False)
        self.reads = self.writes = 0

    def read(self, key: str) -> Any:
        self.reads += 1
        time.sleep(0.01)
        return super().read(key)

    def write(self, changes: Sequence[ObjectChange]) -> Sequence[str]:
        self.writes += 1
        return super().write(changes)


def test_checks_of_many_names_read_the_table_together(tmp_path: Path) -> None:
    objects = Counted(tmp_path)
    names = NamedLeases(Leases(objects, period=PERIOD, beats=False), "apply")
    with ThreadPoolExecutor(40) as pool:
        locks = [*pool.map(names.try_lock, [f"vpc {number}" for number in range(40)])]
        objects.reads = 0
        list(pool.map(lambda lock: lock.check(), locks))
    assert objects.reads < 10


def test_a_wave_of_creates_costs_one_write_of_the_table_and_one_read(tmp_path: Path) -> None:
    Machine(tmp_path, "ada").taken("dev")
    objects = Counted(tmp_path)
    names = NamedLeases(Leases(objects, period=PERIOD, beats=False), "apply")
    names.try_lock("vpc first")
    for wave in range(3):
        objects.reads = objects.writes = 0
        lock = names.try_lock(f"vpc {wave}")
        assert not isinstance(lock, LockRefused)
        assert names.undisturbed("dev")
        lock.check()
        assert (objects.reads, objects.writes) == (1, 1)
    Machine(tmp_path, "bob").taken("prod").release()  # another writer costs a write that is refused, and a read
    objects.reads = objects.writes = 0
    assert not isinstance(names.try_lock("vpc last"), LockRefused)
    assert (objects.reads, objects.writes) == (1, 2)


def test_signs_of_life_of_two_runs_need_no_write_that_is_refused(tmp_path: Path) -> None:
    places = [Counted(tmp_path), Counted(tmp_path)]
    ada, bob = (
        Leases(place, period=PERIOD, beats=False).try_take(key, "apply", place=key)
        for place, key in zip(places, "ab", strict=True)
    )
    assert isinstance(ada, Lease)
    assert isinstance(bob, Lease)
    for lease in (ada, bob, ada):
        assert lease.beat()
    for place in places:
        place.reads = place.writes = 0
    for lease in (bob, ada, bob, ada):
        assert lease.beat()
    assert [(place.reads, place.writes) for place in places] == [(2, 2), (2, 2)]
    for place in places:
        place.reads = place.writes = 0
    bob.release()
    for _ in range(4):
        assert ada.beat()
    assert (places[0].reads, places[0].writes) == (2, 4), "it looks twice until it knows that it is alone"


def test_names_that_are_asked_for_in_the_pause_before_a_write_go_with_it(tmp_path: Path) -> None:
    objects, late = Counted(tmp_path), list[Any]()
    names = NamedLeases(Leases(objects, period=PERIOD, beats=False), "apply")
    with ThreadPoolExecutor(1) as pool:

        def come(_: float) -> None:
            late.append(pool.submit(names.try_lock, "vpc late"))
            while len(names._waiting) < 2:
                time.sleep(0.001)

        names._pacing = Pacing(clock=lambda: 0.0, sleep=come)
        names._pacing._free = 1.0
        assert not isinstance(names.try_lock("vpc early"), LockRefused)
        assert not isinstance(late[0].result(), LockRefused)
    assert objects.writes == 2, "of the lease of the run, and of both names"


def test_an_error_reaches_each_that_waits_for_a_name(tmp_path: Path) -> None:
    objects = Counted(tmp_path)
    names = NamedLeases(Leases(objects, period=PERIOD, beats=False), "apply")
    objects.write([ObjectChange(LOCKS, b"{")])
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(names.try_lock, f"vpc {number}") for number in range(8)]
    assert all(isinstance(item.exception(), Problems) for item in asked)


def test_a_refusal_is_decided_on_the_present_table(machine: Callable[[str], Machine]) -> None:
    ada, bob = machine("ada"), machine("bob")
    lease = ada.taken()
    bob.refused()
    lease.release()
    assert isinstance(bob.take(), Lease)


def test_a_run_is_undisturbed_until_another_one_comes(machine: Callable[[str], Machine]) -> None:
    ada, bob = machine("ada"), machine("bob")
    ada.taken("dev")
    names = NamedLeases(ada.leases, "apply")
    number = 0

    def mark() -> str:
        nonlocal number
        number += 1
        names.try_lock(f"vpc {number}")
        return names.undisturbed("dev")

    assert names.undisturbed("dev") == "", "it has not looked yet"
    first = mark()
    assert first
    assert mark() == first
    assert names.undisturbed("prod") == "", "the run of dev is another one for it"
    prod = bob.taken("prod")
    assert mark() == ""
    prod.beat()
    assert mark() == ""
    prod.release()
    second = mark()
    assert second
    assert second != first, "what it changed must be read"
    other = NamedLeases(bob.leases, "apply")
    other.try_lock("vpc x")
    assert mark() == ""
    other.close()
    assert mark() not in {"", first, second}


def test_a_run_that_came_and_went_between_two_looks_is_noticed(machine: Callable[[str], Machine]) -> None:
    ada, bob = machine("ada"), machine("bob")
    names = NamedLeases(ada.leases, "apply")
    names.try_lock("vpc 1")
    before = names.undisturbed("dev")
    bob.taken("prod").release()
    names.try_lock("vpc 2")
    assert names.undisturbed("dev") not in {"", before}


def test_a_table_of_a_program_that_keeps_no_mark_says_nothing(tmp_path: Path, machine: Any) -> None:
    ada, objects = machine("ada"), FolderObjects(tmp_path, atomic=False)
    names = NamedLeases(ada.leases, "apply")
    names.try_lock("vpc 1")
    assert names.undisturbed("dev")
    found = objects.read(LOCKS)
    assert found is not None
    content = json.loads(gzip.decompress(found.data))
    del content["last"]
    objects.write([ObjectChange(LOCKS, json.dumps(content).encode(), found.version)])
    names.try_lock("vpc 2")
    assert names.undisturbed("dev") == ""


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_damaged_table_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    FolderObjects(tmp_path, atomic=False).write([ObjectChange(LOCKS, content)])
    with pytest.raises(Problems, match="locks is damaged"):
        Machine(tmp_path, "ada").take()


@pytest.mark.parametrize("content", [b"{}", b'{"leases": 1, "names": [1]}', b'{"leases": {"dev": {"token": 1}}}'])
def test_entries_of_another_form_hold_nothing(tmp_path: Path, content: bytes) -> None:
    FolderObjects(tmp_path, atomic=False).write([ObjectChange(LOCKS, content)])
    assert Machine(tmp_path, "ada").taken().key == "dev"


def test_names_that_are_taken_together_change_the_table_once(tmp_path: Path) -> None:
    writes: list[str] = []
    objects = FolderObjects(tmp_path, atomic=False, before=lambda change: writes.append(change.key))
    names = NamedLeases(Leases(objects, period=PERIOD, beats=False), "apply")
    with ThreadPoolExecutor(40) as pool:
        locks = list(pool.map(names.try_lock, [f"vpc {number}" for number in range(40)]))
    assert len(writes) < 20
    for lock in locks:
        assert not isinstance(lock, LockRefused)
        lock.release()
    names.close()
    assert Leases(objects, period=PERIOD).table().names == {}
