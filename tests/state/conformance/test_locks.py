"""Every store: one run at a time holds the lock, the others learn who it is, and a dead holder loses it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from processes import wait_until
from state_backends import process_with_store, suits

from novita_infra.model.diagnostics import Problems
from novita_infra.state.locks.locking import locked_blocking
from novita_infra.state.store import LockRefused

HOLDS = """
from novita_infra.state.locks.locking import locked_blocking
with locked_blocking(store, "apply"):
    print("held", flush=True)
    sys.stdin.read()
"""
COUNTS = """
from novita_infra.state.locks.locking import locked_blocking
counter = Path(sys.argv[3])
for _ in range(int(sys.argv[4])):
    with locked_blocking(store, "apply", max_wait=1e9, sleep=lambda seconds: None):
        counter.write_text(str(int(counter.read_text()) + 1))
"""


@contextmanager
def child_that_holds(place: Any) -> Iterator[subprocess.Popen[str]]:
    with process_with_store(place.name, place.folder, HOLDS) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def refused(place: Any) -> LockRefused:
    refusal = place.store().try_lock("destroy")
    assert isinstance(refusal, LockRefused)
    return refusal


def test_a_held_lock_is_refused_and_names_its_holder(place: Any) -> None:
    with locked_blocking(place.store(), "apply"):
        refusal = refused(place)
        with pytest.raises(Problems, match="the state is locked by `apply` of "), locked_blocking(place.store(), "rm"):
            pass
    holder = refusal.holder
    assert holder is not None
    assert (holder.operation, holder.pid, holder.host) == ("apply", str(os.getpid()), os.uname().nodename)
    assert str(holder) in refusal.summary
    assert "--lock-timeout" in refusal.hint
    assert not refusal.final


@suits(attrgetter("shows_locks"))
def test_the_holder_of_a_lock_is_known_without_taking_it(place: Any) -> None:
    assert place.store().lock_holder() is None
    with locked_blocking(place.store(), "apply"):
        holder = place.store().lock_holder()
        assert holder is not None
        assert (holder.operation, holder.pid) == ("apply", str(os.getpid()))
        held = place.case.open_bytes(place.folder).locks()
        assert [(lock.environment, lock.holder) for lock in held] == [("dev", holder)]
    assert place.store().lock_holder() is None
    with child_that_holds(place) as process:
        process.kill()
        process.wait()
        assert place.store().lock_holder() is None


def test_a_released_lock_can_be_taken_again(place: Any) -> None:
    store = place.store()
    for _ in range(2):
        with locked_blocking(store, "apply"):
            assert refused(place).holder is not None


def test_a_lock_is_released_when_the_body_fails(place: Any) -> None:
    with pytest.raises(ZeroDivisionError), locked_blocking(place.store(), "apply"):
        _ = 1 / 0
    with locked_blocking(place.store(), "apply"):
        pass


def test_each_environment_has_its_own_lock(place: Any) -> None:
    with locked_blocking(place.store("dev"), "apply"), locked_blocking(place.store("prod"), "apply"):
        pass


def test_reading_needs_no_lock(place: Any) -> None:
    saved = place.store().save(place.store().load())
    with child_that_holds(place):
        assert place.store().load() == saved


def test_the_lock_of_a_killed_process_is_taken_over(place: Any) -> None:
    with child_that_holds(place) as process:
        holder = refused(place).holder
        assert holder is not None
        assert (holder.operation, holder.pid) == ("apply", str(process.pid))
        process.kill()
        process.wait()
        with locked_blocking(place.store(), "apply", max_wait=30):
            taken = refused(place).holder
            assert taken is not None
            assert taken.pid == str(os.getpid())


@pytest.mark.process
def test_two_processes_hold_the_lock_in_turns(place: Any, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    times = place.case.times(20)
    children = [process_with_store(place.name, place.folder, COUNTS, counter, times) for _ in range(2)]
    for process in children:
        process.communicate()
        assert process.returncode == 0
    assert counter.read_text() == str(2 * times)


HOLDS_NAME = """
locks = BACKENDS[sys.argv[1]].open(Path(sys.argv[2])).named_locks("apply")
locks.try_lock("vpc a")
print("held", flush=True)
sys.stdin.read()
"""
COUNTS_BY_NAME = """
import time
from novita_infra.state.store import LockRefused
counter = Path(sys.argv[3])
for _ in range(int(sys.argv[4])):
    locks = BACKENDS[sys.argv[1]].open(Path(sys.argv[2])).named_locks("apply")
    for _ in range(3):
        began = time.monotonic()
        while isinstance(lock := locks.try_lock("vpc a"), LockRefused):
            time.sleep(time.monotonic() - began)  # as much for the others as an attempt takes
            began = time.monotonic()
        counter.write_text(str(int(counter.read_text()) + 1))
        lock.release()
    locks.close()
"""


def test_a_named_lock_is_refused_to_all_runs_until_it_is_released(place: Any) -> None:
    one, two = (place.backend().named_locks(operation) for operation in ("apply", "destroy"))
    for _ in range(2):
        lock = one.try_lock("vpc a")
        assert not isinstance(lock, LockRefused)
        for locks in (one, two):
            refusal = locks.try_lock("vpc a")
            assert isinstance(refusal, LockRefused)
            assert refusal.holder is not None
            assert (refusal.holder.operation, refusal.holder.pid) == ("apply", str(os.getpid()))
            assert not refusal.final
        other = two.try_lock("vpc b")
        assert not isinstance(other, LockRefused)
        other.release()
        lock.release()
    with locked_blocking(place.store(), "apply"):  # a lock of its own
        wait_until(lambda: not isinstance(two.try_lock("vpc a"), LockRefused), "a released name is free soon")
    two.close()
    assert not isinstance(one.try_lock("vpc a"), LockRefused)
    one.close()
    one.close()
    assert place.backend().environments() == ()


def test_the_named_locks_of_a_killed_process_are_free(place: Any) -> None:
    locks = place.backend().named_locks("apply")
    with process_with_store(place.name, place.folder, HOLDS_NAME) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        refusal = locks.try_lock("vpc a")
        assert isinstance(refusal, LockRefused)
        assert refusal.holder is not None
        assert refusal.holder.pid == str(process.pid)
        process.kill()
        process.wait()
        assert not isinstance(locks.try_lock("vpc a"), LockRefused)
        locks.close()


@pytest.mark.process
def test_processes_hold_a_named_lock_in_turns(place: Any, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    times = place.case.times(10)
    children = [process_with_store(place.name, place.folder, COUNTS_BY_NAME, counter, times) for _ in range(3)]
    for process in children:
        process.communicate()
        assert process.returncode == 0
    assert counter.read_text() == str(9 * times)
