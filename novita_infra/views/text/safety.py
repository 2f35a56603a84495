"""What guards a plan: what comes along, what is left out, what vanishes and may, and what must hold on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from novita_infra.model.resources import Loss
from novita_infra.model.values import Value, refs
from novita_infra.planning.plan.changes import Along, Forced
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.steps import Step
from novita_infra.views.text.lines import Line, Tone, line

Json: TypeAlias = dict[str, Any]

REASONS = {Forced.REQUEST: "replace_by_request", Forced.TRIGGER: "replace_by_triggers"}
"""Terraform's words for why something is replaced that could stay."""


def detour_lines(calls: tuple[Step, ...]) -> Iterator[Line]:
    """The calls that no field asks for, and what they cost; nothing where there are none."""
    if calls:
        told = "it is stopped: started first for this, charged as running meanwhile, and stopped again afterwards"
        yield line((f"      # {told}", Tone.CHANGE))


def targeting_lines(plan: Plan) -> Iterator[Line]:
    """What comes along and what is left out, each with the reason, and what may be lost."""
    for title, items in (("Done as well:", plan.along), ("Left out:", plan.left)):
        if items:
            yield line((title, Tone.STRONG))
            for item in items:
                yield line(f"      {item.address}", (f"  # {item.why}", Tone.FAINT))
            yield line()
    for step in plan.steps:
        told = [
            f"{len(found)} {when}" for found, when in ((step.requires, "before it"), (step.ensures, "after")) if found
        ]
        if told:
            yield line(f"Conditions of {step.address}, asked on the way: {', '.join(told)} ({step.call})")
    if any(step.requires or step.ensures for step in plan.steps):
        yield line()
    if plan.allowed and any(not loss.when for change in plan.changes for loss in change.loses):
        yield line(("Data may be lost of: ", Tone.BAD), ", ".join(plan.allowed))
        yield line()


def targeting_json(plan: Plan) -> Json:
    """The same as JSON."""
    return {
        "along": [_along(item) for item in plan.along],
        "left_out": [_along(item) for item in plan.left],
        "allowed": {"data_loss": list(plan.allowed), "large_change": plan.large_change},
    }


def loss_json(loss: Loss) -> Json:
    """What vanishes: in words, and what a program can compare."""
    return {"text": str(loss), "what": loss.what, "gb": loss.gb, "when": loss.when or None, "lasting": loss.lasting}


def conditions_json(step: Step, shown: Callable[[Value], Value]) -> Json:
    """What must hold before and after a step; nothing where nothing must."""
    told = {"requires": step.requires, "ensures": step.ensures}
    return {
        name: [
            {
                "value": ", ".join(map(str, refs(item.value))) or shown(item.value),
                "is": item.schema,
                "message": item.message,
            }
            for item in conditions
        ]
        for name, conditions in told.items()
        if conditions
    }


def _along(item: Along) -> Json:
    return {"address": str(item.address), "why": item.why}
