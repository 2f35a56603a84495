"""A call whose answer is lost may take effect later: nothing is bought twice, and duplicates are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.model.clock import ANSWER
from novita_infra.simulator import Fault, Trouble

HERE = "us-dallas-nas-2"
MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "cluster": HERE}
THINGS = [
    ("Instance", MACHINE, "instances.create"),
    ("ImagePrewarm", {"image": "ubuntu:1", "cluster": HERE}, "prewarms.create"),
    ("NetworkStorage", {"cluster": HERE, "sizeGb": 10}, "storages.create"),
    ("VPC", {"cluster": HERE}, "networks.create"),
    ("RegistryAuth", {"username": "bot", "password": "hunter2"}, "registry_auths.save"),
]


def a_late_one(rig: Rig, operation: str, *, seconds: float) -> None:
    rig.world.faults.add(Fault(kind=Trouble.LATE, operation=operation, seconds=seconds, count=1))


@pytest.mark.parametrize(("kind", "spec", "operation"), THINGS)
@pytest.mark.parametrize("seconds", [20.0, ANSWER - 1])
def test_what_a_create_makes_after_its_answer_was_lost_is_taken_in(
    kind: str, spec: dict[str, Any], operation: str, seconds: float, tmp_path: Path
) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare((kind, "it", spec))
    a_late_one(rig, operation, seconds=seconds)
    rig.apply()
    assert rig.world.calls[operation] == 1
    rig.assert_converged()
    rig.assert_nothing_lost()


@pytest.mark.parametrize(("kind", "spec", "operation"), THINGS)
def test_what_the_create_of_a_dead_run_makes_later_is_taken_in(
    kind: str, spec: dict[str, Any], operation: str, tmp_path: Path
) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare((kind, "it", spec))
    a_late_one(rig, operation, seconds=ANSWER - 1)
    assert rig.crash(at_write=0, after_effect=True)
    rig.apply()
    assert rig.world.calls[operation] == 1
    rig.assert_converged()
    rig.assert_nothing_lost()


def test_months_are_not_bought_twice_because_the_first_time_took_long(tmp_path: Path) -> None:
    monthly = {**MACHINE, "billingMode": "monthly", "months": 1}
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "it", monthly))
    rig.apply()
    rig.declare(("Instance", "it", {**monthly, "months": 2}))
    a_late_one(rig, "instances.renew", seconds=ANSWER - 1)
    rig.apply()
    assert rig.world.calls["instances.renew"] == 1
    rig.declare(("Instance", "it", {**monthly, "months": 3}))
    a_late_one(rig, "instances.renew", seconds=ANSWER - 1)
    assert rig.crash(at_write=0, after_effect=True)
    rig.apply()
    assert rig.world.calls["instances.renew"] == 2
    rig.assert_converged()


def test_a_late_object_is_reported_by_every_plan_until_it_is_gone(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "it", MACHINE))
    a_late_one(rig, "instances.create", seconds=600)
    rig.apply()
    assert rig.plan().notes == ()
    rig.clock.run(rig.clock.sleep(600))
    own = rig.record("instance.it").id
    rig.plan()
    (twin,) = (machine.id for machine in rig.world.instances if machine.id != own)
    for destroys in (False, True):
        (note,) = rig.plan(destroys=destroys).notes
        assert note.address == "instance.it"
        assert twin in note.summary
        assert own in note.summary
        assert "`novita-infra orphans` shows what it is and what it costs" in note.hint
