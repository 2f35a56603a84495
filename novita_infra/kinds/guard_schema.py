"""The parts of the schemas that are about guarding: triggers, conditions and the limit on a change."""

from __future__ import annotations

from typing import Any, Final

TRIGGERS: Final[dict[str, Any]] = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "examples": ["vpc.net", "instance.trainer.image"]},
    "uniqueItems": True,
    "description": "Resources, or fields of them: when one is made anew, or the field changes, this is made anew.",
}

_CONDITION: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "value": {"description": "What is looked at, such as ${instance.trainer.ip} or ${var.size}."},
        "is": {
            "title": "JSON Schema",
            "type": ["object", "boolean"],
            "description": "The JSON Schema that it must fit.",
            "examples": [{"type": "integer", "minimum": 1}, {"pattern": "^10\\."}],
        },
        "message": {"type": "string", "minLength": 1, "description": "What is told where it does not."},
    },
    "required": ["value", "is", "message"],
    "additionalProperties": False,
}

PRECONDITIONS: Final[dict[str, Any]] = {
    "type": "array",
    "items": _CONDITION,
    "description": "What must hold before anything is done to it; told by the plan as far as it is known then.",
}

POSTCONDITIONS: Final[dict[str, Any]] = {
    "type": "array",
    "items": _CONDITION,
    "description": "What must hold when all is done to it; what needs it waits for that.",
}

CHANGE_LIMIT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "percent": {
            "type": "integer",
            "minimum": 0,
            "maximum": 100,
            "default": 30,
            "description": "Of the resources on record; with 100 there is no limit.",
        },
        "from": {
            "type": "integer",
            "minimum": 1,
            "default": 10,
            "description": "How many resources there must be on record for the limit to hold.",
        },
    },
    "additionalProperties": False,
    "description": "How much a plan may delete and replace without --allow-large-change.",
}
