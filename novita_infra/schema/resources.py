"""The published JSON Schemas, generated from the kinds: what a manifest may hold, and what changing a field costs.

`python -m novita_infra.schema.resources FOLDER` writes them. Nothing here validates.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from novita_infra.kinds import KINDS
from novita_infra.kinds.field import Default, Field
from novita_infra.kinds.kind import Kind
from novita_infra.model.diagnostics import naming_file
from novita_infra.schema.draft_07 import as_draft_07
from novita_infra.schema.drift import IGNORE_CHANGES, ON_DRIFT
from novita_infra.schema.explain_kinds import describe_means
from novita_infra.schema.frame import CHECK, EXISTENCE, VERSION, check_schema, lifecycle, metadata
from novita_infra.schema.modules.interface import MODULE_INTERFACE
from novita_infra.schema.modules.use import MODULE
from novita_infra.schema.objects import DRAFT, Schema, closed_object, opened, schema_id
from novita_infra.schema.project import any_project, project
from novita_infra.schema.secret_pointers import SECRET
from novita_infra.schema.variable_types import VARIABLE_TYPE

OLDER: Final = "draft-07"
"""The folder of the schema of any document in draft-07, for catalogues such as SchemaStore."""
_OTHERS: Final = frozenset({"diagnostics.json", "plan.json", "scenario.json"})
"""Schemas of the views and of the simulator, which have generators of their own."""

_REQUIRED: Final = ("apiVersion", "kind", "metadata", "spec")

_INSIDE: Final = r"""[^{}"']|"([^"\\]|\\[\s\S])*"|'([^'\\]|\\[\s\S])*'"""
"""One character of an expression outside of texts and maps, or a text."""
_MAP: Final = functools.reduce(lambda inner, _: rf"\{{({_INSIDE}|{inner})*\}}", range(4), rf"\{{({_INSIDE})*\}}")
"""A map with at most four maps one inside the other."""

_DEFS: Final[Schema] = {
    "onDrift": ON_DRIFT,
    "variableType": VARIABLE_TYPE,
    "ignoreChanges": IGNORE_CHANGES,
    "expression": {
        "description": "A text with a ${...} expression in it; $${ is a plain ${.",
        "type": "string",
        "pattern": r"(^|[^$])\$\{",
    },
    "reference": {
        "title": "expression",
        "description": "A text that is one ${...} expression, so that it may stand for a number, a list or a map.",
        "type": "string",
        "pattern": rf"^\$\{{({_INSIDE}|{_MAP})*\}}$",
    },
    "secret": SECRET,
    "duration": {
        "title": "length of time",
        "type": "string",
        "pattern": "^[1-9][0-9]*[smhd]$",
        "examples": ["90s", "30m", "2h", "1d"],
        "description": "A number of seconds, minutes, hours or days: 90s, 30m, 2h, 1d.",
    },
}


def schema_of(kind: Kind) -> Schema:
    """The schema of one document of the kind after defaults and patches; it stands alone."""
    return _alone(kind, _document(kind))


def published_schema_of(kind: Kind) -> Schema:
    """The schema of one document of the kind as it is written; it stands alone."""
    return _alone(kind, _written(_document(kind)))


def _alone(kind: Kind, document: Schema) -> Schema:
    return {**_head(kind.type, kind.name, kind.summary), **document, "$defs": _defs_for(document)}


def manifest_schema() -> Schema:
    """The schema of any document. The kind selects the rules, so that messages are about that kind alone."""
    others = {"Module": MODULE, "ModuleInterface": MODULE_INTERFACE, "Project": any_project()}
    documents = {**{kind.name: _written(_document(kind)) for kind in KINDS.values()}, **others}
    names = [*documents]
    return {
        **_head("manifest", "Manifest", "One document: a resource of any kind, or a project."),
        "type": "object",
        "properties": {"kind": {"enum": names, "description": "The kind of the document."}},
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


def project_schema(parts: Collection[str] | None = None, backends: Collection[str] | None = None) -> Schema:
    """The schema of `novita-infra.yaml`, or of some parts of it with the settings of some state backends."""
    summary = "The project file: its name, variables, environments, state, rules and outputs."
    schema = project(parts, backends)
    return {**_head("project", "Project", summary), **schema, "$defs": _defs_for(schema)}


def module_schema() -> Schema:
    """The schema of a document that uses a module."""
    return {**_head("module", "Module", "Uses a module: a folder of manifests."), **MODULE, "$defs": _defs_for(MODULE)}


def module_interface_schema() -> Schema:
    """The schema of `novita-infra-module.yaml`."""
    summary = "What a module takes and gives: its inputs and its outputs."
    head = _head("module_interface", "ModuleInterface", summary)
    return {**head, **MODULE_INTERFACE, "$defs": _defs_for(MODULE_INTERFACE)}


def frame_schema() -> Schema:
    """The schema of a document of any kind. Its spec is that of the kind."""
    rules = [kind.resolution.checks for kind in KINDS.values() if kind.resolution.checks]
    checks = check_schema(dict.fromkeys(name for one in rules for name in one.types))
    kinds = {"enum": [kind.name for kind in KINDS.values()], "description": "The kind of the resource."}
    about = "What the object is like: the fields of its kind, which `novita-infra explain KIND` lists."
    frame = {
        "apiVersion": VERSION,
        "kind": kinds,
        "metadata": metadata(),
        **EXISTENCE,
        "lifecycle": lifecycle(),
        CHECK: checks,
        "spec": {"type": "object", "description": about},
    }
    return {"type": "object", "properties": frame, "required": list(_REQUIRED), "$defs": _defs_for(frame)}


def schemas() -> dict[str, Schema]:
    """Every schema by its file name."""
    kinds = {f"{prefix}.json": published_schema_of(kind) for prefix, kind in KINDS.items()}
    modules = {"module.json": module_schema(), "module_interface.json": module_interface_schema()}
    return {"manifest.json": manifest_schema(), "project.json": project_schema(), **modules, **kinds}


def older_schemas() -> dict[str, Schema]:
    """The schemas in draft-07 by file name: that of any document, which holds those of all kinds."""
    return {"manifest.json": as_draft_07(manifest_schema())}


def text_of_schema(schema: Mapping[str, Any]) -> str:
    """The schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> None:
    """Writes every schema, and that of any document in draft-07, and removes generated ones of removed kinds."""
    made = schemas()
    for place, drafted in ((folder, made), (folder / OLDER, older_schemas())):
        place.mkdir(parents=True, exist_ok=True)
        for stale in place.glob("*.json"):
            if stale.name not in drafted.keys() | _OTHERS and '"$id": "urn:novita-infra:' in stale.read_text("utf-8"):
                stale.unlink()
        for name, schema in drafted.items():
            with naming_file(place / name):
                (place / name).write_text(text_of_schema(schema), encoding="utf-8")


def _head(name: str, title: str, description: str) -> Schema:
    return {"$schema": DRAFT, "$id": schema_id(name), "title": title, "description": description}


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
    return closed_object(
        {
            "apiVersion": VERSION,
            "kind": {"const": kind.name, "description": kind.summary},
            "metadata": metadata(kind),
            **EXISTENCE,
            "lifecycle": lifecycle(kind),
            **({CHECK: check_schema(kind.resolution.checks.types)} if kind.resolution.checks else {}),
            "spec": spec,
        },
        required=_REQUIRED,
    )


def _written(document: Schema) -> Schema:
    """The schema of a document as it is written: what its spec lacks may come from defaults or from a patch."""
    return {**document, "properties": {**document["properties"], "spec": _partial(document["properties"]["spec"])}}


def _partial(schema: Schema) -> Schema:
    """The schema of a map without the keys that it must have, also in the maps inside it, which are merged deep."""
    if "properties" not in schema:
        return schema
    properties = {name: _partial(part) for name, part in schema["properties"].items()}
    return {**{name: part for name, part in schema.items() if name != "required"}, "properties": properties}


def _field(kind: Kind, field: Field) -> Schema:
    """The field's schema, open to expressions, with its description and what changing it costs."""
    described = {"description": field.doc, **field.schema}
    open_to_both = opened(described, secret=field.secret or field.secret_items)
    noted = {**open_to_both, "description": f"{field.doc.rstrip('.')}. Changing it: {describe_means(kind, field)}."}
    if isinstance(field.absent, Default) and field.absent.value and "default" not in noted:
        noted["default"] = field.absent.value
    return noted


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1] if len(sys.argv) > 1 else "schemas"))
