"""The building blocks of every JSON Schema here: its type, its ids, closed objects, and expressions in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_URN: Final = "urn:novita-infra:schema:v1"


def schema_id(name: str) -> str:
    """The `$id` of the published schema of that name: a URN, which no one can take over, unlike a domain."""
    return f"{_URN}:{name}"


def closed_object(properties: Schema, *, required: Iterable[str] = (), **notes: Any) -> Schema:
    """An object with these properties and no others. `notes` are its description, examples and the like."""
    needed = [*required]
    listed = {"required": needed} if needed else {}
    return {"type": "object", "properties": properties, **listed, "additionalProperties": False, **notes}


def complete_object(properties: Schema, description: str = "", *, but: Iterable[str] = ()) -> Schema:
    """An object with these properties and no others, in which all but some are required: an answer of ours."""
    optional, noted = set(but), {"description": description} if description else {}
    return {
        "type": "object",
        **noted,
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def opened(schema: Mapping[str, Any], *, secret: bool) -> Schema:
    """The schema that also accepts an expression for any value, and a secret's source for a text that may be secret."""
    if "anyOf" in schema:
        branches = [(opened if _is_text(item) else _inside)(item, secret=secret) for item in schema["anyOf"]]
        return {**schema, "anyOf": branches}
    if not _is_text(schema):
        return _unless("reference", _inside(schema, secret=secret))
    inner = _unless("expression", schema) if _LIMITING & schema.keys() else dict(schema)
    if not secret:
        return inner
    return {**_notes(schema), "if": {"type": "object"}, "then": {"$ref": "#/$defs/secret"}, "else": inner}


def _inside(schema: Mapping[str, Any], *, secret: bool) -> Schema:
    """The same for the parts of the schema, not for itself."""
    inner = dict(schema)
    if "properties" in inner:
        inner["properties"] = {name: opened(item, secret=secret) for name, item in inner["properties"].items()}
    for part in ("items", "additionalProperties"):
        if isinstance(inner.get(part), Mapping):
            inner[part] = opened(inner[part], secret=secret)
    return inner


_LIMITING: Final = frozenset({"pattern", "maxLength", "enum", "const", "format"})
"""Limits that do not hold for an expression before its value is known; minLength holds for it anyway."""


def _is_text(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "string" or all(isinstance(item, str) for item in schema.get("enum", [0]))


def _unless(alternative: str, schema: Mapping[str, Any]) -> Schema:
    """The schema or the alternative. It uses if and else, because errors of an anyOf are of no help; the notes remain
    where editors look for them.
    """
    return {**_notes(schema), "if": {"$ref": f"#/$defs/{alternative}"}, "else": dict(schema)}


def _notes(schema: Mapping[str, Any]) -> Schema:
    notes = {name: schema[name] for name in ("description", "default", "examples") if name in schema}
    return {**notes, "examples": schema["enum"]} if "enum" in schema else notes
