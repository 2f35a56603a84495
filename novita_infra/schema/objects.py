"""The building blocks of every JSON Schema here: its type, its ids and closed objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_URN: Final = "urn:novita-infra:schema:v1"


def schema_id(name: str) -> str:
    """The `$id` of the published schema of that name: a URN, which no one can take over, unlike a domain."""
    return f"{_URN}:{name}"


def closed_object(properties: Schema, *, required: Iterable[str] = ()) -> Schema:
    """An object with these properties and no others."""
    needed = [*required]
    listed = {"required": needed} if needed else {}
    return {"type": "object", "properties": properties, **listed, "additionalProperties": False}


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
