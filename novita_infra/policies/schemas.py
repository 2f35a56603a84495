"""JSON Schemas as policies: the parts of a plan that do not fit one. A schema cannot refer to other files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_MOST: Final = 500
_LONGEST: Final = 300


class BadSchema(ValueError):
    """The data is no JSON Schema, or it refers to an unknown one."""


def misfits(schema: Any, plan: Mapping[str, Any], *, each: bool) -> list[tuple[str, str]]:
    """The reasons why the plan (as Terraform's JSON) does not fit the schema, each with an address or an empty string.

    With `each`, the schema describes one item of `resource_changes` and applies to those that change something. The
    text of a reason is the `description` of the part of the schema that does not fit, if it has one.
    """
    from jsonschema import SchemaError  # noqa: PLC0415 -- only projects with such a policy pay for it
    from jsonschema.validators import validator_for  # noqa: PLC0415 -- likewise
    from referencing import Registry  # noqa: PLC0415 -- likewise
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 -- likewise

    if not isinstance(schema, (dict, bool)):
        raise BadSchema("an object is wanted")
    try:
        kind = validator_for(schema)
        kind.check_schema(schema)  # type: ignore[arg-type]  # true and false are schemas too
        validator = kind(schema, registry=Registry())
        reasons = [
            (_reason(error, path), address or _address(plan, path))
            for part, address in (_changes(plan) if each else ((plan, ""),))
            for error in validator.iter_errors(part)
            for path in [tuple(error.absolute_path)]
        ]
    except SchemaError as error:
        where = ".".join(map(str, error.absolute_path))
        raise BadSchema(f"{where}: {error.message}"[:_LONGEST] if where else error.message[:_LONGEST]) from None
    except Unresolvable as error:
        raise BadSchema(f"{error.ref} is not in it") from None
    return list(dict.fromkeys(reasons))[:_MOST]


def _changes(plan: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    for change in plan["resource_changes"]:
        if change["change"]["actions"] != ["no-op"]:
            yield change, str(change["address"])


def _address(plan: Mapping[str, Any], path: tuple[str | int, ...]) -> str:
    """The address of the resource in the part of the plan that does not fit."""
    match path:
        case ("resource_changes", int() as index, *_):
            return str(plan["resource_changes"][index]["address"])
        case _:
            return ""


def _reason(error: Any, path: tuple[str | int, ...]) -> str:
    said = error.schema.get("description") if isinstance(error.schema, dict) else None
    if isinstance(said, str) and said.strip():
        return said
    where = ".".join(map(str, path))
    return f"{where}: {error.message}"[:_LONGEST] if where else str(error.message)[:_LONGEST]
