"""The published JSON Schema of `plan --json`: Terraform's representation, and our own part under `novita`.

`python -m novita_infra.views.formats.json.schema.plan FOLDER` writes it. It is closed: a new key in the
JSON of a plan is described here, in the table of its object.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from novita_infra.planning.plan.changes import Action
from novita_infra.schema.frame import ADDRESS
from novita_infra.schema.objects import DRAFT, Schema, complete_object, schema_id
from novita_infra.schema.resources import text_of_schema
from novita_infra.views.content.plan import OUTCOMES
from novita_infra.views.formats.json.plan import FORMAT, TERRAFORM
from novita_infra.views.formats.json.schema import configuration
from novita_infra.views.formats.json.schema.diagnostic import DIAGNOSTIC, DIAGNOSTICS, DIAGNOSTICS_NAME
from novita_infra.views.formats.json.schema.drift import ADOPTED, DRIFT, UNREAD
from novita_infra.views.formats.json.schema.money import COST, MONEY
from novita_infra.views.formats.json.values import PROVIDER

NAME: Final = "plan.json"
"""The file in `schemas/`."""


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
                "terraform_version": {"const": TERRAFORM, "description": "Of this representation; none is run."},
                "timestamp": _text("When the cloud was read for the plan, or the plan was saved, in UTC."),
                "applyable": _flag("Whether there are changes and no problems."),
                "complete": _flag("Whether there are no problems."),
                "errored": _flag("Whether there are problems."),
                "variables": configuration.VARIABLES,
                "planned_values": complete_object({"outputs": _map("#/$defs/output"), "root_module": _ROOT}),
                "resource_changes": _list("#/$defs/resource_change"),
                "resource_drift": _list("#/$defs/drifted", "What was changed outside."),
                "output_changes": _map("#/$defs/change"),
                "configuration": configuration.CONFIGURATION,
                "relevant_attributes": configuration.RELEVANT,
                "checks": configuration.CHECKS,
                "novita": {"$ref": "#/$defs/novita"},
            },
            but=["timestamp", "variables", "resource_drift", "configuration", "relevant_attributes", "checks"],
        ),
        "$defs": _DEFS,
    }


def write_plan_schema(folder: Path) -> None:
    """Writes the schemas of a plan and of diagnostics into the folder."""
    for name, schema in ((NAME, plan_schema()), (DIAGNOSTICS_NAME, DIAGNOSTICS)):
        (folder / name).write_text(text_of_schema(schema), encoding="utf-8")


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
_CHILDREN: Final = _list("#/$defs/module", "The modules inside of it.")
_ROOT: Final = complete_object(
    {"resources": _list("#/$defs/resource"), "child_modules": _CHILDREN}, but=["child_modules"]
)

_NAMED: Final = {
    "address": {"$ref": "#/$defs/address"},
    "module_address": _text("The module that it belongs to."),
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
        "means": _text("The call that makes the change, and its effect."),
        "replaces": _flag("Whether it forces a replacement."),
    }
)

_CONDITION: Final = complete_object(
    {
        "value": {},
        "is": {"type": ["object", "boolean"]},
        "message": _text("The message if the condition does not hold."),
    }
)

_LOSSES: Final = _list(
    complete_object(
        {
            "text": _text("In words."),
            "what": _text("What is lost."),
            "gb": {"type": ["integer", "null"], "description": "The size of the disk, where it is known."},
            "when": {"type": ["string", "null"], "description": "When the data is lost, if not at once."},
            "lasting": _flag("Whether the data is meant to outlive machines."),
        }
    ),
    "The data that vanishes.",
)

_CHANGE_NOVITA: Final = complete_object(
    {
        "action": {"enum": [action.value for action in Action]},
        "id": _text("The id of the live object; empty before a create."),
        "why": _text("The reason, if the fields do not show it."),
        "loses": _LOSSES,
        "retires": _list(
            complete_object(
                {"id": _text("The live object's id."), "status": _text("The API's word."), "loses": _LOSSES}
            ),
            "What it replaced in an earlier run, and is deleted in this one.",
        ),
        "create_first": _flag("For a replacement: whether the new object is created first."),
        "asked": _flag("Whether the manifests or the command line ask for it, not only what was changed outside."),
        "labels": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "As declared, else as recorded.",
        },
        "cost": COST,
        "detours": {
            **_TEXTS,
            "description": "Calls that no field requires: a stopped object is started for the others, and stopped "
            "again. Meanwhile it is charged as running.",
        },
        "fields": _list(_FIELD),
        "adopted": ADOPTED,
    },
    but=["detours", "adopted", "retires", "labels"],
)
"""The `novita` part of a resource's change."""

