"""The published JSON Schemas, made from the kinds: what a manifest may hold, and what changing each field costs.

`python -m novita_infra.kinds.schemas FOLDER` writes them. Nothing here validates.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from novita_infra.kinds import KINDS
from novita_infra.kinds.budget_schema import BUDGET, MAX_PRICE_RISE
from novita_infra.kinds.drift_schema import IGNORE_CHANGES, ON_DRIFT
from novita_infra.kinds.explaining import describe_means
from novita_infra.kinds.guard_schema import CHANGE_LIMIT, POSTCONDITIONS, PRECONDITIONS, TRIGGERS
from novita_infra.kinds.kind import Default, Field, Kind
from novita_infra.kinds.policy_schema import MORE_POLICIES, POLICIES

Schema: TypeAlias = dict[str, Any]

API_VERSION: Final = "novita-infra/v1"
HOME: Final = "https://novita-infra.dev/schemas"
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"

_NAME: Final = "[A-Za-z_][A-Za-z0-9_-]*"
_VARIABLE: Final = "^[A-Za-z_][A-Za-z0-9_]*$"
_ADDRESS: Final = rf'^[a-z_]+\.{_NAME}(\["[^"\]]+"\])?$'

_DEFS: Final[Schema] = {
    "onDrift": ON_DRIFT,
    "ignoreChanges": IGNORE_CHANGES,
    "expression": {
        "description": "A text with a ${...} expression in it; $${ is a plain ${.",
        "type": "string",
        "pattern": r"(^|[^$])\$\{",
    },
    "reference": {
        "description": "A text that is one ${...} expression, so that it may stand for a number, a list or a map.",
        "type": "string",
        "pattern": r"^\$\{[^}]*\}$",
    },
    "secret": {
        "description": "A secret from the environment or from a file; it is shown and stored nowhere.",
        "type": "object",
        "properties": {
            "fromEnv": {"type": "string", "minLength": 1, "description": "The environment variable that holds it."},
            "fromFile": {"type": "string", "minLength": 1, "description": "The file that holds it."},
        },
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    },
    "duration": {
        "type": "string",
        "pattern": "^[1-9][0-9]*[smhd]$",
        "examples": ["90s", "30m", "2h", "1d"],
        "description": "A number of seconds, minutes, hours or days: 90s, 30m, 2h, 1d.",
    },
}


def schema_of(kind: Kind) -> Schema:
    """The schema of one document of the kind; it stands alone."""
    return {**_head(kind.prefix, kind.name, kind.summary), **_document(kind), "$defs": _defs_for(_document(kind))}


def manifest_schema() -> Schema:
    """The schema of any document. The kind decides which rules hold, so that messages are about that kind alone."""
    names = [*(kind.name for kind in KINDS.values()), "Project"]
    documents = {**{kind.name: _document(kind) for kind in KINDS.values()}, "Project": _project()}
    return {
        **_head("manifest", "Manifest", "One document: a resource of any kind, or a project."),
        "type": "object",
        "properties": {"kind": {"enum": names, "description": "What is declared."}},
        "required": ["kind"],
        "allOf": [
            {
                "if": {"type": "object", "properties": {"kind": {"const": name}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for name in names
        ],
        "$defs": {**_defs_for(documents), **documents},
    }


def project_schema() -> Schema:
    """The schema of `novita-infra.yaml`."""
    summary = "The project file: its name, variables, environments, where its state lies, and its outputs."
    return {**_head("project", "Project", summary), **_project(), "$defs": _defs_for(_project())}


def schemas() -> dict[str, Schema]:
    """Every schema by its file name."""
    kinds = {f"{prefix}.json": schema_of(kind) for prefix, kind in KINDS.items()}
    return {"manifest.json": manifest_schema(), "project.json": project_schema(), **kinds}


def text_of_schema(schema: Mapping[str, Any]) -> str:
    """The schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """Writes every schema into the folder, and removes those that no kind stands for any more."""
    folder.mkdir(parents=True, exist_ok=True)
    made = schemas()
    for stale in folder.glob("*.json"):
        if stale.name not in made and stale.name != "plan.json":  # which is made from the views
            stale.unlink()
    for name, schema in made.items():
        (folder / name).write_text(text_of_schema(schema), encoding="utf-8")


def _head(name: str, title: str, description: str) -> Schema:
    return {"$schema": _DRAFT, "$id": f"{HOME}/{name}.json", "title": title, "description": description}


