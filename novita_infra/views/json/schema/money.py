"""The JSON Schema of what `plan --json` says of money: `novita.money` of the plan, `novita.cost` of a resource."""

from __future__ import annotations

from typing import Final

from novita_infra.schema.objects import Schema, complete_object


def _usd(description: str = "") -> Schema:
    return {
        "type": "string",
        "pattern": r"^-?[0-9]+(\.[0-9]+)?$",
        **({"description": description} if description else {}),
    }


_NONE: Final = {"type": "null"}
_RANGE: Final = complete_object({"least": _usd("What is certain."), "most": _usd("The most that it can be.")})
_RATE: Final = complete_object({"per_hour": _RANGE, "per_month": _RANGE})
_SUMS: Final[Schema] = {
    "before": _RATE,
    "after": {**_RATE, "description": "No less than before where a price is known no more: that is no saving."},
    "delta": {**_RATE, "description": "As far as prices are known: see `unknown`."},
    "at_once": _usd("What the plan buys at once."),
}
_LINE: Final = complete_object(
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
        complete_object(
            {
                **_SUMS,
                "unknown": {"type": "array", "items": {"type": "string"}, "description": "What has no known price."},
                "lines": complete_object({"before": _LINES, "after": _LINES, "once": _LINES}),
            }
        ),
        _NONE,
    ],
    "description": "What the resource costs, in USD; null for what is free of charge.",
}

MONEY: Final[Schema] = {
    "anyOf": [
        complete_object(
            {
                "currency": {"const": "USD"},
                "hours_per_month": {"type": "integer"},
                "prices_read": {"type": "string", "description": "When the prices were read, in UTC."},
                **_SUMS,
                "groups": {
                    "type": "object",
                    "additionalProperties": complete_object(_SUMS),
                    "description": "By their names.",
                },
                "unknown": {
                    "type": "array",
                    "items": complete_object(
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
                "budget": complete_object(
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
