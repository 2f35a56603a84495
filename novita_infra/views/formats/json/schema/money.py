"""The JSON Schema of costs in `plan --json`: `novita.money` of the plan, `novita.cost` of a resource."""

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
    "after": {**_RATE, "description": "At least the cost before, if a price is no longer known: that is no saving."},
    "delta": {**_RATE, "description": "As far as prices are known: see `unknown`."},
    "at_once": _usd("What the plan buys at once, at the most."),
    "at_once_least": _usd("What it buys at once at the least, if that is an estimate."),
}
_ESTIMATED: Final = ("at_once_least",)
_LINE: Final = complete_object(
    {
        "what": {"type": "string", "description": "For a person."},
        "price": {"anyOf": [_usd(), _NONE], "description": "Of one unit and period; null if it is unknown."},
        "per_hours": {"type": "integer", "description": "The period; 0 for a single payment."},
        "quantity": {"type": "integer", "description": "How many units, at the most."},
        "least": {"type": "integer", "description": "How many units, at the least."},
        "unit": {
            "type": "string",
            "description": "The counted unit, such as GPU; empty if the line is complete without.",
        },
        "listed": {
            "type": "string",
            "description": "The place of the price in the price list; empty if it is not listed.",
        },
        "per_units": {"type": "integer", "description": "The units that the price is for, if they are several."},
    },
    but=["per_units"],
)
_LINES: Final[Schema] = {"type": "array", "items": _LINE}

COST: Final[Schema] = {
    "anyOf": [
        complete_object(
            {
                **_SUMS,
                "unknown": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "Items without a known price.",
                },
                "remains": {
                    "type": "boolean",
                    "description": "Whether only its record is removed: it costs on, and no later plan counts it.",
                },
                "lines": complete_object({"before": _LINES, "after": _LINES, "once": _LINES}),
            },
            but=["remains", *_ESTIMATED],
        ),
        _NONE,
    ],
    "description": "The cost of the resource in USD; null if it is free.",
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
                    "additionalProperties": complete_object(_SUMS, but=_ESTIMATED),
                    "description": "By their names.",
                },
                "labels": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "additionalProperties": complete_object(_SUMS, but=_ESTIMATED),
                    },
                    "description": "By the names of labels, then by their values.",
                },
                "bound": complete_object(
                    {
                        "at_most": {"anyOf": [_usd(), _NONE], "description": "Of everything; null if there is none."},
                        "at_most_of_bounded": _usd("Of the objects with a hard deadline."),
                        "until": {"type": ["string", "null"], "description": "When the last of these is gone, in UTC."},
                        "sweep_seconds": {"type": "integer", "description": "The time between two sweeps."},
                        "unbounded": {
                            "type": "array",
                            "items": complete_object(
                                {
                                    "address": {"type": "string"},
                                    "why": {"type": "string", "description": "Why nothing ends it."},
                                    "per_hour": _RANGE,
                                    "price_unknown": {
                                        "type": "array",
                                        "items": {"type": "string"},
                                        "description": "What of it has no known price.",
                                    },
                                    "deleted": {"type": "boolean", "description": "Whether the plan deletes it."},
                                }
                            ),
                            "description": "What costs until somebody ends it.",
                        },
                    },
                    "The most that the environment costs from now on if nobody comes back and `sweep` runs every hour.",
                ),
                "unknown": {
                    "type": "array",
                    "items": complete_object(
                        {
                            "address": {"type": "string"},
                            "what": {"type": "string"},
                            "counted_as_before": {
                                "type": "boolean",
                                "description": "Whether the resource is counted with at least the cost before.",
                            },
                        }
                    ),
                    "description": "Items without a known price. They are not counted, or counted as before.",
                },
                "budget": complete_object(
                    {
                        "per_hour": {"anyOf": [_usd(), _NONE]},
                        "per_month": {"anyOf": [_usd(), _NONE]},
                        "once": {**_usd(), "description": "What one plan may pay at once; absent for no ceiling."},
                        "unknown": {"enum": ["warn", "refuse"]},
                    },
                    "The ceilings that it was held against; null where there is none.",
                    but=["once"],
                ),
            },
            but=["bound", "labels", *_ESTIMATED],
        ),
        _NONE,
    ],
    "description": "The cost of the environment before and after, in USD.",
}
