"""Groups come up together or not at all, and nothing else is taken down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.applying.events import Ended, Identified, Outcome
from novita_infra.planning.plan.steps import StepKind
from novita_infra.simulator import Fault, Trouble
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.text.result import result_lines

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


def test_an_incomplete_group_alone_is_rolled_back(tmp_path: Path) -> None:
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
    assert "paid for" not in plain(result_lines(result, again="novita-infra apply"))
    rig.assert_nothing_lost()
    rig.apply()
    rig.assert_converged()


def test_a_group_is_rolled_back_in_reverse_order_with_each_member_reported(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    a_group(rig)
    mounted = {**MACHINE, "networkStorages": [{"storage": "data", "mountPath": "/data"}]}
    rig.declare(
        ("NetworkStorage", "data", STORAGE),
        ("Instance", "a", mounted),
        ("Instance", "b", {**mounted, "image": "does-not-exist:1"}),
        ("Instance", "other", MACHINE),
        **dict.fromkeys(("data", "a", "b"), TOGETHER),
    )
    result = rig.apply(expect_success=False)
    assert [machine.name for machine in rig.world.instances if machine.status == "running"] == ["other"]
    assert {str(address) for address in rig.state().records} == {"instance.other"}
    assert len(rig.world.storages) == 0
    ended = [
        str(event.step.address)
        for event in rig.events
        if isinstance(event, Ended) and event.step.action is StepKind.DELETE
    ]
    assert ended[-1] == "network_storage.data"
    assert set(ended) == {"instance.a", "instance.b", "network_storage.data"}
    output = plain(result_lines(result, again="novita-infra apply"))
    skipped, _, failed = output.partition("Failed:")
    assert "instance.b: create" in failed
    assert "image does-not-exist:1 cannot be pulled" in failed
    for address in ("instance.a", "network_storage.data"):
        assert f"{address}: create" in skipped
    assert skipped.count("taken down again: the group training failed") == 2
    assert "instance.other: create" in skipped.partition("Skipped:")[0]


@pytest.mark.parametrize(("on_failure", "status"), [("keep", {"running"}), ("stop", {"exited"})])
def test_what_was_made_can_be_kept_or_stopped(on_failure: str, status: set[str], tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    a_group(rig, on_failure=on_failure)
    rig.declare(
        ("Instance", "a", MACHINE),
        ("Instance", "z", {**MACHINE, "image": "does-not-exist:1"}),
        **dict.fromkeys("az", TOGETHER),
    )
    result = rig.apply(expect_success=False)
    assert {machine.status for machine in rig.world.instances if machine.name == "a"} == status
    output = plain(result_lines(result, again="novita-infra apply"))
    assert ("instance.a: stop" in output) == (on_failure == "stop")
    kept = on_failure == "keep"
    assert output.partition("Still exists and costs:\n")[2].splitlines()[:-2] == [
        *(["  instance.a: $0.35/h (of the group training)"] if kept else []),
        "  instance.z: $0.35/h (it failed)",
        f"  To delete what this run created: novita-infra destroy {'--target instance.a ' * kept}--target instance.z",
    ]
    assert rig.record("instance.a").id


def test_members_stopped_by_a_group_rollback_are_started_by_the_next_run(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, environ={})
    a_group(rig, on_failure="stop")
    together = dict.fromkeys("abcz", TOGETHER)
    bad = ("Instance", "z", {**MACHINE, "image": "does-not-exist:1"})
    machines = [("Instance", "a", MACHINE), ("Instance", "b", {**MACHINE, "power": "running"})]
    rests = ("Instance", "c", {**MACHINE, "power": "stopped"})
    rig.declare(*machines, rests, bad, **together)
    for _ in range(2):
        result = rig.apply(expect_success=False)
        failed = [end.step.key for end in result.ends if end.outcome is Outcome.FAILED]
        assert failed == ["instance.z/create"]
        assert [machine.status for machine in rig.world.instances if machine.name in "abc"] == ["exited"] * 3
        assert {rig.record(f"instance.{name}").spec["power"] for name in "abc"} == {"stopped"}
        review = rig.plan()
        assert review.plan.drift == ()
        assert [(step.key, step.fields) for step in review.plan.steps if str(step.address) != "instance.z"] == [
            ("instance.a/start", ("power",)),
            ("instance.b/start", ("power",)),
        ]
    rig.declare(*machines, rests, ("Instance", "z", MACHINE), **together)
    rig.apply()
    rig.assert_converged()
    now = {machine.name: machine.status for machine in rig.world.instances if machine.status != "removed"}
    assert now == {"a": "running", "b": "running", "c": "exited", "z": "running"}


@pytest.mark.parametrize(("on_failure", "status"), [("rollback", set()), ("stop", {"exited"})])
def test_a_member_with_a_false_postcondition_is_rolled_back_with_its_group(
    on_failure: str, status: set[str], tmp_path: Path
) -> None:
    rig = Rig(tmp_path, environ={})
    a_group(rig, on_failure=on_failure)
    never = {"value": "${instance.a.status}", "is": {"const": "wandering"}, "message": "it never pleases"}
    rig.declare(("Instance", "a", MACHINE), a={**TOGETHER, "postconditions": [never]})
    result = rig.apply(expect_success=False)
    assert [end.step.key for end in result.ends if end.outcome is Outcome.FAILED] == ["instance.a/create"]
    assert {machine.status for machine in rig.world.instances if machine.status != "removed"} == status


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
    output = plain(result_lines(rig.apply(expect_success=False), again="novita-infra apply"))
    assert output.partition("Still exists and costs:\n")[2].splitlines()[:-2] == [
        "  instance.a: $0.35/h (of the group training, from before this run)",
    ]
    assert rig.record("instance.a").id == before
    assert [machine.name for machine in rig.world.instances if machine.status == "running"] == ["a"]
    rig.assert_nothing_lost()


def test_a_member_left_by_an_interrupted_run_is_rolled_back_with_its_group(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    bad = ("Instance", "z", {**MACHINE, "image": "does-not-exist:1"})
    rig.declare(("Instance", "a", MACHINE), ("Instance", "b", MACHINE), bad, **dict.fromkeys("abz", TOGETHER))
    seen: list[object] = []

    def both_have_ids(event: object) -> bool:
        seen.append(event)
        return sum(isinstance(item, Identified) for item in seen) == 3

    rig.apply(stop_when=both_have_ids, expect_success=False)
    assert len(rig.world.instances) == 3
    result = rig.apply(expect_success=False)
    assert [machine.status for machine in rig.world.instances if machine.status != "removed"] == []
    assert rig.state().records == {}
    output = plain(result_lines(result, again="novita-infra apply"))
    assert "taken down again: the group training failed" in output
    assert "paid for" not in output


def test_a_failed_group_rollback_is_reported_with_its_price_and_loses_no_data(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    bad = ("Instance", "z", {**MACHINE, "image": "does-not-exist:1"})
    rig.declare(("Instance", "a", MACHINE), bad, **dict.fromkeys("az", TOGETHER))
    rig.world.faults.add(Fault(kind=Trouble.STATUS, operation="instances.delete", status=500, count=None))
    output = plain(result_lines(rig.apply(expect_success=False), again="novita-infra apply"))
    assert "Still exists and costs:\n  instance.a: $0.35/h (it failed)\n  instance.z: $0.35/h (it failed)\n" in output
    rig.world.faults.clear()
    review = rig.plan(allow_data_loss=())
    assert review.problems == ()
    assert [(str(change.address), change.loses) for change in review.plan.changes if change.loses] == []
    rig.declare(*(("Instance", name, MACHINE) for name in "az"), **dict.fromkeys("az", TOGETHER))
    rig.apply()
    rig.assert_converged()


def test_what_a_group_replaces_goes_only_when_all_of_it_is_there(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    lifecycle = {**TOGETHER, "createBeforeDestroy": True}
    rig.declare(*(("Instance", name, MACHINE) for name in "ab"), **dict.fromkeys("ab", lifecycle))
    rig.apply()
    old = {rig.record(f"instance.{name}").id for name in "ab"}
    wanted = {**MACHINE, "gpuCount": 2}
    bad = {**wanted, "image": "does-not-exist:1"}
    rig.declare(("Instance", "a", wanted), ("Instance", "b", bad), **dict.fromkeys("ab", lifecycle))
    for _ in range(3):
        output = plain(result_lines(rig.apply(expect_success=False), again="novita-infra apply"))
        up = {machine.id for machine in rig.world.instances if machine.status == "running"}
        assert old <= up
        assert rig.record("instance.b").retired[0] in output
        assert not any(f"destroy --target instance.{name}" in output for name in "ab")
    rig.declare(*(("Instance", name, wanted) for name in "ab"), **dict.fromkeys("ab", lifecycle))
    rig.apply()
    rig.assert_converged()
    assert len([machine for machine in rig.world.instances if machine.status == "running"]) == 2
