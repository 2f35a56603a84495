"""The JSON Schema of what `plan --json` says of money: `novita.money` of the plan, `novita.cost` of a resource."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]


def closed_json(properties: Schema, description: str = "", *, but: Iterable[str] = ()) -> Schema:
    """An object with these properties and no others, all of them but some required."""
    told, left = {"description": description} if description else {}, set(but)
    return {
        "type": "object",
        **told,
        "properties": properties,
        "required": [name for name in properties if name not in left],
        "additionalProperties": False,
    }


def _usd(description: str = "") -> Schema:
    return {
        "type": "string",
        "pattern": r"^-?[0-9]+(\.[0-9]+)?$",
        **({"description": description} if description else {}),
    }


_NONE: Final = {"type": "null"}
_RANGE: Final = closed_json({"least": _usd("What is certain."), "most": _usd("The most that it can be.")})
_RATE: Final = closed_json({"per_hour": _RANGE, "per_month": _RANGE})
_SUMS: Final[Schema] = {
    "before": _RATE,
    "after": {**_RATE, "description": "No less than before where a price is known no more: that is no saving."},
    "delta": {**_RATE, "description": "As far as prices are known: see `unknown`."},
    "at_once": _usd("What the plan buys at once."),
}
_LINE: Final = closed_json(
    {
        "what": {"type": "string", "description": "For a person."},
        "price": {"anyOf": [_usd(), _NONE], "description": "Of one unit and period; null where nobody knows it."},
        "per_hours": {"type": "integer", "description": "The period; 0 for what is paid once."},
        "quantity": {"type": "integer", "description": "How many units, at the most."},
        "least": {"type": "integer", "description": "How many units, at the least."},
        "unit": {"type": "string", "description": "What is counted, such as GPU; empty where the line says all."},
        "listed": {"type": "string", "description": "Where in the price list the price stands; empty where nowhere."},
    }
)
_LINES: Final[Schema] = {"type": "array", "items": _LINE}

COST: Final[Schema] = {
    "anyOf": [
        closed_json(
            {
                **_SUMS,
                "unknown": {"type": "array", "items": {"type": "string"}, "description": "What has no known price."},
                "lines": closed_json({"before": _LINES, "after": _LINES, "once": _LINES}),
            }
        ),
        _NONE,
    ],
    "description": "What the resource costs, in USD; null for what is free of charge.",
}

MONEY: Final[Schema] = {
    "anyOf": [
        closed_json(
            {
                "currency": {"const": "USD"},
                "hours_per_month": {"type": "integer"},
                "prices_read": {"type": "string", "description": "When the prices were read, in UTC."},
                **_SUMS,
                "groups": {
                    "type": "object",
                    "additionalProperties": closed_json(_SUMS),
                    "description": "By their names.",
                },
                "unknown": {
                    "type": "array",
                    "items": closed_json(
                        {
                            "address": {"type": "string"},
                            "what": {"type": "string"},
                            "counted_as_before": {
                                "type": "boolean",
                                "description": "Whether the resource is counted for no less than before.",
                            },
                        }
                    ),
                    "description": "What has no known price; not counted, unless it is counted as before.",
                },
                "budget": closed_json(
                    {
                        "per_hour": {"anyOf": [_usd(), _NONE]},
                        "per_month": {"anyOf": [_usd(), _NONE]},
                        "unknown": {"enum": ["warn", "refuse"]},
                    },
                    "The ceilings that it was held against; null where there is none.",
                ),
            }
        ),
        _NONE,
    ],
    "description": "What the environment costs before and after, in USD.",
}
