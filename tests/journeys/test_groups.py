"""Groups come up together or not at all, and nothing else is taken down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.simulator import Fault, Trouble

MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "cluster": "us-dallas-nas-2"}
STORAGE: dict[str, Any] = {"cluster": "us-dallas-nas-2", "sizeGb": 10}
TOGETHER = {"group": "training"}


def a_group(rig: Rig, *, on_failure: str = "") -> None:
    """A storage and three machines that mount it, and a machine that belongs to nobody."""
    project: dict[str, Any] = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
    if on_failure:
        project["groups"] = {"training": {"onFailure": on_failure}}
    rig.write("novita-infra.yaml", project)
    mounted = {**MACHINE, "networkStorages": [{"storage": "data", "mountPath": "/data"}]}
    rig.declare(
        ("NetworkStorage", "data", STORAGE),
        *(("Instance", name, mounted) for name in ("a", "b", "c")),
        ("Instance", "other", MACHINE),
        **dict.fromkeys(("data", "a", "b", "c"), TOGETHER),
    )


def the_third_machine_fails(rig: Rig) -> None:
    rig.world.faults.add(
        Fault(kind=Trouble.STATUS, operation="instances.create", status=400, reason="INSUFFICIENT_RESOURCE", skip=3)
    )


def test_a_group_that_cannot_be_completed_is_taken_down_again_and_nothing_else(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    a_group(rig)
    the_third_machine_fails(rig)
    result = rig.apply(expect_success=False)
    left = [machine.name for machine in rig.world.instances if machine.status == "running"]
    assert left in (["other"], [])  # the one that found no place may be the one of nobody
    if left == ["other"]:
        assert len(rig.world.storages) == 0
        assert [end.reason for end in result.ends if end.step.key == "network_storage.data/create"] == [
            "taken down again: the group training failed"
        ]
    rig.assert_nothing_lost()
    rig.apply()
    rig.assert_converged()


@pytest.mark.parametrize(("on_failure", "status"), [("keep", {"running"}), ("stop", {"exited"})])
def test_what_was_made_can_be_kept_or_stopped(on_failure: str, status: set[str], tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    a_group(rig, on_failure=on_failure)
    rig.declare(
        ("Instance", "a", MACHINE),
        ("Instance", "z", {**MACHINE, "image": "does-not-exist:1"}),
        **dict.fromkeys("az", TOGETHER),
    )
    rig.apply(expect_success=False)
    assert {machine.status for machine in rig.world.instances if machine.name == "a"} == status


def test_what_was_there_before_stays_when_its_group_fails(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", MACHINE), a=TOGETHER)
    rig.apply()
    before = rig.record("instance.a").id
    rig.declare(
        ("Instance", "a", {**MACHINE, "ports": ["80/http"]}),
        ("Instance", "b", MACHINE),
        ("Instance", "z", {**MACHINE, "image": "does-not-exist:1"}),
        **dict.fromkeys("abz", TOGETHER),
    )
    rig.apply(expect_success=False)
    assert rig.record("instance.a").id == before
    assert [machine.name for machine in rig.world.instances if machine.status == "running"] == ["a"]
    rig.assert_nothing_lost()
