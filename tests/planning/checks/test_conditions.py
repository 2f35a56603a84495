"""Preconditions and postconditions."""

from __future__ import annotations

from planning_values import MACHINE, NET, decision, declared, existing

from novita_infra.model.lifecycle import Condition, Lifecycle
from novita_infra.model.values import Ref, Value
from novita_infra.planning.checks.conditions import demanded, holds, watched
from novita_infra.planning.plan.changes import Action

STATUS = Condition(Ref(NET, "status"), {"const": "ok"}, "the network is not ready")
OUTPUTS: dict[str, Value] = {"status": "bad", "id": "n-1"}


def known(ref: Ref) -> Value:
    return OUTPUTS.get(ref.attribute, ref)


def test_a_condition_holds_where_the_value_fits_the_schema() -> None:
    assert holds(STATUS, "ok")
    assert not holds(STATUS, "bad")


def test_a_precondition_that_does_not_hold_refuses_the_plan() -> None:
    item = declared(MACHINE, {}, lifecycle=Lifecycle(preconditions=(STATUS,)))
    changed, (finding,) = demanded({MACHINE: decision(MACHINE, {"image": "a"})}, {MACHINE: item}, known)
    assert finding.diagnostic.summary == "a precondition does not hold: the network is not ready"
    assert changed[MACHINE].requires == ()


def test_a_precondition_on_what_another_step_changes_is_checked_later() -> None:
    item = declared(MACHINE, {}, lifecycle=Lifecycle(preconditions=(STATUS,)))
    decisions = {MACHINE: decision(MACHINE, {"image": "a"}), NET: decision(NET, {"name": "n"})}
    changed, findings = demanded(decisions, {MACHINE: item}, known)
    assert (findings, changed[MACHINE].requires) == ([], (STATUS,))


def test_an_unchanged_resource_needs_no_precondition() -> None:
    item = declared(MACHINE, {}, lifecycle=Lifecycle(preconditions=(STATUS,)))
    same = decision(MACHINE, {"image": "a"}, existing(MACHINE, {"image": "a"}))
    assert demanded({MACHINE: same}, {MACHINE: item}, known) == ({MACHINE: same}, [])


def test_an_unchanged_resource_whose_postcondition_does_not_hold_is_waited_for() -> None:
    item = declared(NET, {}, lifecycle=Lifecycle(postconditions=(STATUS,)))
    same = decision(NET, {"name": "n"}, existing(NET, {"name": "n"}))
    made = watched({NET: same}, {NET: item}, known)[NET]
    assert (made.action, made.waits) == (Action.RESUME, True)
    assert made.why == "a postcondition does not hold: the network is not ready"
