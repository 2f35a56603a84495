"""The steps of a plan: their actions, and their form in plan files."""

from __future__ import annotations

import pytest

from novita_infra.encoding import Malformed, decode_as, encode
from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address
from novita_infra.planning.plan.steps import Step, StepAction, StepKind, Update, action_name, action_named

OLD = {
    "key": "instance.a/create",
    "address": "instance.a",
    "call": "create",
    "id": "i-1",
    "gone": "i-0",
    "spec": {"image": "b"},
    "after": ["vpc.net/create"],
    "fields": ["image"],
    "says": "create: a new container",
    "needs": ["vpc.net"],
    "source": "fleet.yaml",
    "protect": True,
    "timeout": 60.0,
    "stages": {"pull": 30.0},
    "capacity_wait": 10.0,
    "group": "g",
    "undoes": True,
    "requires": [{"value": 1, "schema": {"minimum": 1}, "message": "too few"}],
    "ensures": [{"value": 2, "schema": {"minimum": 2}, "message": "too few"}],
}
"""A step as version 0.1 wrote it."""


def test_a_step_of_an_old_plan_file_is_read_and_written_alike() -> None:
    step = decode_as(Step, OLD)
    assert encode(step) == OLD
    assert step.record.needs == (Address("vpc", "net"),)
    assert (step.limits.timeout, step.limits.stages, step.limits.capacity_wait) == (60.0, {"pull": 30.0}, 10.0)
    assert [item.value for item in (*step.conditions.requires, *step.conditions.ensures)] == [1, 2]


@pytest.mark.parametrize(("name", "action"), [("wait", StepKind.WAIT), ("upgrade", Update("upgrade"))])
def test_an_action_is_named_in_json_by_its_text(name: str, action: StepAction) -> None:
    step = Step("instance.a/x", Address("instance", "a"), action)
    assert encode(step) == {"key": "instance.a/x", "address": "instance.a", "call": name}
    assert decode_as(Step, encode(step)) == step
    assert action_named(action_name(action)) == action


@pytest.mark.parametrize("changed", [{"call": 1}, {"timeout": "long"}, {"action": "create"}, {"record": {}}])
def test_a_step_with_a_wrong_member_is_malformed(changed: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        decode_as(Step, {**OLD, **changed})


def test_a_step_without_a_call_is_malformed() -> None:
    with pytest.raises(Malformed, match="call is missing"):
        decode_as(Step, {name: value for name, value in OLD.items() if name != "call"})


def test_no_call_of_a_kind_has_the_name_of_a_step_kind() -> None:
    assert not {call.name for kind in KINDS.values() for call in kind.api.updates} & {item.value for item in StepKind}
