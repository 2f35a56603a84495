"""The part of the project file's schema that is about policies."""

from __future__ import annotations

from typing import Any, Final

_PROGRAM: Final = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
    ],
    "description": "A program, or a program with its arguments. It gets the plan as JSON on its standard input.",
    "examples": ["policies/no-ssh.sh", ["conftest", "test", "--policy", "policies", "--output", "json", "-"]],
}

POLICIES: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "run": _PROGRAM,
            "file": {
                "type": "string",
                "minLength": 1,
                "description": "A Python file, run with the interpreter of novita-infra itself.",
                "examples": ["policies/no_ssh.py"],
            },
            "schema": {
                "type": "string",
                "minLength": 1,
                "description": "A JSON Schema that the plan must fit; nothing is run.",
                "examples": ["policies/plan.schema.json"],
            },
            "of": {
                "enum": ["plan", "change"],
                "default": "plan",
                "description": "What the schema describes: the plan, or each of its resource_changes that is no no-op.",
            },
            "name": {"type": "string", "minLength": 1, "description": "Its name. Default: the file's."},
            "timeout": {
                "$ref": "#/$defs/duration",
                "default": "30s",
                "description": "How long it may take before it counts as without a verdict.",
            },
            "onError": {
                "enum": ["deny", "warn"],
                "default": "deny",
                "description": "What counts where it gives no verdict: it crashed, took too long or said what is none.",
            },
        },
        "oneOf": [{"required": ["run"]}, {"required": ["file"]}, {"required": ["schema"]}],
        "additionalProperties": False,
    },
    "description": "Judges of every plan; what one of them denies is not applied.",
}

MORE_POLICIES: Final[dict[str, Any]] = {**POLICIES, "description": "Judges beside those of the project."}
"""Those of an environment."""


_AMOUNT: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,5})?$", "examples": ["12.50"]},
    ]
}

BUDGET: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "perHour": {**_AMOUNT, "description": "The most that an environment may cost per hour, in USD."},
        "perMonth": {**_AMOUNT, "description": "The same per month of 30 days."},
        "unknown": {
            "enum": ["warn", "refuse"],
            "default": "warn",
            "description": "What becomes of a plan that adds something whose price is not known.",
        },
    },
    "additionalProperties": False,
    "description": "Ceilings of what each environment may cost, endpoints at their most workers. A plan that costs "
    "more than before and goes over one is refused. What an environment says itself holds there instead.",
}

MAX_PRICE_RISE: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": r"^[0-9]{1,4}(\.[0-9]{1,2})?%$",
    "examples": ["10%"],
    "default": "0%",
    "description": "How much a price may rise between a saved plan and its apply.",
}


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
