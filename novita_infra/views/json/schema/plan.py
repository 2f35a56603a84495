"""The published JSON Schema of `plan --json`: Terraform's representation, and what stands under `novita` beside it.

`python -m novita_infra.views.json.schema.plan FOLDER` writes it. It is closed: a new key in the
JSON of a plan is described here, in the table of its object.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from novita_infra.planning.plan.changes import Action
from novita_infra.schema.objects import DRAFT, Schema, complete_object, schema_id
from novita_infra.schema.resources import text_of_schema
from novita_infra.views.content.plan import OUTCOMES
from novita_infra.views.json.plan import FORMAT
from novita_infra.views.json.schema.drift import ADOPTED, DRIFT, UNREAD
from novita_infra.views.json.schema.money import COST, MONEY
from novita_infra.views.json.values import PROVIDER

NAME: Final = "plan.json"
"""The file in `schemas/`."""

_ADDRESS: Final = r'^[a-z_]+\.[A-Za-z_][A-Za-z0-9_-]*(\["[^"\]]+"\])?$'


def plan_schema() -> Schema:
    """The schema of what `plan --json` and `show --json PLANFILE` print."""
    return {
        "$schema": DRAFT,
        "$id": schema_id("plan"),
        "title": "Plan",
        "description": "A plan as `plan --json` prints it: Terraform's plan representation, and our own part of it.",
        **complete_object(
            {
                "format_version": {"const": FORMAT},
                "applyable": _flag("Whether there is something to do and nothing speaks against it."),
                "complete": _flag("Whether nothing speaks against it."),
                "errored": _flag("Whether something speaks against it."),
                "planned_values": complete_object({"outputs": _map("#/$defs/output"), "root_module": _ROOT}),
                "resource_changes": _list("#/$defs/resource_change"),
                "resource_drift": _list("#/$defs/drifted", "What was changed outside."),
                "output_changes": _map("#/$defs/change"),
                "novita": {"$ref": "#/$defs/novita"},
            },
            but=["resource_drift"],
        ),
        "$defs": _DEFS,
    }


def write(folder: Path) -> None:
    """Writes the schema into the folder."""
    (folder / NAME).write_text(text_of_schema(plan_schema()), encoding="utf-8")


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _list(items: str | Schema, description: str = "") -> Schema:
    item = {"$ref": items} if isinstance(items, str) else items
    return {"type": "array", "items": item, **({"description": description} if description else {})}


def _map(items: str | Schema) -> Schema:
    item = {"$ref": items} if isinstance(items, str) else items
    return {"type": "object", "additionalProperties": item}


_TEXTS: Final = {"type": "array", "items": {"type": "string"}}
_MARKS: Final = {"type": ["object", "array", "boolean"]}
_OPEN_ADDRESS: Final = _text("An address; empty for none.")
_ROOT: Final = complete_object({"resources": _list("#/$defs/resource")})

_NAMED: Final = {
    "address": {"$ref": "#/$defs/address"},
    "mode": {"const": "managed"},
    "type": _text("The kind, as in an address."),
    "name": _text("The name, as in an address."),
    "index": _text("The key of a forEach."),
    "provider_name": {"const": PROVIDER},
}

_FIELD: Final = complete_object(
    {
        "name": _text("The field of the spec."),
        "before": {},
        "after": {},
        "means": _text("By what it is made, and what that does."),
        "replaces": _flag("Whether it forces a replacement."),
    }
)

_CONDITION: Final = complete_object(
    {"value": {}, "is": {"type": ["object", "boolean"]}, "message": _text("What is told where it does not hold.")}
)

_LOSSES: Final = _list(
    complete_object(
        {
            "text": _text("In words."),
            "what": _text("What is gone."),
            "gb": {"type": ["integer", "null"], "description": "The size of the disk, where it is known."},
            "when": {"type": ["string", "null"], "description": "When it goes, where that is not at once."},
            "lasting": _flag("Whether it is there to outlive machines."),
        }
    ),
    "The data that vanishes.",
)

_CHANGE_NOVITA: Final = complete_object(
    {
        "action": {"enum": [action.value for action in Action]},
        "id": _text("The live object's id; empty before a create."),
        "why": _text("The reason, where it is not plain from the fields."),
        "loses": _LOSSES,
        "retires": _list(
            complete_object(
                {"id": _text("The live object's id."), "status": _text("The API's word."), "loses": _LOSSES}
            ),
            "What it replaced in an earlier run, and is deleted in this one.",
        ),
        "create_first": _flag("For a replacement: whether the new object is made first."),
        "asked": _flag("Whether the manifests or the command line ask for it, not only what was changed outside."),
        "cost": COST,
        "detours": {
            **_TEXTS,
            "description": "Calls that no field asks for: what is stopped is started for the others, and stopped "
            "again. Meanwhile it is charged as running.",
        },
        "fields": _list(_FIELD),
        "adopted": ADOPTED,
    },
    but=["detours", "adopted", "retires"],
)
"""What stands under `novita` of a resource's change."""

_ALONG: Final = _list(complete_object({"address": {"$ref": "#/$defs/address"}, "why": _text("Because of what.")}))
_REASON: Final = complete_object({"address": _OPEN_ADDRESS, "reason": _text("For a person.")})

