"""The schemas of variables, their types and their rules."""

from __future__ import annotations

from typing import Final

from novita_infra.schema.objects import Schema, closed_object

_PLAIN: Final = ["string", "integer", "number", "boolean", "list", "map"]
_FIELD_NAME: Final = "^[A-Za-z_][A-Za-z0-9_-]*$"

_TYPED_VALUE: Final[Schema] = {
    "type": {
        "enum": [*_PLAIN, "enum", "object"],
        "default": "string",
        "description": "The type of its value.",
    },
    "values": {
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": {"type": ["string", "number", "boolean"]},
        "examples": [["small", "large"]],
        "description": "Of an enum: the values that are allowed.",
    },
    "of": {
        "if": {"type": "object"},
        "then": {"$ref": "#/$defs/variableType"},
        "else": {"enum": _PLAIN},
        "examples": ["string"],
        "description": "Of a list or a map: the type of each item, or {type: ...} with the keys of a field.",
    },
    "fields": {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": _FIELD_NAME},
        "additionalProperties": {"$ref": "#/$defs/variableType"},
        "examples": [{"cidr": {"type": "string"}, "open": {"type": "boolean", "default": False}}],
        "description": "Of an object: its fields, each with a type. One without a default is required.",
    },
}
"""The keys that say what values are allowed."""

_TYPE_RULES: Final[Schema] = {
    "values": {"properties": {"type": {"const": "enum"}}, "required": ["type"]},
    "of": {"properties": {"type": {"enum": ["list", "map"]}}, "required": ["type"]},
    "fields": {"properties": {"type": {"const": "object"}}, "required": ["type"]},
    "type": {
        "allOf": [
            {"if": {"properties": {"type": {"const": "enum"}}}, "then": {"required": ["values"]}},
            {"if": {"properties": {"type": {"const": "object"}}}, "then": {"required": ["fields"]}},
        ]
    },
}
"""Which of these keys belong to which type."""

VARIABLE_TYPE: Final[Schema] = closed_object(
    {
        **_TYPED_VALUE,
        "default": {"description": "Its value where none is given; null lets it be absent. No expressions."},
        "description": {"type": "string", "description": "What it is for."},
    },
    dependentSchemas=_TYPE_RULES,
    description="The type of a field, or of each item.",
)
"""The type of a part of a variable."""

_VALIDATION: Final[Schema] = closed_object(
    {
        "condition": {
            "type": ["string", "boolean"],
            "examples": ["${var.gpuCount <= 4}"],
            "description": "An expression over variables that gives true or false.",
        },
        "message": {"type": "string", "minLength": 1, "description": "What is wrong where it is false."},
    },
    required=["condition", "message"],
    description="A rule for the value.",
)

VARIABLE: Final[Schema] = closed_object(
    {
        **_TYPED_VALUE,
        "default": {"description": "Its value if none is given; without a default, a value is required."},
        "description": {"type": "string", "description": "What it is for."},
        "sensitive": {
            "type": "boolean",
            "default": False,
            "description": "Whether its value is secret: redacted everywhere, and kept as a digest.",
        },
        "secret": {"type": "boolean", "description": "The same as sensitive."},
        "validation": {
            "type": "array",
            "items": _VALIDATION,
            "examples": [[{"condition": "${var.gpuCount <= 4}", "message": "at most 4 GPUs"}]],
            "description": "Rules for its value, with a message for each.",
        },
    },
    dependentSchemas=_TYPE_RULES,
    examples=[{"type": "integer", "default": 4}],
    description="A variable: its type, its default, and whether it is secret.",
)
"""A declared variable."""
