"""The JSON Schema of what `plan --json` says of drift: `resource_drift`, and the age of what was not read."""

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
        "cause": {"enum": [cause.value for cause in Cause], "description": "Why it is other than it was left."},
        "on_drift": {"enum": [answer.value for answer in OnDrift], "description": "What becomes of it."},
        "declared": {"type": "boolean", "description": "Whether the manifest says anything of it."},
        "says": {"type": "string", "description": "What befell it, in words."},
        "by": {"type": "string", "description": "Who did it, as far as that is known."},
        "fields": {"type": "array", "items": _FIELD, "description": "What is other than it was left."},
    },
    "required": ["cause", "on_drift", "declared", "says", "by", "fields"],
    "additionalProperties": False,
}

ADOPTED: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "The field of the spec."},
            "declared": {"description": "As the manifest has it."},
            "wanted": {"description": "As it is, and stays."},
            "cause": _CAUSE["properties"]["cause"],
        },
        "required": ["name", "declared", "wanted", "cause"],
        "additionalProperties": False,
    },
    "description": "What stays other than the manifest has it, because onDrift adopted it.",
}
DRIFT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "The object's id."},
        "gone": {"type": "boolean", "description": "Whether it is gone, or on its way out."},
        "last_seen": {
            "type": "number",
            "description": "When the books last learned of it, in Unix seconds; 0: unknown.",
        },
        "causes": {"type": "array", "items": _CAUSE, "minItems": 1},
    },
    "required": ["id", "gone", "last_seen", "causes"],
    "additionalProperties": False,
}
UNREAD: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": {"type": "number"},
    "description": "By address of what was not read, when the books last learned of it, in Unix seconds; 0: unknown.",
}