def _defs_for(schema: Any) -> Schema:
    """The shared definitions that the schema refers to."""
    text = json.dumps(schema)
    return {name: item for name, item in _DEFS.items() if f'"#/$defs/{name}"' in text}


# --- a resource -----------------------------------------------------------------------------------------------------


def _document(kind: Kind) -> Schema:
    spec = {
        "type": "object",
        "description": kind.summary,
        "properties": {item.name: _field(kind, item) for item in kind.fields},
        "required": [item.name for item in kind.fields if item.required],
        "additionalProperties": False,
    }
    return _closed(
        {
            "apiVersion": {"const": API_VERSION, "description": "The version of this format."},
            "kind": {"const": kind.name, "description": kind.summary},
            "metadata": _metadata(f"The address is {kind.prefix}.NAME."),
            "lifecycle": _lifecycle(),
            "spec": spec,
        },
        required=["apiVersion", "kind", "metadata", "spec"],
    )


def _metadata(about: str) -> Schema:
    labels = {"type": "object", "additionalProperties": {"type": "string"}, "description": "Marks for people."}
    name = {"type": "string", "pattern": f"^{_NAME}$", "description": f"Unique among resources of the kind. {about}"}
    return _closed({"name": name, "labels": labels}, required=["name"])


def _lifecycle() -> Schema:
    duration = {"$ref": "#/$defs/duration"}
    timeouts = dict.fromkeys(("create", "update", "delete", "accept", "pull", "ready"), duration)
    return _closed(
        {
            "protect": {"type": "boolean", "description": "Whether deleting and replacing it are refused."},
            "createBeforeDestroy": {
                "type": "boolean",
                "description": "Whether a replacement is made before the old object is deleted. Default: false.",
            },
            "group": {
                "type": "string",
                "pattern": f"^{_NAME}$",
                "description": "Resources of one group come up together or not at all; see `groups` of the project.",
            },
            "waitForCapacity": {
                **duration,
                "description": "How long a create that finds no capacity is tried again. Default: not at all.",
            },
            "timeouts": {
                **_closed(timeouts),
                "description": "How long a call with its wait may take, and each stage of coming up.",
            },
            "dependsOn": {
                "type": "array",
                "items": {"type": "string", "pattern": _ADDRESS, "examples": ["network_storage.data"]},
                "uniqueItems": True,
                "description": "Addresses of resources that must be there first, beside those that the spec names.",
            },
            "replaceTriggeredBy": TRIGGERS,
            "preconditions": PRECONDITIONS,
            "postconditions": POSTCONDITIONS,
            "onDrift": {"$ref": "#/$defs/onDrift"},
            "ignoreChanges": {"$ref": "#/$defs/ignoreChanges"},
        }
    )


def _field(kind: Kind, field: Field) -> Schema:
    """The field's schema, open to expressions, with what it is and what changing it costs."""
    described = {"description": field.doc, **field.schema}
    opened = _opened(described, secret=field.secret or field.secret_items)
    told = {**opened, "description": f"{field.doc.rstrip('.')}. Changing it: {describe_means(kind, field)}."}
    if isinstance(field.absent, Default) and field.absent.value and "default" not in told:
        told["default"] = field.absent.value
    return told


def _opened(schema: Mapping[str, Any], *, secret: bool) -> Schema:
    """The schema with an expression allowed wherever a value is, and a secret's source where a text may be secret."""
    if "anyOf" in schema:
        branches = [(_opened if _is_text(item) else _inside)(item, secret=secret) for item in schema["anyOf"]]
        return {**schema, "anyOf": branches}
    if not _is_text(schema):
        return _unless("reference", _inside(schema, secret=secret))
    opened = _unless("expression", schema) if _LIMITING & schema.keys() else dict(schema)
    if not secret:
        return opened
    return {**_notes(schema), "if": {"type": "object"}, "then": {"$ref": "#/$defs/secret"}, "else": opened}


def _inside(schema: Mapping[str, Any], *, secret: bool) -> Schema:
    """The same for what the schema holds, not for itself."""
    inner = dict(schema)
    if "properties" in inner:
        inner["properties"] = {name: _opened(item, secret=secret) for name, item in inner["properties"].items()}
    for part in ("items", "additionalProperties"):
        if isinstance(inner.get(part), Mapping):
            inner[part] = _opened(inner[part], secret=secret)
    return inner


_LIMITING: Final = frozenset({"pattern", "maxLength", "enum", "const", "format"})
"""What an expression need not keep to before its value is known; minLength it keeps to anyway."""


