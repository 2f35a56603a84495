"""The published schemas in draft-07 of JSON Schema, which catalogues for editors (SchemaStore) ask for."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.schema.objects import Schema

DRAFT_07: Final = "http://json-schema.org/draft-07/schema#"

_DATA: Final = frozenset({"const", "enum", "default", "examples"})
"""Keywords that hold values, not schemas."""
_MAPS: Final = frozenset({"properties", "$defs", "dependentSchemas"})
"""Keywords that hold schemas by name."""
_RENAMED: Final = {"$defs": "definitions", "dependentSchemas": "dependencies"}


def as_draft_07(schema: Schema) -> Schema:
    """The schema in draft-07: `definitions` for `$defs`, and no keyword beside a `$ref`, where draft-07 ignores it."""
    name = schema["$id"].rpartition(":")
    converted: Schema = _converted(schema)
    return {**converted, "$schema": DRAFT_07, "$id": f"{name[0]}:draft-07:{name[2]}"}


def _converted(part: Any) -> Any:
    if isinstance(part, list):
        return [_converted(item) for item in part]
    if not isinstance(part, dict):
        return part
    made = {}
    for name, value in part.items():
        if name in _DATA:
            made[name] = value
        elif name in _MAPS:
            made[_RENAMED.get(name, name)] = {key: _converted(item) for key, item in value.items()}
        elif name == "$ref":
            made[name] = value.replace("#/$defs/", "#/definitions/")
        else:
            made[name] = _converted(value)
    if "$ref" not in made or len(made) == 1:
        return made
    reference = {"$ref": made.pop("$ref")}
    return {**made, "allOf": [reference, *made.get("allOf", ())]}
