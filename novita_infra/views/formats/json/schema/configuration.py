"""The JSON Schema of what a plan's JSON shows of the manifests: variables, configuration, references and checks."""

from __future__ import annotations

from typing import Final

from novita_infra.schema.objects import Schema, complete_object
from novita_infra.views.formats.json.values import PROVIDER

_TEXT: Final = {"type": "string"}
_STATUS: Final = {"enum": ["pass", "fail", "unknown"]}
_EXPRESSION: Final[Schema] = {
    **complete_object(
        {
            "constant_value": {"description": "The value, where it refers to nothing."},
            "references": {"type": "array", "items": _TEXT, "description": "What it refers to, then its beginnings."},
            "novita_references": {
                "type": "array",
                "items": _TEXT,
                "description": "References to a type that is also the name of a field of the resource, such as `vpc`.",
            },
        },
        but=["constant_value", "references", "novita_references"],
    ),
    "description": "Empty for a secret that is read from elsewhere.",
}


def _each(schema: Schema, description: str = "") -> Schema:
    return {
        "type": "object",
        "additionalProperties": schema,
        **({"description": description} if description else {}),
    }


VARIABLES: Final = _each(
    complete_object({"value": {"description": "`(secret)` for that of a secret variable."}}),
    "The values of the variables.",
)
LOOKUPS: Final[Schema] = {
    "type": "array",
    "items": complete_object(
        {
            "name": {**_TEXT, "description": "As in `${lookup.NAME.id}`."},
            "type": {**_TEXT, "description": "The type, such as `product`."},
            "criteria": {"type": "object", "description": "What was asked."},
            "value": {"type": "object", "description": "What expressions read; amounts of USD are texts."},
            "chosen": {"type": "array", "items": _TEXT, "description": "What was taken, for a person."},
            "others": {"type": "array", "items": _TEXT, "description": "What fits, too, for a person."},
        }
    ),
    "description": "What the manifests looked up in the account and in other projects.",
}
TIMES: Final[Schema] = {
    "type": "array",
    "items": complete_object(
        {
            "address": {"$ref": "#/$defs/address"},
            "says": {"type": "array", "items": _TEXT, "description": "For a person, one text for each field."},
            "next": {
                "type": ["string", "null"],
                "description": "When they ask for something else, in UTC; null if that is not known.",
            },
        }
    ),
    "description": "What the fields about time (schedule, ttl, idle) ask for.",
}
_ADDRESSES: Final = {"type": "array", "items": {"$ref": "#/$defs/address"}}
ROLLOUTS: Final[Schema] = {
    "type": "array",
    "items": complete_object(
        {
            "name": {"type": "string", "description": "The fleet: `instance.worker`, or `group training`."},
            "members": {"type": "integer", "description": "How many members are declared."},
            "max_unavailable": {"type": "integer", "description": "The most members that are down at one time."},
            "in_order": {"type": "boolean", "description": "Whether each member waits for its turn."},
            "pause_seconds": {
                "type": "number",
                "description": "From the moment when a member is ready again until the next one is taken down.",
            },
            "order": {**_ADDRESSES, "description": "The members that the plan takes down, each in its turn."},
            "down": {**_ADDRESSES, "description": "Those that are down already, and are brought up first."},
            "left_down": {**_ADDRESSES, "description": "Those that are down and that the plan leaves alone."},
            "description": {"type": "string", "description": "The pace, for a person."},
        }
    ),
    "description": "The fleets whose members are taken down a few at a time (lifecycle.rollout).",
}
_RESOURCE: Final = complete_object(
    {
        "address": {"type": "string", "description": "Without a key: a forEach is one resource here."},
        "mode": {"const": "managed"},
        "type": _TEXT,
        "name": _TEXT,
        "provider_config_key": {"const": PROVIDER},
        "expressions": _each(_EXPRESSION, "By field of the spec."),
        "schema_version": {"const": 0},
        "for_each_expression": _EXPRESSION,
        "depends_on": {"type": "array", "items": _TEXT},
    },
    but=["for_each_expression", "depends_on"],
)
CONFIGURATION: Final[Schema] = {
    **complete_object(
        {
            "provider_config": complete_object(
                {PROVIDER: complete_object({"name": {"const": PROVIDER}, "full_name": {"const": PROVIDER}})}
            ),
            "root_module": {"$ref": "#/$defs/configuredModule"},
        }
    ),
    "description": "What the manifests declare.",
}
CONFIGURED_MODULE: Final[Schema] = complete_object(
    {
        "outputs": _each(complete_object({"expression": _EXPRESSION, "sensitive": {"const": True}}, but=["sensitive"])),
        "resources": {"type": "array", "items": _RESOURCE},
        "variables": _each(
            complete_object(
                {"default": {}, "description": _TEXT, "sensitive": {"const": True}},
                but=["default", "description", "sensitive"],
            )
        ),
        "module_calls": _each(
            complete_object(
                {
                    "source": _TEXT,
                    "expressions": _each(_EXPRESSION, "By variable of the module."),
                    "for_each_expression": _EXPRESSION,
                    "module": {"$ref": "#/$defs/configuredModule"},
                },
                but=["for_each_expression"],
            ),
            "The modules that it uses. Addresses inside are relative to the module.",
        ),
    },
    but=["outputs", "resources", "variables", "module_calls"],
)
"""The definition `configuredModule` in the schema of a plan."""
RELEVANT: Final[Schema] = {
    "type": "array",
    "items": complete_object({"resource": _TEXT, "attribute": {"type": "array", "items": _TEXT}}),
    "description": "The attributes of resources that the configuration of the changes refers to.",
}
CHECKS: Final[Schema] = {
    "type": "array",
    "items": complete_object(
        {
            "address": complete_object(
                {"kind": {"const": "resource"}, "mode": {"const": "managed"}}
                | dict.fromkeys(("type", "name", "to_display"), _TEXT)
            ),
            "status": {**_STATUS, "description": "The worst of its instances."},
            "instances": {
                "type": "array",
                "items": complete_object(
                    {
                        "address": complete_object({"to_display": _TEXT, "instance_key": _TEXT}, but=["instance_key"]),
                        "status": _STATUS,
                        "problems": {"type": "array", "items": complete_object({"message": _TEXT})},
                    },
                    but=["problems"],
                ),
            },
        }
    ),
    "description": "The preconditions and postconditions of each resource: unknown until an apply checks them.",
}
