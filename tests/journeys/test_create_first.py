"""`createBeforeDestroy`: the old object is there until the new one is ready, whatever happens on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plan_shapes import checked_json
from rig import Rig

from novita_infra.applying.events import Identified, Outcome, Progressed
from novita_infra.cli.commands.apply import exit_code_of
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_REFUSED
from novita_infra.planning.plan.steps import StepKind
from novita_infra.simulator import Fault, Trouble
from novita_infra.views.content.lines import plain
from novita_infra.views.text.plan import plan_lines
from novita_infra.views.text.result import result_lines
from novita_infra.views.text.state import record_lines

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


def test_where_the_new_one_cannot_be_had_the_old_one_stays_on_record_and_running(rig: Rig) -> None:
    before = rig.record("instance.a")
    no_stock(rig)
    result = rig.apply(expect_success=False)
    assert exit_code_of(result) == EXIT_BLOCKED
    told = plain(result_lines(result, again="novita-infra apply"))
    assert "INSUFFICIENT_RESOURCE: none is free" in told
    assert f"instance.a: delete ({before.id})\n      instance.a failed" in told
    assert running(rig) == [before.id]
    assert rig.record("instance.a") == before
    rig.world.faults.clear()
    rig.apply()
    rig.assert_converged()
    assert before.id not in running(rig)


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_run_that_died_at_the_create_costs_the_old_one_nothing_while_there_is_no_other(
    after_effect: bool, rig: Rig
) -> None:
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


def test_an_interrupted_wait_for_the_new_one_leaves_the_old_one_until_it_is_ready(rig: Rig) -> None:
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


def test_an_old_one_that_would_not_go_is_remembered_shown_and_deleted_by_the_next_run(rig: Rig) -> None:
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
def test_killed_at_any_write_one_of_the_two_is_there_at_every_moment(at: int, after_effect: bool, rig: Rig) -> None:
    assert rig.crash(at_write=at, after_effect=after_effect)
    there = [running(rig)]

    def look(_: object) -> bool:
        there.append(running(rig))
        return False

    rig.apply(stop_when=look)
    rig.assert_converged()
    assert all(there)
    assert running(rig) == [rig.record("instance.a").id]


def test_an_old_one_goes_only_with_leave_and_is_told_with_what_is_lost(rig: Rig) -> None:
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
    told = plain(plan_lines(plan))
    assert f"- {old}, which it replaced and which is running, will be deleted\n          ! loses: " in told
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


def test_the_old_one_of_what_goes_altogether_is_told(rig: Rig) -> None:
    old = rig.record("instance.a").id
    rig.apply(stop_when=lambda event: isinstance(event, Identified), expect_success=False)
    told = plain(plan_lines(rig.plan(destroys=True, allow_data_loss=())))
    assert f"- {old}, which it replaced and which is running, will be deleted" in told
    rig.destroy(allow_data_loss=())
    assert rig.live_ids() == []


def test_new_ones_that_fail_are_taken_away_before_the_next_is_bought(rig: Rig) -> None:
    old = rig.record("instance.a").id
    rig.declare(("Instance", "a", {**OTHER, "image": "does-not-exist:1"}), **FIRST)
    for _ in range(4):
        result = rig.apply(expect_success=False, allow_data_loss=("instance.a",))
        assert old in running(rig)
        assert len([machine for machine in rig.world.instances if machine.status != "removed"]) == 2
        told = plain(result_lines(result, again="novita-infra apply"))
        assert "Still exists and costs:\n  instance.a: " in told
        assert f"(it failed; {old} existed before, remains and costs, too)\n" in told
        assert "destroy" not in told  # which would end the one that serves
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


def test_a_create_that_made_nothing_does_not_bear_the_id_of_the_old_one(rig: Rig) -> None:
    no_stock(rig)
    (end, _) = rig.apply(expect_success=False).ends
    assert (end.step.call_name, end.id) == ("create", "")
