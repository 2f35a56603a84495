"""The published JSON Schema of the document of a notice. `python -m novita_infra.notices.schema FOLDER` writes it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from novita_infra.kinds import KINDS
from novita_infra.notices.document import ACTIONS, FORMAT_VERSION, OF_RESOURCES, NoticeEvent, NoticeOutcome
from novita_infra.schema.objects import DRAFT, Schema, closed_object, schema_id
from novita_infra.schema.resources import text_of_schema

NAME: Final = "notice.json"
_RESOURCE: Final = ("address", "kind", "id", "action")


def notice_schema() -> Schema:
    """The schema. The keys of a resource stand in the documents of its events, and in no others."""
    properties: Schema = {
        "formatVersion": {"const": FORMAT_VERSION, "description": "It rises when a key changes its meaning or goes."},
        "event": {"enum": [event.value for event in NoticeEvent], "description": "What happened, or is about to."},
        "project": _text("The name of the project."),
        "environment": _text("The environment; `default` without one."),
        "command": {"enum": ["plan", "apply", "destroy"], "description": "The command."},
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
    }
    always = [name for name in properties if name not in _RESOURCE]
    of_resources = sorted(event.value for event in OF_RESOURCES)
    about_resource = {"required": list(_RESOURCE)}
    return {
        "$schema": DRAFT,
        "$id": schema_id("notice"),
        "title": "A notice of novita-infra: what hooks get on standard input",
        **closed_object(properties, required=always),
        "if": {"properties": {"event": {"enum": of_resources}}},
        "then": about_resource,
        "else": {"properties": dict.fromkeys(_RESOURCE, False)},
    }


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


if __name__ == "__main__":
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "schemas") / NAME
    path.write_text(text_of_schema(notice_schema()), encoding="utf-8")
