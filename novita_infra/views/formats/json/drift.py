"""Drift and adopted fields as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from novita_infra.planning.plan.changes import Action, Adopted, Drift
from novita_infra.views.formats.json.values import Json, shown_json


def adopted_json(items: Iterable[Adopted]) -> list[Json]:
    """Fields that were adopted and differ from the manifest."""
    return [
        {
            "name": item.name,
            "declared": shown_json(item.declared),
            "wanted": shown_json(item.wanted),
            "cause": item.cause.value,
        }
        for item in items
    ]


def drift_json(items: Iterable[Drift]) -> Json:
    """The drift of one resource, besides Terraform's before and after."""
    items = list(items)
    return {
        "id": items[0].id,
        "gone": items[0].gone,
        "last_seen": items[0].since,
        "causes": [
            {
                "cause": item.cause.value,
                "on_drift": item.on_drift.value,
                "declared": item.declared,
                "description": item.says,
                "by": item.by,
                "fields": [
                    {"name": field.name, "before": shown_json(field.before), "after": shown_json(field.after)}
                    for field in item.fields
                ],
            }
            for item in items
        ],
    }


def drift_report(data: Json) -> Json:
    """The output of the command `drift`: the parts of a plan's JSON that are about drift."""
    own, names = data["novita"], ("project", "environment", "unread", "notes", "problems")
    return {
        "format_version": data["format_version"],
        "resource_drift": data.get("resource_drift", []),
        "resource_changes": [
            item
            for item in data["resource_changes"]
            if item["novita"]["action"] != Action.NONE.value or "adopted" in item["novita"]
        ],
        "novita": {name: own[name] for name in names if name in own},
    }
