"""Short functions and constants for JSON Schema. An object holds all named fields; clients must expect more fields."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer"}
NUMBER: Final[Schema] = {"type": "number"}
FLAG: Final[Schema] = {"type": "boolean"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
DIGITS: Final[Schema] = {"type": "string", "pattern": "^-?[0-9]+$"}
"""A whole number as a string, as 64-bit numbers are sent."""
TIME: Final[Schema] = {"type": "string", "pattern": "^-?[0-9]+$", "description": "Unix seconds"}
DECIMAL: Final[Schema] = {"type": "string", "pattern": r"^-?[0-9]+\.[0-9]+$", "description": "USD"}
NOTHING: Final[Schema] = {"type": "null"}


def obj(**fields: Schema) -> Schema:
    """An object with exactly these fields, as far as is known."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def more(schema: Schema, **fields: Schema) -> Schema:
    """Another object with these fields added or replaced."""
    return obj(**{**schema["properties"], **fields})


def items(schema: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": schema}


def one_item(schema: Schema) -> Schema:
    """A list of one."""
    return {"type": "array", "items": schema, "minItems": 1, "maxItems": 1}


def choice(*words: str) -> Schema:
    """One of these strings."""
    return {"type": "string", "enum": list(words)}


def known(*words: str) -> Schema:
    """A string. These are its known values; there may be others."""
    return {"type": "string", "examples": list(words)}


def either(*schemas: Schema) -> Schema:
    """One of several schemas."""
    return {"anyOf": list(schemas)}


PAIR: Final = obj(key=TEXT, value=TEXT)
MADE: Final = obj(id={"type": "string", "minLength": 1})
EMPTY_OBJECT: Final[Schema] = {"type": "object", "maxProperties": 0}
