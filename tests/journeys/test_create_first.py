"""`createBeforeDestroy`: the old object is there until the new one is ready, whatever happens on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plan_shapes import checked_json
from rig import Rig

from novita_infra.applying.events import Identified, Outcome, Progressed
from novita_infra.cli.commands.main.apply import exit_code_of
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_REFUSED
from novita_infra.planning.plan.steps import StepKind
from novita_infra.simulator import Fault, Trouble
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.text.result import result_lines
from novita_infra.views.formats.text.state import record_lines
from novita_infra.views.plan_lines.plan import plan_lines

MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
OTHER = {**MACHINE, "product": {"gpu": "L40S"}}
FIRST = {"a": {"createBeforeDestroy": True}}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A machine that is there, and manifests that ask for another in its place."""
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", MACHINE), **FIRST)
    rig.apply()
    rig.declare(("Instance", "a", OTHER), **FIRST)
    return rig


def no_stock(rig: Rig) -> None:
    refused: dict[str, Any] = {"status": 400, "reason": "INSUFFICIENT_RESOURCE", "message": "none is free"}
    rig.world.faults.add(Fault(kind=Trouble.STATUS, operation="instances.create", count=None, **refused))


def running(rig: Rig) -> list[str]:
    rig.world.advance()
    return [machine.id for machine in rig.world.instances if machine.status == "running"]


def test_the_old_one_goes_only_when_the_new_one_is_ready(rig: Rig) -> None:
    old = rig.record("instance.a").id
    (change,) = rig.plan().plan.changes
    assert change.create_first
    steps = [step.call_name for step in rig.plan().plan.steps]
    assert steps == ["create", "delete"]
    ready: list[list[str]] = []

    def look(event: object) -> bool:
        if isinstance(event, Progressed) and event.step.action is StepKind.CREATE:
            ready.append(running(rig))
        return False

    rig.apply(stop_when=look)
    assert all(old in there for there in ready)
    assert rig.record("instance.a").id != old
    assert rig.record("instance.a").retired == ()
    rig.assert_converged()


def test_create_first_without_capacity_keeps_the_old_object_recorded_and_running(rig: Rig) -> None:
    before = rig.record("instance.a")
    no_stock(rig)
    result = rig.apply(expect_success=False)
    assert exit_code_of(result) == EXIT_BLOCKED
    output = plain(result_lines(result, again="novita-infra apply"))
    assert "INSUFFICIENT_RESOURCE: none is free" in output
    assert f"instance.a: delete ({before.id})\n      instance.a failed" in output
    assert running(rig) == [before.id]
    assert rig.record("instance.a") == before
    rig.world.faults.clear()
    rig.apply()
    rig.assert_converged()
    assert before.id not in running(rig)


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_run_killed_at_a_create_first_keeps_the_old_object(after_effect: bool, rig: Rig) -> None:
    old = rig.record("instance.a").id
    rig.world.unpullable = ("ubuntu:22.04",)  # which the old one has pulled long ago
    assert rig.crash(at_write=0, after_effect=after_effect)
    if not after_effect:
        no_stock(rig)
    for _ in range(2):
        result = rig.apply(expect_success=False)
        assert not result.succeeded
        assert old in running(rig)
        assert old in rig.record("instance.a").retired
    rig.world.unpullable = ()
    rig.world.faults.clear()
    rig.apply()
    rig.assert_converged()
    assert old not in running(rig)


def test_an_interrupted_create_first_keeps_the_old_object_until_the_new_is_ready(rig: Rig) -> None:
    old = rig.record("instance.a").id
    rig.apply(stop_when=lambda event: isinstance(event, Identified), expect_success=False)
    new = rig.record("instance.a").id
    plan = rig.plan()
    assert [(step.call_name, step.id, step.after) for step in plan.plan.steps] == [
        ("wait", new, ()),
        ("delete", old, ("instance.a/wait",)),
    ]
    rig.apply()
    rig.assert_converged()
    assert running(rig) == [new]


def test_an_old_object_that_was_not_deleted_is_deleted_by_the_next_run(rig: Rig) -> None:
    old = rig.record("instance.a").id
    rig.world.faults.add(
        Fault(kind=Trouble.STATUS, operation="instances.delete", status=400, reason="NODE_STATUS", count=None)
    )
    result = rig.apply(expect_success=False)
    assert [(end.step.call_name, end.outcome) for end in result.ends] == [
        ("create", Outcome.DONE),
        ("delete", Outcome.FAILED),
    ]
    record = rig.record("instance.a")
    assert record.retired == (old,)
    assert f"replaced, deletion not confirmed: {old}" in plain(record_lines(record))
    rig.world.faults.clear()
    rig.apply()
    assert rig.record("instance.a").retired == ()
    assert running(rig) == [record.id]


