"""A few words to write JSON Schema with. Objects hold all the named fields; clients must expect more of them."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer"}
NUMBER: Final[Schema] = {"type": "number"}
FLAG: Final[Schema] = {"type": "boolean"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
DIGITS: Final[Schema] = {"type": "string", "pattern": "^-?[0-9]+$"}
"""A whole number that comes as a string, as 64-bit numbers do."""
TIME: Final[Schema] = {"type": "string", "pattern": "^-?[0-9]+$", "description": "Unix seconds"}
DECIMAL: Final[Schema] = {"type": "string", "pattern": r"^-?[0-9]+\.[0-9]+$", "description": "USD"}
NOTHING: Final[Schema] = {"type": "null"}


def obj(**fields: Schema) -> Schema:
    """An object with exactly these fields, as far as is known."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def more(schema: Schema, **fields: Schema) -> Schema:
    """An object with these fields beside, or in place of, those of another."""
    return obj(**{**schema["properties"], **fields})


def items(schema: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": schema}


def one_item(schema: Schema) -> Schema:
    """A list of one."""
    return {"type": "array", "items": schema, "minItems": 1, "maxItems": 1}


def choice(*words: str) -> Schema:
    """One of some strings."""
    return {"type": "string", "enum": list(words)}


def known(*words: str) -> Schema:
    """A string whose known values are these; there may be others."""
    return {"type": "string", "examples": list(words)}


def either(*schemas: Schema) -> Schema:
    """One of several shapes."""
    return {"anyOf": list(schemas)}


PAIR: Final = obj(key=TEXT, value=TEXT)
MADE: Final = obj(id={"type": "string", "minLength": 1})
EMPTY_OBJECT: Final[Schema] = {"type": "object", "maxProperties": 0}
