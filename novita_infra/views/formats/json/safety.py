"""Targeting, data loss, conditions and verdicts of policies as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from novita_infra.model.addresses import Address
from novita_infra.model.resources import Loss
from novita_infra.model.values import refs
from novita_infra.planning.checks.conditions import BROKEN
from novita_infra.planning.plan.changes import Action, Along, Forced
from novita_infra.planning.plan.configuration import Configuration
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.renames import Rename
from novita_infra.planning.plan.review import Review
from novita_infra.planning.plan.rollouts import Rollout
from novita_infra.planning.plan.steps import Step
from novita_infra.planning.plan.verdicts import Judgement, VerdictReason
from novita_infra.views.content.plan import policy_outcome
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


def rollout_json(rollout: Rollout) -> Json:
    """A rollout: its pace as text, and as values for a program."""
    return {
        "name": rollout.name,
        "members": rollout.members,
        "max_unavailable": rollout.limit,
        "in_order": rollout.in_order,
        "pause_seconds": rollout.pause,
        "order": list(map(str, rollout.order)),
        "down": list(map(str, rollout.down)),
        "left_down": list(map(str, rollout.left_down)),
        "description": str(rollout),
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
        "moved": rename.entry,
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


def checks_json(review: Review, configuration: Configuration) -> list[Json]:
    """The checks of the resources with conditions, those of a `forEach` together.

    A plan does not look at the preconditions of an unchanged resource.
    """
    manifests = {item.address: item for item in configuration.resources if item.preconditions or item.postconditions}
    plan = review.plan
    broken: dict[str, list[Json]] = {}
    for item in review.problems:
        if item.summary.startswith(BROKEN):
            broken.setdefault(item.address, []).append({"message": item.summary.removeprefix(BROKEN)})
    waiting = {step.address for step in plan.steps if step.conditions}
    groups: dict[Address, list[tuple[Address, str]]] = {}
    for change in plan.changes:
        address, manifest = change.address, manifests.get(change.address.unkeyed)
        if manifest is None:
            continue
        unchecked = change.action is Action.NONE and manifest.preconditions
        status = "fail" if str(address) in broken else "unknown" if unchecked or address in waiting else "pass"
        groups.setdefault(manifest.address, []).append((address, status))
    return [
        {
            "address": {
                "kind": "resource",
                "mode": "managed",
                "type": group.type,
                "name": group.name,
                "to_display": str(group),
            },
            "status": next(word for word in ("fail", "unknown", "pass") if word in {status for _, status in instances}),
            "instances": [
                {
                    "address": {
                        "to_display": str(address),
                        **({"instance_key": address.key} if address.key else {}),
                    },
                    "status": status,
                    **({"problems": broken[str(address)]} if str(address) in broken else {}),
                }
                for address, status in instances
            ],
        }
        for group, instances in groups.items()
    ]


def _along(item: Along) -> Json:
    return {"address": str(item.address), "why": item.why}


def policies_json(judgements: Iterable[Judgement]) -> list[dict[str, Any]]:
    """Each policy with its outcome and its reasons."""
    return [
        {
            "name": judgement.policy.name,
            "by": judgement.policy.by.value,
            "run": list(judgement.policy.words),
            "outcome": policy_outcome(judgement),
            "deny": _verdict_reasons(judgement.verdict.deny),
            "warn": _verdict_reasons(judgement.verdict.warn),
            "error": judgement.error,
        }
        for judgement in judgements
    ]


def _verdict_reasons(reasons: Iterable[VerdictReason]) -> list[dict[str, str]]:
    return [{"address": reason.address, "reason": reason.text} for reason in reasons]