_NOVITA: Final = complete_object(
    {
        "project": _text("The project's name."),
        "environment": _text("The environment's name."),
        "destroys": _flag("Whether it is a plan to destroy."),
        "digest": _text("The digest by which the plan is approved."),
        "saved": {
            **complete_object(
                {
                    "created": _text("When it was made."),
                    "program": _text("The version of novita-infra that made it."),
                    "root": _text("The project's folder then."),
                    "state": _text("The books, as seen from there."),
                    "lineage": _text("Of the books."),
                    "serial": {"type": "integer", "description": "The version of the books."},
                    "variables": {"type": "object", "description": "The values of those that are not secret."},
                    "seal": _text("Of the file: no two plans have the same."),
                }
            ),
            "description": "What a plan file tells of itself.",
        },
        "estimate": {
            **complete_object(
                {
                    "seconds": {"type": "number", "description": "What the critical path takes."},
                    "steps": {"type": "integer"},
                    "steps_known": {"type": "integer", "description": "Those that are judged by past runs."},
                    "critical_path": _list(
                        complete_object(
                            {
                                "key": _text("Of the step."),
                                "address": {"$ref": "#/$defs/address"},
                                "call": _text("The call, or what is done to the books alone."),
                                "seconds": {"type": "number"},
                                "runs": {"type": "integer", "description": "The steps of the past it is judged by."},
                            }
                        ),
                        "The steps of which each comes after the one before it, and which together take longest.",
                    ),
                }
            ),
            "description": "How long it will take (`--estimate`).",
        },
        "money": MONEY,
        "along": {**_ALONG, "description": "What is done beside what was named."},
        "left_out": {**_ALONG, "description": "What is not done because something else was left out."},
        "allowed": complete_object(
            {
                "data_loss": {**_TEXTS, "description": "What may lose its data: addresses."},
                "large_change": _flag("Whether much may be deleted and replaced at once."),
            }
        ),
        "unread": UNREAD,
        "steps": _list(
            complete_object(
                {
                    "key": _text("Unique in the plan."),
                    "address": {"$ref": "#/$defs/address"},
                    "call": _text("The call, or what is done to the books alone."),
                    "id": _text("The object that it is about, where it is known."),
                    "fields": {**_TEXTS, "description": "The fields that the call changes."},
                    "after": {**_TEXTS, "description": "The keys of the steps that must be done before."},
                    "says": _text("What the call does to the object."),
                    "requires": _list(_CONDITION, "What must hold right before it and is not known yet."),
                    "ensures": _list(_CONDITION, "What must hold when it is done."),
                },
                but=["requires", "ensures"],
            ),
            "In an order in which they could be done one by one.",
        ),
        "problems": _list("#/$defs/diagnostic", "Why it cannot be applied."),
        "notes": _list("#/$defs/diagnostic", "What a person should know; nothing is done about it."),
        "policies": _list(
            complete_object(
                {
                    "name": _text("The policy's name."),
                    "by": {"enum": ["run", "file", "schema"]},
                    "run": {**_TEXTS, "description": "The program with its arguments, or the file."},
                    "outcome": {"enum": list(OUTCOMES)},
                    "deny": _list(_REASON),
                    "warn": _list(_REASON),
                    "error": _text("Why there is no verdict; empty where there is one."),
                }
            ),
            "What each policy says of the plan.",
        ),
    },
    but=["digest", "saved", "estimate", "policies", "unread"],
)
"""What stands under `novita` of the plan."""

_DEFS: Final[Schema] = {
    "address": {"type": "string", "pattern": _ADDRESS},
    "output": complete_object({"sensitive": {"type": "boolean"}, "value": {}, "type": {}}),
    "resource": complete_object(
        {
            **_NAMED,
            "schema_version": {"const": 0},
            "values": {"type": "object"},
            "sensitive_values": {"type": "object"},
        },
        but=["index"],
    ),
    "resource_change": complete_object(
        {
            **_NAMED,
            "change": {"$ref": "#/$defs/change"},
            "action_reason": _text("Terraform's word for the reason."),
            "novita": _CHANGE_NOVITA,
        },
        but=["index", "action_reason"],
    ),
    "drifted": complete_object({**_NAMED, "change": {"$ref": "#/$defs/change"}, "novita": DRIFT}, but=["index"]),
    "change": complete_object(
        {
            "actions": {
                "enum": [
                    ["no-op"],
                    ["create"],
                    ["update"],
                    ["delete"],
                    ["forget"],
                    ["delete", "create"],
                    ["create", "delete"],
                ]
            },
            "before": {},
            "after": {},
            "after_unknown": _MARKS,
            "before_sensitive": _MARKS,
            "after_sensitive": _MARKS,
            "replace_paths": {"type": "array", "items": _TEXTS},
            "importing": complete_object({"id": {"type": "string"}}),
        },
        but=["replace_paths", "importing"],
    ),
    "diagnostic": complete_object(
        {
            "severity": {"enum": ["error", "warning"]},
            "summary": _text("What is wrong."),
            "detail": _text("What is allowed, or what to do."),
            "address": _text("The resource that it is about."),
            "range": {"type": "object"},
            "snippet": {"type": "object"},
        },
        but=["address", "range", "snippet"],
    ),
    "novita": _NOVITA,
}


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "schemas"))
