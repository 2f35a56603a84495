"""Every backend with leases: a holder that gives no sign of life loses the lock, and writes nothing afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

import pytest
from processes import wait_until
from state_backends import process_with_store, suits
from state_values import A, B, write_changes

from novita_infra.model.records import Record
from novita_infra.state.locks.locking import locked_blocking
from novita_infra.state.store import LockRefused

pytestmark = pytest.mark.process
on_leases = suits(attrgetter("leases"))

WRITES = """
import asyncio
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.state.locks.locking import locked_blocking

try:
    with locked_blocking(store, "apply"):
        state = store.load()
        with store.journal(state) as journal:
            for number, line in enumerate(sys.stdin):
                asyncio.run(journal.put(Record(Address("instance", "a"), line.strip()), "changed"))
                print("written", flush=True)
except Problems as problems:
    print(problems, flush=True)
"""

ASKS_BEFORE_CALLS = """
from novita_infra.model.diagnostics import Problems

locks = BACKENDS[sys.argv[1]].open(Path(sys.argv[2])).named_locks("apply")
lock = locks.try_lock("vpc a")
print("held", flush=True)
for _ in sys.stdin:
    try:
        lock.check()
        print("would call", flush=True)
    except Problems as problems:
        print(problems, flush=True)
"""


@contextmanager
def writer(place: Any) -> Iterator[subprocess.Popen[str]]:
    with process_with_store(place.name, place.folder, WRITES) as process:
        try:
            assert asked_to_write(process, "i-1") == "written"
            yield process
        finally:
            process.kill()


def asked_to_write(process: subprocess.Popen[str], id: str) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    print(id, file=process.stdin, flush=True)
    return process.stdout.readline().strip()


@on_leases
@pytest.mark.parametrize("writes", [True, False])
def test_a_holder_that_was_paused_is_fenced_off_and_stops(place: Any, writes: bool) -> None:
    place.store().save(place.store().load())
    with writer(place) as process:
        os.kill(process.pid, signal.SIGSTOP)
        store = place.store()
        with locked_blocking(store, "apply", max_wait=30):
            state = store.load()
            assert state.records == {A: Record(A, "i-1")}
            if writes:
                with store.journal(state) as journal:
                    asyncio.run(write_changes(journal, [Record(B, "i-2")]))
            os.kill(process.pid, signal.SIGCONT)
            assert "was taken over while this run gave no sign of life" in asked_to_write(process, "i-9")
        process.wait()
        expected = {A: Record(A, "i-1")} | ({B: Record(B, "i-2")} if writes else {})
        assert place.store().load().records == expected


@on_leases
def test_a_live_holder_keeps_the_lock_and_is_named(place: Any) -> None:
    with writer(place) as process:
        for _ in range(3):
            refusal = place.store().try_lock("destroy")
            assert isinstance(refusal, LockRefused)
            assert refusal.holder is not None
            assert refusal.holder.pid == str(process.pid)
        assert asked_to_write(process, "i-2") == "written"
    assert place.store().load().records == {A: Record(A, "i-2")}


@on_leases
def test_a_broken_lock_fences_its_holder_off(place: Any) -> None:
    with writer(place) as process:
        (held,) = place.case.open_bytes(place.folder).locks()
        assert held.environment == "dev"
        holder = place.case.storage(place.folder, "dev").break_lock()
        assert holder is not None
        assert holder.pid == str(process.pid)
        assert "was taken over" in asked_to_write(process, "i-9")
    assert place.store().load().records == {A: Record(A, "i-1")}


@on_leases
@pytest.mark.parametrize("keeps", [True, False])
def test_a_holder_of_a_name_that_was_paused_learns_before_its_next_call(place: Any, keeps: bool) -> None:
    locks = place.backend().named_locks("destroy")
    with process_with_store(place.name, place.folder, ASKS_BEFORE_CALLS) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            assert asked_to_write(process, "now") == "would call"
            os.kill(process.pid, signal.SIGSTOP)
            wait_until(lambda: not isinstance(locks.try_lock("vpc a"), LockRefused), "a silent holder loses its names")
            if not keeps:
                locks.close()
            os.kill(process.pid, signal.SIGCONT)
            assert "the locks of this run were taken over" in asked_to_write(process, "now")
        finally:
            process.kill()
            locks.close()


@on_leases
def test_a_live_holder_of_a_name_may_call(place: Any) -> None:
    locks = place.backend().named_locks("apply")
    one, two = locks.try_lock("vpc a"), locks.try_lock("vpc b")
    assert not isinstance(one, LockRefused)
    assert not isinstance(two, LockRefused)
    one.release()
    for _ in range(2):
        two.check()
    locks.close()
