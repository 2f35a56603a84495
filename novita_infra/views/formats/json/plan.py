"""A plan as JSON in Terraform's representation, so that tools for it can read it. Pure.

What Terraform does not have is under `novita`. A secret is the text `(secret)`, marked in the `sensitive` twin. A value
that is not yet known is null or left out, marked in the `unknown` twin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from novita_infra.manifests.project.loading import Project
from novita_infra.model.addresses import Address
from novita_infra.model.clock import timestamp
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.values import Value
from novita_infra.planning.cost.durations import Estimate
from novita_infra.planning.plan.changes import Action, Change, Drift, Retired
from novita_infra.planning.plan.configuration import Configuration
from novita_infra.planning.plan.plan import OutputChanges, Plan
from novita_infra.planning.plan.review import Review, TimeRule
from novita_infra.planning.plan.steps import Step
from novita_infra.planning.saved.plan_file import SavedPlan
from novita_infra.views.content.drift import drifted
from novita_infra.views.content.plan import by_address
from novita_infra.views.formats.json.configuration import (
    configuration_json,
    configuration_of,
    relevant_attributes_json,
    variables_json,
)
from novita_infra.views.formats.json.diagnostics import diagnostic_json
from novita_infra.views.formats.json.drift import adopted_json, drift_json
from novita_infra.views.formats.json.estimate import estimate_json
from novita_infra.views.formats.json.lookups import lookup_json
from novita_infra.views.formats.json.money import cost_json, money_json
from novita_infra.views.formats.json.safety import (
    REASONS,
    checks_json,
    conditions_json,
    loss_json,
    policies_json,
    rename_json,
    rollout_json,
    targeting_json,
)
from novita_infra.views.formats.json.saved import saved_json
from novita_infra.views.formats.json.values import (
    PROVIDER,
    Json,
    marked,
    named,
    output_json,
    resource,
    root_module,
    sensitive,
    shown_json,
    unknown_json,
    values,
)

FORMAT: Final = "1.2"
"""The version of Terraform's plan representation that this follows."""
TERRAFORM: Final = "1.9.0"
"""The version of Terraform that prints this representation; tools for it refuse a plan without one."""

_ACTIONS: Final[Mapping[Action, list[str]]] = {
    Action.NONE: ["no-op"],
    Action.CREATE: ["create"],
    Action.UPDATE: ["update"],
    Action.REPLACE: ["delete", "create"],
    Action.DELETE: ["delete"],
    Action.ADOPT: ["no-op"],
    Action.RESUME: ["no-op"],
    Action.FORGET: ["forget"],
}


def plan_json(
    review: Review,
    *,
    digest: str = "",
    saved: SavedPlan | None = None,
    time: Estimate | None = None,
    warnings: Iterable[Diagnostic] = (),
    configuration: Configuration | None = None,
) -> Json:
    """The plan in Terraform's plan representation.

    `digest` is what it is approved by, `saved` the file that it is from, `time` how long it will take; `warnings` are
    those of the manifests, listed with the notes of the plan. `configuration` is what the manifests
    declare; without it the plan has neither variables nor a configuration.
    """
    plan, problems = review.plan, review.problems
    outputs = {name: output_json(value) for name, value in plan.outputs.after.items()}
    costs, detours = by_address(review.cost), plan.detours
    created = saved.setting.created if saved else review.cost.read if review.cost else None
    return {
        "format_version": FORMAT,
        "terraform_version": TERRAFORM,
        **({"timestamp": timestamp(created)} if created is not None else {}),
        "applyable": not problems and not (plan.empty and not plan.edits),
        "complete": not problems,
        "errored": bool(problems),
        **({"variables": variables_json(configuration)} if configuration and configuration.variables else {}),
        "planned_values": {
            "outputs": outputs,
            "root_module": root_module(
                resource(change.address, values(change.id, change.after))
                for change in plan.changes
                if change.after or change.action is Action.NONE
            ),
        },
        "resource_changes": [
            _resource_change(
                change, plan, cost=cost_json(costs.get(change.address)), detours=detours.get(change.address, ())
            )
            for change in plan.changes
        ],
        **({"resource_drift": drift} if (drift := [_resource_drift(*item) for item in drifted(plan)]) else {}),
        "output_changes": {
            name: _change(
                _output_actions(name, plan.outputs),
                plan.outputs.before.get(name),
                after=plan.outputs.after.get(name),
            )
            for name in sorted({*plan.outputs.after, *plan.outputs.before})
        },
        **(_configuration(review, configuration) if configuration else {}),
        "novita": {
            "project": plan.project,
            "environment": plan.environment,
            "destroys": plan.destroys,
            **targeting_json(plan),
            "money": money_json(review.cost),
            **({"lookups": [lookup_json(found) for found in review.lookups]} if review.lookups else {}),
            **({"times": [_time_rule(rule) for rule in review.times]} if review.times else {}),
            **({"rollouts": [rollout_json(item) for item in plan.rollouts]} if plan.rollouts else {}),
            **({"unread": dict(plan.unread)} if plan.unread else {}),
            "steps": [_step(step) for step in plan.steps],
            "problems": [diagnostic_json(item) for item in problems],
            "notes": [diagnostic_json(item) for item in (*warnings, *review.notes)],
            **({"renames": [rename_json(item) for item in review.renames]} if review.renames else {}),
            **({"policies": policies_json(review.verdicts)} if review.verdicts else {}),
            **({"digest": digest} if digest else {}),
            **({"saved": saved_json(saved)} if saved else {}),
            **({"estimate": estimate_json(time)} if time else {}),
        },
    }