@pytest.mark.parametrize("at", range(2))
@pytest.mark.parametrize("after_effect", [False, True])
def test_create_first_killed_at_any_write_keeps_one_of_both_objects(at: int, after_effect: bool, rig: Rig) -> None:
    assert rig.crash(at_write=at, after_effect=after_effect)
    there = [running(rig)]

    def look(_: object) -> bool:
        there.append(running(rig))
        return False

    rig.apply(stop_when=look)
    rig.assert_converged()
    assert all(there)
    assert running(rig) == [rig.record("instance.a").id]


def test_deleting_an_old_object_needs_permission_and_reports_the_data_loss(rig: Rig) -> None:
    old = rig.record("instance.a").id
    rig.apply(stop_when=lambda event: isinstance(event, Identified), expect_success=False)
    new = rig.record("instance.a").id

    plan = rig.plan(allow_data_loss=())
    assert plan.code == EXIT_REFUSED
    (problem,) = plan.problems
    assert problem.summary == (
        f"deleting {old}, which it replaced and which is running, loses what is on its container disk (60 GB)"
    )
    assert "--allow-data-loss instance.a" in problem.hint
    assert f"import instance.a {old}" in problem.hint
    output = plain(plan_lines(plan))
    assert f"- {old}, which it replaced and which is running, will be deleted\n          ! loses: " in output
    (change,) = checked_json(plan)["resource_changes"]
    assert [item["id"] for item in change["novita"]["retires"]] == [old]
    assert change["novita"]["retires"][0]["loses"][0]["gb"] == 60
    assert plan.cost is not None
    assert plan.cost.total.before.least > plan.cost.total.after.least, "both run, and only the new one will"

    rig.apply(allow_data_loss=("instance.a",))
    rig.assert_converged()
    assert running(rig) == [new]


def test_who_goes_back_to_the_old_one_loses_nothing_of_it(rig: Rig) -> None:
    old = rig.record("instance.a").id
    rig.world.unpullable = ("ubuntu:22.04",)
    rig.apply(expect_success=False)
    rig.declare(("Instance", "a", MACHINE), **FIRST)
    assert rig.plan(allow_data_loss=()).code == EXIT_REFUSED

    new = rig.record("instance.a").id
    rig.forget("instance.a")
    rig.take_in("instance.a", old)
    assert rig.plan(allow_data_loss=()).empty
    assert {old, new} == {machine.id for machine in rig.world.instances if machine.status != "removed"}


def test_the_old_object_of_a_deleted_resource_is_reported(rig: Rig) -> None:
    old = rig.record("instance.a").id
    rig.apply(stop_when=lambda event: isinstance(event, Identified), expect_success=False)
    output = plain(plan_lines(rig.plan(destroys=True, allow_data_loss=())))
    assert f"- {old}, which it replaced and which is running, will be deleted" in output
    rig.destroy(allow_data_loss=())
    assert rig.live_ids() == []


def test_new_ones_that_fail_are_taken_away_before_the_next_is_bought(rig: Rig) -> None:
    old = rig.record("instance.a").id
    rig.declare(("Instance", "a", {**OTHER, "image": "does-not-exist:1"}), **FIRST)
    for _ in range(4):
        result = rig.apply(expect_success=False, allow_data_loss=("instance.a",))
        assert old in running(rig)
        assert len([machine for machine in rig.world.instances if machine.status != "removed"]) == 2
        output = plain(result_lines(result, again="novita-infra apply"))
        assert "Still exists and costs:\n  instance.a: " in output
        assert f"(it failed; {old} existed before, remains and costs, too)\n" in output
        assert "destroy" not in output  # which would end the one that serves
    failed = rig.record("instance.a").id
    review = rig.plan(allow_data_loss=())
    loses = [
        loss
        for change in review.plan.changes
        for loss in (*change.loses, *(x for y in change.retires for x in y.loses))
    ]
    assert {problem.address for problem in review.problems} == {"instance.a"}  # the old one still holds data
    assert len(loses) == 1
    steps = {step.key: step.after for step in rig.plan().plan.steps}
    assert steps[f"instance.a/delete:{failed}"] == ()
    assert steps["instance.a/create"] == (f"instance.a/delete:{failed}",)
    assert steps[f"instance.a/delete:{old}"] == ("instance.a/create",)
    rig.declare(("Instance", "a", OTHER), **FIRST)
    rig.apply()
    rig.assert_converged()
    assert len(running(rig)) == 1


def test_a_create_without_an_object_does_not_record_the_old_id(rig: Rig) -> None:
    no_stock(rig)
    (end, _) = rig.apply(expect_success=False).ends
    assert (end.step.call_name, end.id) == ("create", "")
