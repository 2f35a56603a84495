"""What is made anew although it could stay: because the command line says so, or after another resource. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Trigger
from novita_infra.model.records import Record
from novita_infra.model.resources import Declared
from novita_infra.model.values import Value
from novita_infra.planning.changes.decisions import Decision, anew
from novita_infra.planning.options import PlanOptions, is_selected
from novita_infra.planning.plan.changes import Action, Forced

REQUEST: Final = "--replace"
"""What the books say of a replacement that the command line asked for."""


def renewed(
    kind: Kind,
    decision: Decision,
    wanted: Declared,
    *,
    asked: PlanOptions,
    decisions: Mapping[Address, Decision],
    left: Collection[Address],
    key: str,
) -> Decision:
    """The decision, made one to replace where that is asked for. `decisions` are those on what it needs."""
    record = decision.found.record
    due = record.recreate_reason if record else ""
    if is_selected(wanted.address, asked.replaces):
        return anew(kind, decision, key=key, why=f"{REQUEST} asks for it", forced=Forced.REQUEST, due=REQUEST)
    for trigger in wanted.lifecycle.triggers:
        other = decisions.get(trigger.address)
        why = _moves(trigger, other) if other is not None and trigger.address not in left else ""
        if not why and due == str(trigger):
            why = f"it was to be made anew after {trigger} by an earlier run, which did not come so far"
        if why:
            return anew(kind, decision, key=key, why=why, forced=Forced.TRIGGER, due=str(trigger))
    if due == REQUEST:
        why = f"{REQUEST} asked an earlier run for it, which did not come so far"
        return anew(kind, decision, key=key, why=why, forced=Forced.REQUEST, due=REQUEST)
    return decision


def sets_off(wanted: Declared, address: Address, decision: Decision) -> bool:
    """Whether a trigger of the resource goes off with the decision on what is at the address."""
    return any(_moves(trigger, decision) for trigger in wanted.lifecycle.triggers if trigger.address == address)


def remembered(decisions: Mapping[Address, Decision], left: Mapping[Address, str]) -> Iterator[Record]:
    """Records of what is left out and yet is to be made anew, sometime: what asks for it is over after this run."""
    for address in sorted(left):
        decision = decisions.get(address)
        record = decision.found.record if decision else None
        if decision is not None and record is not None and decision.due and record.recreate_reason != decision.due:
            yield replace(record, recreate_reason=decision.due)


def _moves(trigger: Trigger, other: Decision) -> str:
    """Why the trigger goes off with that decision; empty where it does not."""
    if other.makes and other.found.record is not None:
        return f"{trigger.address} is made anew"
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
