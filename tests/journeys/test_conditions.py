"""Pre- and postconditions: checked by the plan where the values are known, else when the step is due."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rig import Rig

from novita_infra.applying.events import Result
from novita_infra.model.diagnostics import EXIT_ERROR, EXIT_REFUSED
from novita_infra.planning.plan.changes import Action

CLUSTER = "us-dallas-nas-2"
NET = ("VPC", "net", {"cluster": CLUSTER})
MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
A = ("Instance", "a", MACHINE)
B = ("Instance", "b", {**MACHINE, "env": {"PEER": "${instance.a.id}"}})
PROJECT = {
    "apiVersion": "novita-infra/v1",
    "kind": "Project",
    "metadata": {"name": "rig"},
    "variables": {"hours": {"type": "integer", "default": 3}},
}


def demand(value: Any, schema: Any, message: str = "it must not be") -> dict[str, Any]:
    return {"value": value, "is": schema, "message": message}


def ends(result: Result) -> dict[str, tuple[str, int]]:
    return {end.step.key.partition(":")[0]: (end.outcome.value, end.code) for end in result.ends}


def test_a_precondition_that_is_known_not_to_hold_refuses_the_plan(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.write("novita-infra.yaml", PROJECT)
    few = {"preconditions": [demand("${var.hours}", {"minimum": 4}, "at least four hours are needed")]}
    rig.declare(A, NET, a=few)
    plan = rig.plan()
    assert plan.code == EXIT_REFUSED
    (problem,) = plan.problems
    assert (problem.summary, problem.address) == (
        "a precondition does not hold: at least four hours are needed",
        "instance.a",
    )
    rig.variables["hours"] = "4"
    rig.apply()
    rig.variables.clear()
    assert rig.plan().empty  # nothing is to be done, so nothing is demanded


def test_an_unknown_precondition_is_checked_when_its_step_is_due(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    looks = {"preconditions": [demand("${instance.a.clusterName}", {"const": "nowhere"}, "a is not where b may be")]}
    rig.declare(A, B, b=looks)
    assert not rig.plan().problems
    result = rig.apply(expect_success=False)
    assert ends(result) == {"instance.a/create": ("done", 0), "instance.b/create": ("failed", EXIT_REFUSED)}
    (reason,) = [end.reason for end in result.ends if end.reason]
    assert reason == "a precondition does not hold: a is not where b may be (nothing was done)"
    assert [str(address) for address in rig.state().records] == ["instance.a"]
    assert rig.plan().code == EXIT_REFUSED  # and now it is known
    rig.declare(A, B)
    rig.apply()
    rig.assert_converged()


def test_nothing_is_deleted_for_a_replacement_whose_precondition_does_not_hold(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    looks = {"preconditions": [demand("${instance.a.url}", {"type": "string"}, "a has no address")]}
    rig.declare(A, B)
    rig.apply()
    first = rig.record("instance.b").id
    rig.declare(("Instance", "a", {**MACHINE, "env": {"X": "1"}}), (*B[:2], {**B[2], "gpuCount": 2}), b=looks)
    result = rig.apply(expect_success=False)
    assert ends(result)["instance.b/delete"] == ("failed", EXIT_REFUSED)
    assert rig.record("instance.b").id == first
    assert first in rig.live_ids()


def test_a_false_postcondition_fails_the_step_and_keeps_the_object(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    own = {"postconditions": [demand("${instance.a.url}", {"type": "string"}, "it has no address")]}
    rig.declare(A, B, a=own)
    result = rig.apply(expect_success=False)
    assert ends(result) == {"instance.a/create": ("failed", EXIT_ERROR), "instance.b/create": ("skipped", 0)}
    first = rig.record("instance.a").id
    assert first
    rig.declare(("Instance", "a", {**MACHINE, "ports": ["80/http"]}), B, a=own)
    rig.apply()
    assert rig.record("instance.a").id == first
    rig.assert_converged()


def test_an_output_that_is_still_not_there_fails_the_next_run_too(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    own = {"postconditions": [demand("${instance.a.url}", {"type": "string"}, "it has no address")]}
    rig.declare(A, B, a=own)
    rig.apply(expect_success=False)
    result = rig.apply(expect_success=False)
    assert ends(result) == {"instance.a/wait": ("failed", EXIT_ERROR), "instance.b/create": ("skipped", 0)}
    assert len(rig.live_ids()) == 1


def test_an_unchanged_resource_with_a_false_postcondition_is_checked_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    own = {"postconditions": [demand("${instance.a.status}", {"const": "wandering"}, "it is not what it should be")]}
    rig.declare(A, a=own)
    rig.apply(expect_success=False)
    (change,) = rig.plan().plan.changes
    assert change.action is Action.RESUME
    assert change.why == "a postcondition does not hold: it is not what it should be"
    result = rig.apply(expect_success=False)
    assert ends(result) == {"instance.a/wait": ("failed", EXIT_ERROR)}
    rig.declare(A)
    rig.assert_converged()
