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
