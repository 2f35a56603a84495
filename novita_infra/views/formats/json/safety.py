"""Targeting, data loss and conditions of a plan as JSON. Pure."""

from __future__ import annotations

from novita_infra.model.resources import Loss
from novita_infra.model.values import refs
from novita_infra.planning.plan.changes import Along, Forced
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.renames import Rename
from novita_infra.planning.plan.steps import Step
from novita_infra.views.formats.json.values import Json, shown_json

REASONS = {Forced.REQUEST: "replace_by_request", Forced.TRIGGER: "replace_by_triggers"}
"""Terraform's reasons for a replacement that no field requires."""


def targeting_json(plan: Plan) -> Json:
    """The resources that are included and left out, and what may be lost."""
    return {
        "along": [_along(item) for item in plan.selection.along],
        "left_out": [_along(item) for item in plan.selection.left_out],
        "allowed": {"data_loss": list(plan.selection.data_loss), "large_change": plan.selection.large_change},
    }


def loss_json(loss: Loss) -> Json:
    """A loss of data: as text, and as values for a program."""
    return {"text": str(loss), "what": loss.what, "gb": loss.gb, "when": loss.when or None, "lasting": loss.lasting}


def rename_json(rename: Rename) -> Json:
    """A resource that is deleted and created under another name, and the command that keeps its object."""
    return {
        "from": str(rename.source),
        "to": str(rename.target),
        "id": rename.id,
        "name": rename.name or None,
        "command": rename.command,
    }


def conditions_json(step: Step) -> Json:
    """The conditions before and after a step; empty without conditions."""
    groups = {"requires": step.conditions.requires, "ensures": step.conditions.ensures}
    return {
        name: [
            {
                "value": ", ".join(map(str, refs(item.value))) or shown_json(item.value),
                "is": item.schema,
                "message": item.message,
            }
            for item in conditions
        ]
        for name, conditions in groups.items()
        if conditions
    }


def _along(item: Along) -> Json:
    return {"address": str(item.address), "why": item.why}