def _is_text(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "string" or all(isinstance(item, str) for item in schema.get("enum", [0]))


def _unless(alternative: str, schema: Mapping[str, Any]) -> Schema:
    """By if and else, because a message about an anyOf tells nothing; the notes stay where editors look for them."""
    return {**_notes(schema), "if": {"$ref": f"#/$defs/{alternative}"}, "else": dict(schema)}


def _notes(schema: Mapping[str, Any]) -> Schema:
    notes = {name: schema[name] for name in ("description", "default", "examples") if name in schema}
    return {**notes, "examples": schema["enum"]} if "enum" in schema else notes


# --- the project file -----------------------------------------------------------------------------------------------


def _project() -> Schema:
    values = {"type": "object", "propertyNames": {"pattern": _VARIABLE}}
    return _closed(
        {
            "apiVersion": {"const": API_VERSION, "description": "The version of this format."},
            "kind": {"const": "Project"},
            "metadata": _closed(
                {"name": {"type": "string", "pattern": f"^{_NAME}$", "description": "The project's name."}},
                required=["name"],
            ),
            "variables": {
                **values,
                "additionalProperties": _variable(),
                "description": "What ${var.NAME} may stand for.",
            },
            "environments": {
                "type": "object",
                "propertyNames": {"pattern": f"^{_NAME}$"},
                "additionalProperties": _environment(),
                "description": "Variants of the project, each with its own state; chosen with --env.",
            },
            "defaultEnvironment": {"type": "string", "description": "The environment without --env."},
            "state": _closed(
                {
                    "path": {
                        "type": "string",
                        "minLength": 1,
                        "default": "state",
                        "description": "The folder of the state files, relative to the project.",
                    }
                }
            ),
            "groups": {
                "type": "object",
                "propertyNames": {"pattern": f"^{_NAME}$"},
                "additionalProperties": _closed({"onFailure": {"enum": ["rollback", "keep", "stop"]}}),
                "description": "What becomes of what a run made of a group that fails. Default: rollback.",
            },
            "ownerMarks": {
                "type": "boolean",
                "default": True,
                "description": "Whether objects carry a mark of the operation that made them, where the API has room.",
            },
            "account": _account(),
            "budget": BUDGET,
            "maxPriceRise": MAX_PRICE_RISE,
            "policies": POLICIES,
            "onDrift": {"$ref": "#/$defs/onDrift"},
            "changeLimit": CHANGE_LIMIT,
            "outputs": {**values, "description": "What `output` prints, such as url: ${endpoint.api.url}."},
        },
        required=["apiVersion", "kind", "metadata"],
    )


def _account() -> Schema:
    return {
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]+$",
        "description": "The id of the only account whose keys may be used; that of an environment goes before. Another "
        "key is refused, and told whose it is.",
    }


def _variable() -> Schema:
    return _closed(
        {
            "type": {
                "enum": ["string", "integer", "number", "boolean", "list", "map"],
                "default": "string",
                "description": "What its value must be.",
            },
            "default": {"description": "Its value where none is given; without one, a value must be given."},
            "description": {"type": "string", "description": "What it is for."},
            "secret": {"type": "boolean", "default": False, "description": "Whether its value is hidden everywhere."},
        }
    )


def _environment() -> Schema:
    target = r'^[a-z_]+\.[A-Za-z0-9_*-]+(\["[^"\]]+"\])?$'
    patch = _closed(
        {
            "target": {
                "type": "string",
                "pattern": target,
                "examples": ["instance.trainer", "instance.*"],
                "description": "An address; * in its name stands for any characters.",
            },
            "spec": {"type": "object", "description": "Merged deep into the spec; null removes a field."},
            "lifecycle": {"type": "object", "description": "The same for the lifecycle."},
        },
        required=["target"],
    )
    variables = {
        "type": "object",
        "propertyNames": {"pattern": _VARIABLE},
        "description": "Values of variables in this environment.",
    }
    return _closed(
        {
            "variables": variables,
            "patches": {"type": "array", "items": patch},
            "account": _account(),
            "budget": BUDGET,
            "maxPriceRise": MAX_PRICE_RISE,
            "policies": MORE_POLICIES,
            "onDrift": {"$ref": "#/$defs/onDrift"},
            "changeLimit": CHANGE_LIMIT,
        },
    )


def _closed(properties: Schema, *, required: list[str] | None = None) -> Schema:
    """An object with these properties and no others."""
    needed = {"required": required} if required else {}
    return {"type": "object", "properties": properties, **needed, "additionalProperties": False}


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "schemas"))
