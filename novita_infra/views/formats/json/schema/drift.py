"""The JSON Schema of drift in `plan --json`: `resource_drift`, and the age of resources that were not read."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.model.lifecycle import Cause, OnDrift

_FIELD: Final = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "before": {}, "after": {}},
    "required": ["name", "before", "after"],
    "additionalProperties": False,
}
_CAUSE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "cause": {"enum": [cause.value for cause in Cause], "description": "The cause of the drift."},
        "on_drift": {"enum": [answer.value for answer in OnDrift], "description": "The response to the drift."},
        "declared": {"type": "boolean", "description": "Whether the manifest declares it."},
        "description": {"type": "string", "description": "The event as text."},
        "by": {"type": "string", "description": "Who made the change, if it is known."},
        "fields": {"type": "array", "items": _FIELD, "description": "The fields that changed."},
    },
    "required": ["cause", "on_drift", "declared", "description", "by", "fields"],
    "additionalProperties": False,
}

ADOPTED: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "The field of the spec."},
            "declared": {"description": "The value in the manifest."},
            "wanted": {"description": "The value that is kept."},
            "cause": _CAUSE["properties"]["cause"],
        },
        "required": ["name", "declared", "wanted", "cause"],
        "additionalProperties": False,
    },
    "description": "Fields that differ from the manifest because onDrift adopted them.",
}
DRIFT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "The object's id."},
        "gone": {"type": "boolean", "description": "Whether the object is deleted, or being deleted."},
        "last_seen": {
            "type": "number",
            "description": "Time of the last read, in Unix seconds; 0 if it is unknown.",
        },
        "causes": {"type": "array", "items": _CAUSE, "minItems": 1},
    },
    "required": ["id", "gone", "last_seen", "causes"],
    "additionalProperties": False,
}
UNREAD: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": {"type": "number"},
    "description": "Resources that were not read: time of the last read by address, in Unix seconds; 0: unknown.",
}