_ALONG: Final = _list(complete_object({"address": {"$ref": "#/$defs/address"}, "why": _text("The reason.")}))
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
                    "created": _text("Time of creation, in UTC."),
                    "program": _text("The version of novita-infra that created it."),
                    "root": _text("The project's folder at that time; an apply does not use it."),
                    "state": _text("The place of the state at that time; an apply does not use it."),
                    "lineage": _text("The lineage of the state."),
                    "serial": {"type": "integer", "description": "The serial of the state."},
                    "variables": {"type": "object", "description": "The values of the variables that are not secret."},
                    "seal": _text("Unique to the file; proves to an apply who wrote it."),
                    "seal_checked": {"const": False, "description": "Only an apply, with the state, checks it."},
                }
            ),
            "description": "Origin of the plan file.",
        },
        "estimate": {
            **complete_object(
                {
                    "seconds": {"type": "number", "description": "Duration of the critical path."},
                    "steps": {"type": "integer"},
                    "steps_known": {"type": "integer", "description": "Steps that are estimated from past runs."},
                    "critical_path": _list(
                        complete_object(
                            {
                                "key": _text("Of the step."),
                                "address": {"$ref": "#/$defs/address"},
                                "call": _text("The call, or a change of the state alone."),
                                "seconds": {"type": "number"},
                                "runs": {"type": "integer", "description": "Number of past steps behind the estimate."},
                            }
                        ),
                        "The steps of which each comes after the one before it, and which together take longest.",
                    ),
                }
            ),
            "description": "The estimated duration (`--estimate`).",
        },
        "money": MONEY,
        "along": {**_ALONG, "description": "Resources that are included because of the targets."},
        "left_out": {**_ALONG, "description": "Resources that are left out because of others."},
        "allowed": complete_object(
            {
                "data_loss": {**_TEXTS, "description": "Addresses whose data may be lost."},
                "large_change": _flag("Whether more than changeLimit may be deleted and replaced."),
            }
        ),
        "unread": UNREAD,
        "steps": _list(
            complete_object(
                {
                    "key": _text("Unique in the plan."),
                    "address": {"$ref": "#/$defs/address"},
                    "call": _text("The call, or a change of the state alone."),
                    "id": _text("The id of the object, if it is known."),
                    "fields": {**_TEXTS, "description": "The fields that the call changes."},
                    "after": {**_TEXTS, "description": "The keys of the steps that must be done before."},
                    "helped_by": {**_TEXTS, "description": "Those of them that only help: they may fail."},
                    "description": _text("The effect of the call on the object."),
                    "requires": _list(_CONDITION, "What must hold right before it and is not known yet."),
                    "ensures": _list(_CONDITION, "What must hold when it is done."),
                    "check": _text("What the object is asked when it is done, and what it must answer."),
                    "hooks": _list({"type": "string"}, "The hooks that run in it: their event and their program."),
                },
                but=["requires", "ensures", "check", "hooks", "helped_by"],
            ),
            "In an order in which they could be done one by one.",
        ),
        "problems": _list("#/$defs/diagnostic", "Why it cannot be applied."),
        "notes": _list("#/$defs/diagnostic", "What a person should know; nothing is done about it."),
        "renames": _list(
            complete_object(
                {
                    "from": {"$ref": "#/$defs/address", "description": "The resource that is deleted."},
                    "to": {"$ref": "#/$defs/address", "description": "The resource that is created."},
                    "id": _text("The object that would be kept."),
                    "name": {
                        "type": ["string", "null"],
                        "description": "The name that the spec must declare first, where objects cannot be renamed.",
                    },
                    "command": _text("The command that keeps the object, as it is typed."),
                    "moved": _text("The entry of `moved` in the project file that does the same, as it is pasted."),
                }
            ),
            "What is deleted and created with a spec that is equal but for the name, although it could be kept.",
        ),
        "lookups": configuration.LOOKUPS,
        "times": configuration.TIMES,
        "rollouts": configuration.ROLLOUTS,
        "policies": _list(
            complete_object(
                {
                    "name": _text("The policy's name."),
                    "by": {"enum": ["run", "file", "schema"]},
                    "run": {**_TEXTS, "description": "The program with its arguments, or the file."},
                    "outcome": {"enum": list(OUTCOMES)},
                    "deny": _list(_REASON),
                    "warn": _list(_REASON),
                    "error": _text("Why there is no verdict; empty if there is one."),
                }
            ),
            "The verdict of each policy.",
        ),
    },
    but=["digest", "saved", "estimate", "lookups", "policies", "renames", "rollouts", "times", "unread"],
)
"""The `novita` part of the plan."""

_DEFS: Final[Schema] = {
    "address": {"type": "string", "pattern": ADDRESS},
    "configuredModule": configuration.CONFIGURED_MODULE,
    "module": complete_object(
        {
            "address": {"$ref": "#/$defs/address"},
            "resources": _list("#/$defs/resource"),
            "child_modules": _CHILDREN,
        },
        but=["child_modules"],
    ),
    "output": complete_object({"sensitive": {"type": "boolean"}, "value": {}, "type": {}}),
    "resource": complete_object(
        {
            **_NAMED,
            "schema_version": {"const": 0},
            "values": {"type": "object"},
            "sensitive_values": {"type": "object"},
        },
        but=["index", "module_address"],
    ),
    "resource_change": complete_object(
        {
            **_NAMED,
            "previous_address": {"$ref": "#/$defs/address", "description": "The address that it had in the state."},
            "change": {"$ref": "#/$defs/change"},
            "action_reason": _text("Terraform's word for the reason."),
            "novita": _CHANGE_NOVITA,
        },
        but=["index", "module_address", "previous_address", "action_reason"],
    ),
    "drifted": complete_object(
        {**_NAMED, "change": {"$ref": "#/$defs/change"}, "novita": DRIFT}, but=["index", "module_address"]
    ),
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
    "diagnostic": DIAGNOSTIC,
    "novita": _NOVITA,
}


if __name__ == "__main__":
    write_plan_schema(Path(sys.argv[1] if len(sys.argv) > 1 else "schemas"))
