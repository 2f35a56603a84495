"""The published JSON Schema of the document of a notice. `python -m novita_infra.notices.schema FOLDER` writes it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from novita_infra.kinds import KINDS
from novita_infra.model.lifecycle import OF_RESOURCE, HookEvent
from novita_infra.notices.document import (
    ACTIONS,
    FORMAT_VERSION,
    MOST_ITEMS,
    NoticeOutcome,
    NotificationEvent,
)
from novita_infra.schema.objects import DRAFT, Schema, closed_object, schema_id
from novita_infra.schema.resources import text_of_schema

NAME: Final = "notice.json"
_RESOURCE: Final = ("address", "kind", "id", "action")
_NOTIFICATION: Final = ("items", "itemsLeftOut", "hourlyCost")


def notice_schema() -> Schema:
    """The schema. The keys of a resource, and of a notification, stand in the documents of its events alone."""
    properties: Schema = {
        "formatVersion": {"const": FORMAT_VERSION, "description": "It rises when a key changes its meaning or goes."},
        "event": {
            "enum": [event.value for event in (*HookEvent, *NotificationEvent)],
            "description": "What happened, or is about to.",
        },
        "project": _text("The name of the project."),
        "environment": _text("The environment; `default` without one."),
        "command": {
            "enum": ["plan", "apply", "destroy", "drift", "idle", "ci apply", "ci drift", "notifications test"],
            "description": "The command.",
        },
        "time": {"type": "string", "format": "date-time", "description": "When it happened, in UTC."},
        "planDigest": {
            "type": ["string", "null"],
            "description": "The digest by which the plan is approved; null while there is no plan.",
        },
        "summary": {
            "anyOf": [
                closed_object({action: {"type": "integer", "minimum": 0} for action in ACTIONS}, required=ACTIONS),
                {"type": "null"},
            ],
            "description": "How many resources have each action of the plan; null while there is no plan.",
        },
        "outcome": {
            "enum": [*(outcome.value for outcome in NoticeOutcome), None],
            "description": "How the plan or the run ended; null before its end.",
        },
        "errors": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Why it did not succeed, for a person, without secrets.",
        },
        "address": _text('The address of the resource, such as `instance.worker["eu"]`.'),
        "kind": {"enum": sorted(kind.name for kind in KINDS.values()), "description": "The kind of the resource."},
        "id": _text("The id of its object in the API."),
        "action": {"enum": [*ACTIONS, "no-op"], "description": "What the plan does to the resource."},
        **_of_notification(),
    }
    always = [name for name in properties if name not in {*_RESOURCE, *_NOTIFICATION}]
    of_resources = sorted(event.value for event in OF_RESOURCE)
    of_notifications = sorted(event.value for event in NotificationEvent)
    return {
        "$schema": DRAFT,
        "$id": schema_id("notice"),
        "title": "A notice of novita-infra: what hooks get on standard input, and webhooks as a body",
        **closed_object(properties, required=always),
        "allOf": [_only_of(of_resources, _RESOURCE), _only_of(of_notifications, _NOTIFICATION)],
    }


def _only_of(events: list[str], keys: tuple[str, ...]) -> Schema:
    """Documents of these events have the keys, and others do not."""
    return {
        "if": {"properties": {"event": {"enum": events}}},
        "then": {"required": list(keys)},
        "else": {"properties": dict.fromkeys(keys, False)},
    }


def _of_notification() -> Schema:
    money = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
    item = closed_object(
        {
            "address": _text("The address; the id of an object that no state records."),
            "what": _text("The action of a change, the cause of drift, or how long a machine rests."),
            "hourlyCost": {
                "anyOf": [money, {"type": "null"}],
                "description": "What it costs per hour at most, in USD; of a change, after it; null if not known.",
            },
        },
        required=["address", "what", "hourlyCost"],
    )
    return {
        "items": {"type": "array", "items": item, "maxItems": MOST_ITEMS, "description": "What it is about."},
        "itemsLeftOut": {"type": "integer", "minimum": 0, "description": "How many items there are beyond those."},
        "hourlyCost": {
            "anyOf": [closed_object({"before": money, "after": money}, required=["before", "after"]), {"type": "null"}],
            "description": "What the environment costs per hour at most, in USD; null if not known.",
        },
    }


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


if __name__ == "__main__":
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "schemas") / NAME
    path.write_text(text_of_schema(notice_schema()), encoding="utf-8")
