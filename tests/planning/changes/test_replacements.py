"""Forced replacements: by the command line and by triggers."""

from __future__ import annotations

from planning_values import BASE, NET, STORAGE, case, decision, existing

from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Lifecycle, Trigger
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.changes.replacements import REQUEST, remembered, sets_off, with_forced_replacement
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.changes import Action, Forced

SPEC = {"name": "n", "cluster": "c"}


def forced(
    *triggers: Trigger,
    replaces: tuple[str, ...] = (),
    decisions: dict[Address, Decision] | None = None,
    left_out: tuple[Address, ...] = (),
    reason: str = "",
) -> Decision:
    one = case(NET, SPEC, existing(NET, SPEC, recreate_reason=reason), lifecycle=Lifecycle(triggers=triggers))
    assert one.declared is not None
    return with_forced_replacement(
        decision(NET, SPEC, one.existing),
        one.declared,
        options=PlanOptions(replaces=replaces),
        decisions=decisions or {},
        left_out=left_out,
    )


def replaced(address: Address = BASE) -> dict[Address, Decision]:
    """A resource that is created again, because its object is gone."""
    return {address: decision(address, {"image": "a"}, existing(address, {"image": "a"}, gone=True))}


def test_nothing_is_forced_where_nothing_asks() -> None:
    assert forced().action is Action.NONE


def test_the_command_line_forces_a_replacement() -> None:
    made = forced(replaces=("vpc.*",))
    assert (made.action, made.forced, made.due) == (Action.REPLACE, Forced.REQUEST, REQUEST)


def test_a_trigger_forces_a_replacement_after_another() -> None:
    made = forced(Trigger(BASE), decisions=replaced())
    assert (made.action, made.forced, made.due, made.why) == (
        Action.REPLACE,
        Forced.TRIGGER,
        "template.base",
        "template.base is replaced",
    )


def test_a_trigger_of_a_left_out_resource_does_not_go_off() -> None:
    assert forced(Trigger(BASE), decisions=replaced(), left_out=(BASE,)).action is Action.NONE


def test_a_trigger_on_a_path_looks_inside_the_field() -> None:
    env = {"A": "1", "B": "1"}
    update = {BASE: decision(BASE, {"env": {**env, "A": "2"}}, existing(BASE, {"env": env}))}
    assert forced(Trigger(BASE, ("env", "A")), decisions=update).action is Action.REPLACE
    assert forced(Trigger(BASE, ("env", "B")), decisions=update).action is Action.NONE


def test_a_new_resource_sets_off_no_trigger() -> None:
    assert forced(Trigger(BASE), decisions={BASE: decision(BASE, {"image": "a"})}).action is Action.NONE


def test_a_replacement_that_an_earlier_run_did_not_reach_is_still_due() -> None:
    assert forced(reason=REQUEST).why == "--replace asked an earlier run for it, which did not get that far"
    assert forced(Trigger(BASE), reason="template.base").forced is Forced.TRIGGER


def test_a_resource_knows_which_decision_sets_it_off() -> None:
    item = case(NET, SPEC, lifecycle=Lifecycle(triggers=(Trigger(BASE),))).declared
    assert item is not None
    assert sets_off(item, BASE, replaced()[BASE])
    assert not sets_off(item, STORAGE, replaced(STORAGE)[STORAGE])


def test_a_left_out_replacement_is_remembered_in_its_record() -> None:
    decisions = {NET: forced(replaces=("vpc.n",))}
    assert [record.recreate_reason for record in remembered(decisions, {NET: "--exclude"})] == [REQUEST]
    assert list(remembered(decisions, {})) == []
