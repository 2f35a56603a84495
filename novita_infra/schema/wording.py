"""JSON Schemas and values in words for people: types, limits. Nothing here knows a kind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from novita_infra.model.values import Value

_TYPES: Final = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


def type_of(schema: Mapping[str, Any]) -> str:
    """The type that the schema accepts: `text`, `list of texts`, `map of whole number`, `{min, max}`, `any value`."""
    match schema:
        case {"title": title}:
            return str(title)
        case {"const": value}:
            return f"always {shown_value(value)}"
        case {"enum": values}:
            return f"one of {', '.join(map(shown_value, values))}"
        case {"anyOf": branches}:
            return " or ".join(type_of(branch) for branch in branches)
        case {"type": "array"}:
            return f"list of {type_of(schema.get('items', {}))}"
        case {"type": "object", "properties": properties}:
            return "{" + ", ".join(properties) + "}"
        case {"type": "object"}:
            return f"map of {type_of(schema.get('additionalProperties', {}))}"
        case _:
            return _TYPES.get(schema.get("type", ""), "any value")


def limits_of(schema: Mapping[str, Any]) -> Iterator[str]:
    """The limits of the schema: `at least 10`, `1 to 30 characters`, `matches PATTERN`."""
    for least, most, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", "characters"),
        ("minItems", "maxItems", "items"),
        ("minProperties", "maxProperties", "keys"),
    ):
        text = _range(schema.get(least), schema.get(most), unit)
        if text:
            yield text
    if "pattern" in schema:
        yield f"matches {schema['pattern']}"
    yield from _alternatives_of(schema)
    for about, each in (("propertyNames", "each name"), ("items", "each"), ("additionalProperties", "each")):
        inner = schema.get(about)
        if isinstance(inner, Mapping):
            limits = _alternatives_of(inner) if "properties" in inner else limits_of(inner)
            yield from (f"{each}: {limit}" for limit in limits)


def default_of(value: Value) -> str:
    """A default as a manifest would have it; empty for nothing."""
    return "" if value in (None, "", [], {}) else shown_value(value)


def shown_value(value: Value) -> str:
    """A value as a manifest would have it."""
    return value if isinstance(value, str) and value else json.dumps(value)


def _alternatives_of(schema: Mapping[str, Any]) -> Iterator[str]:
    if names := _required(schema.get("oneOf", ())):
        yield f"exactly one of {names}"
    if names := _required(schema.get("else", {}).get("oneOf", ())):
        yield f"one of {names}; or {_required(schema['if'].get('anyOf', ()))}"


def _required(alternatives: Iterable[Mapping[str, Any]]) -> str:
    """The keys that alternatives require."""
    return ", ".join(name for one in alternatives for name in one.get("required", ()))


def _range(least: float | None, most: float | None, unit: str) -> str:
    match least, most:
        case None, None:
            return ""
        case _, None:
            text = f"at least {least}"
        case None, _:
            text = f"at most {most}"
        case _:
            text = f"exactly {least}" if least == most else f"{least} to {most}"
    last = least if most is None else most
    return f"{text} {unit.removesuffix('s') if last == 1 else unit}".rstrip()