def plan_json_of(project: Project) -> Callable[[Review], Json]:
    """The function from a plan of the project to its JSON with the manifests of the project: what policies read."""
    return lambda review: plan_json(review, configuration=configuration_of(project))


def _configuration(review: Review, configuration: Configuration) -> Json:
    """The configuration, what the changes refer to in it, and the conditions of its resources."""
    changing = (change.address for change in review.plan.changes if change.action is not Action.NONE)
    relevant = relevant_attributes_json(configuration, changing)
    checks = [] if review.plan.destroys else checks_json(review, configuration)
    return {
        "configuration": configuration_json(configuration),
        **({"relevant_attributes": relevant} if relevant else {}),
        **({"checks": checks} if checks else {}),
    }


def actions(change: Change) -> list[str]:
    """Terraform's words for what happens to a resource."""
    if change.action is Action.REPLACE and change.create_first:
        return ["create", "delete"]
    if change.action is Action.REFUSED:
        return ["delete"] if not change.after else ["update"] if change.id else ["create"]
    return _ACTIONS[change.action]


def _resource_change(change: Change, plan: Plan, *, cost: Json | None, detours: tuple[Step, ...]) -> Json:
    before = values(change.id, change.before) if change.action is not Action.CREATE else None
    after = values(change.id if change.action is not Action.REPLACE else "", change.after) if change.after else None
    data = _change(actions(change), before, after=after)
    if change.action in {Action.CREATE, Action.REPLACE}:
        data["after_unknown"] = {"id": True, **(data["after_unknown"] or {})}
    if replacing := [[item.name] for item in change.fields if item.replaces]:
        data["replace_paths"] = replacing
    imported = {record.address: record.id for record in plan.edits.imported}
    if change.action is Action.ADOPT or change.address in imported:
        data["importing"] = {"id": imported.get(change.address, change.id)}
    reason, previous = _reason(change, plan), plan.edits.previous.get(change.address)
    return {
        **named(change.address),
        **({"previous_address": str(previous)} if previous else {}),
        "provider_name": PROVIDER,
        "change": data,
        **({"action_reason": reason} if reason else {}),
        "novita": {
            "action": change.action.value,
            "id": change.id,
            "why": change.why,
            "loses": [loss_json(loss) for loss in change.loses],
            **({"retires": [_retired(old) for old in change.retires]} if change.retires else {}),
            "create_first": change.create_first,
            "asked": change.asked,
            **({"labels": dict(labels)} if (labels := plan.labels.get(str(change.address))) else {}),
            "cost": cost,
            **({"detours": [step.call_name for step in detours]} if detours else {}),
            "fields": [
                {
                    "name": item.name,
                    "before": shown_json(item.before),
                    "after": shown_json(item.after),
                    "means": item.means.text,
                    "replaces": item.replaces,
                }
                for item in change.fields
            ],
            **({"adopted": adopted_json(change.adopted)} if change.adopted else {}),
        },
    }


def _retired(old: Retired) -> Json:
    return {"id": old.id, "status": old.status, "loses": [loss_json(loss) for loss in old.loses]}


def _resource_drift(address: Address, items: list[Drift]) -> Json:
    first = items[0]
    before, after = values(first.id, first.before), None if first.gone else values(first.id, first.after)
    words = ["delete"] if first.gone else ["update"] if first.before != first.after else ["no-op"]
    change = _change(words, before, after=after)
    return {**named(address), "provider_name": PROVIDER, "change": change, "novita": drift_json(items)}


def _change(words: list[str], before: Value, *, after: Value) -> Json:
    return {
        "actions": words,
        "before": shown_json(before),
        "after": shown_json(after),
        "after_unknown": marked(after, unknown_json)
        if not isinstance(after, Mapping)
        else marked(after, unknown_json) or {},
        "before_sensitive": marked(before, sensitive),
        "after_sensitive": marked(after, sensitive),
    }


def _reason(change: Change, plan: Plan) -> str:
    if change.forced is not None:
        return REASONS[change.forced]
    if change.action is Action.REPLACE and any(item.replaces for item in change.fields):
        return "replace_because_cannot_update"
    if change.action is Action.REPLACE:
        return "replace_because_tainted"
    if change.action is Action.DELETE and not plan.destroys:
        return "delete_because_no_resource_config"
    return ""


def _output_actions(name: str, outputs: OutputChanges) -> list[str]:
    if name not in outputs.changed:
        return ["no-op"]
    if name not in outputs.before:
        return ["create"]
    return ["update"] if name in outputs.after else ["delete"]


def _time_rule(rule: TimeRule) -> Json:
    moment = timestamp(rule.next) if rule.next else None
    return {"address": str(rule.address), "says": list(rule.says), "next": moment}


def _step(step: Step) -> Json:
    return {
        "key": step.key,
        "address": str(step.address),
        "call": step.call_name,
        "id": step.id,
        "fields": list(step.fields),
        "after": list(step.after),
        **({"helped_by": list(step.conditions.helped_by)} if step.conditions.helped_by else {}),
        "description": step.says,
        **conditions_json(step),
        **({"check": str(step.conditions.check)} if step.conditions.check else {}),
        **({"hooks": [str(hook) for hook in step.conditions.hooks]} if step.conditions.hooks else {}),
    }
