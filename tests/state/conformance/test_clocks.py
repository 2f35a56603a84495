"""Every store: a clock that jumps by an hour, either way and in the middle of a run, changes no version and no lock."""

from __future__ import annotations

from typing import Any

import pytest
from state_backends import process_with_store

from novita_infra.state.recovery.history import saved_states
from novita_infra.state.recovery.kept import read_kept
from novita_infra.state.store import LockRefused

pytestmark = pytest.mark.process

JUMPS = """
import asyncio, time
from dataclasses import replace
from novita_infra.model.addresses import Address
from novita_infra.model.records import Record
from novita_infra.state.locks.locking import locked_blocking

real, hours = time.time, 0
time.time = lambda: real() + 3600 * hours

def records(number):
    return {Address("instance", "a"): Record(Address("instance", "a"), str(number))}

for number, jump in enumerate((1, -1, -2, 2), start=1):
    with locked_blocking(store, "apply"):
        hours += jump
        state = store.load()
        with store.journal(state) as journal:
            asyncio.run(journal.put(records(number)[Address("instance", "a")], "changed"))
            hours -= 2 * jump
            asyncio.run(journal.put(records(number * 10)[Address("instance", "a")], "changed"))
        saved = store.save(replace(state, records=records(number * 10)))
        assert saved.serial > state.serial
        hours += jump
print("held", flush=True)
with locked_blocking(store, "apply"):
    hours += 1
    print("held", flush=True)
    sys.stdin.readline()
    hours -= 2
    sys.stdin.readline()
"""


def test_a_clock_that_jumps_changes_no_order_and_no_lock(place: Any) -> None:
    with process_with_store(place.name, place.folder, JUMPS) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            assert [process.stdout.readline() for _ in range(2)] == ["held\n"] * 2
            for _ in range(2):
                assert isinstance(place.store().try_lock("destroy"), LockRefused)
                print(file=process.stdin, flush=True)
            process.wait()
        finally:
            process.kill()
    (record,) = place.store().load().records.values()
    assert record.id == "40"
    kept = saved_states(read_kept(place.case.storage(place.folder, "dev")))
    serials = [item.state.serial for item in kept]
    assert serials == sorted(serials, reverse=True)
    lock = place.store().try_lock("apply")
    assert not isinstance(lock, LockRefused)
    lock.release()
