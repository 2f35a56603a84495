"""The audit log of runs. That each call which arrives is noted once is checked after each apply of any journey."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from audit_logs import whole_log
from rig import WRITES, Rig

from novita_infra.simulator import Fault, Trouble
from novita_infra.simulator.routes.registry import OPERATIONS
from novita_infra.state.audit.entries import AuditEntry

HERE = "us-dallas-nas-2"
MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "cluster": HERE}
NET = ("VPC", "net", {"cluster": HERE})


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, environ={})


def log_of(rig: Rig) -> tuple[AuditEntry, ...]:
    return whole_log(rig.store())


def told(entry: AuditEntry) -> tuple[str, str, str, int]:
    return entry.cause.address, entry.cause.step, entry.call.outcome, entry.call.attempts


def test_the_calls_of_a_fleet_are_those_that_the_service_saw(rig: Rig) -> None:
    rig.declare(NET, ("Instance", "it", MACHINE), ("NetworkStorage", "data", {"cluster": HERE, "sizeGb": 20}))
    rig.apply()
    rig.declare(NET, ("Instance", "it", {**MACHINE, "power": "stopped"}))
    rig.apply()
    rig.destroy()
    made = Counter(entry.call.path for entry in log_of(rig))
    paths = {item.name: item.path for item in OPERATIONS}
    assert made == Counter({paths[name]: count for name, count in rig.world.calls.items() if name in WRITES})
    assert len({entry.cause.plan for entry in log_of(rig)} - {""}) == 3
    assert [entry.at for entry in log_of(rig)] == sorted(entry.at for entry in log_of(rig))


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (Fault(kind=Trouble.STATUS, status=429, operation="networks.create", count=2), [("done", 3)]),
        (Fault(kind=Trouble.LATE, operation="networks.create", seconds=600, count=1), [("unknown", 1), ("done", 1)]),
        (Fault(kind=Trouble.LOST, operation="networks.create", count=1), [("unknown", 1), ("done", 1)]),
    ],
    ids=["throttled", "late", "lost"],
)
def test_attempts_of_one_call_are_one_entry_and_another_create_is_another(
    rig: Rig, fault: Fault, wanted: list[tuple[str, int]]
) -> None:
    rig.declare(NET)
    rig.world.faults.add(fault)
    rig.apply()
    assert [told(entry)[2:] for entry in log_of(rig)] == wanted


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_run_that_is_killed_between_a_call_and_its_answer_leaves_an_unknown_outcome(
    rig: Rig, after_effect: bool
) -> None:
    rig.declare(NET)
    assert rig.crash(at_write=0, after_effect=after_effect)
    assert [told(entry) for entry in log_of(rig)] == [("vpc.net", "create", "unknown", 0)]
    rig.apply()
    assert told(log_of(rig)[0]) == ("vpc.net", "create", "unknown", 0)
    again = [] if after_effect else [("vpc.net", "create", "done", 1)]
    assert [told(entry) for entry in log_of(rig)[1:]] == again
    rig.assert_converged()


def test_a_refused_call_says_so_with_the_status(rig: Rig) -> None:
    rig.declare(NET)
    rig.world.faults.add(Fault(kind=Trouble.STATUS, status=400, message="NO", operation="networks.create", count=1))
    rig.apply(expect_success=False)
    (entry,) = log_of(rig)
    assert (told(entry), entry.call.status) == (("vpc.net", "create", "refused", 1), 400)


def test_no_secret_is_in_the_log(rig: Rig) -> None:
    rig.declare(("RegistryAuth", "hub", {"username": "bot", "password": "hunter2-hunter2"}))
    rig.apply()
    rig.destroy()
    assert len(log_of(rig)) == 2
    assert b"hunter2" not in (rig.folder / "state" / "default.audit").read_bytes()
