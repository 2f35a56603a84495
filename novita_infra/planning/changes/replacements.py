"""Forced replacements: asked for by the command line, or by a trigger after another resource. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Trigger
from novita_infra.model.records import Record
from novita_infra.model.resources import Declared
from novita_infra.model.values import Value
from novita_infra.planning.changes.decisions import Decision, with_replacement
from novita_infra.planning.options import PlanOptions, is_selected
from novita_infra.planning.plan.changes import Action, Forced

REQUEST: Final = "--replace"
"""The words in the state for a replacement that the command line asked for."""


def with_forced_replacement(
    decision: Decision,
    declared: Declared,
    *,
    options: PlanOptions,
    decisions: Mapping[Address, Decision],
    left_out: Collection[Address],
) -> Decision:
    """The decision, or the one to replace where that is asked for.

    `decisions` are those on what the resource needs. A trigger that is left out does not go off.
    """
    record = decision.case.record
    due = record.recreate_reason if record else ""
    if is_selected(declared.address, options.replaces):
        return with_replacement(decision, why=f"{REQUEST} asks for it", forced=Forced.REQUEST, due=REQUEST)
    for trigger in declared.lifecycle.triggers:
        other = decisions.get(trigger.address)
        why = _moves(trigger, other) if other is not None and trigger.address not in left_out else ""
        if not why and due == str(trigger):
            why = f"an earlier run was to replace it after {trigger}, and did not get that far"
        if why:
            return with_replacement(decision, why=why, forced=Forced.TRIGGER, due=str(trigger))
    if due == REQUEST:
        why = f"{REQUEST} asked an earlier run for it, which did not get that far"
        return with_replacement(decision, why=why, forced=Forced.REQUEST, due=REQUEST)
    return decision


def sets_off(declared: Declared, address: Address, decision: Decision) -> bool:
    """Whether the decision on the other address sets off a trigger of the resource."""
    return any(_moves(trigger, decision) for trigger in declared.lifecycle.triggers if trigger.address == address)


def remembered(decisions: Mapping[Address, Decision], left: Mapping[Address, str]) -> Iterator[Record]:
    """The records of left-out resources that are to be replaced later: what asks for it is gone after this run."""
    for address in sorted(left):
        decision = decisions.get(address)
        record = decision.case.record if decision else None
        if decision is not None and record is not None and decision.due and record.recreate_reason != decision.due:
            yield replace(record, recreate_reason=decision.due)


def _moves(trigger: Trigger, other: Decision) -> str:
    """Why the decision sets off the trigger; empty where it does not."""
    if other.makes and other.case.record is not None:
        return f"{trigger.address} is replaced"
    if not trigger.path or other.action is not Action.UPDATE:
        return ""
    name, *path = trigger.path
    changed = any(
        item.name == name and _inside(item.before, path) != _inside(item.after, path) for item in other.fields
    )
    return f"{trigger} changes" if changed else ""


def _inside(value: Value, path: list[str]) -> Value:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
