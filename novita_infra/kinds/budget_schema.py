"""The schema of what a project file says of money: ceilings, and how much a price may rise. Nothing here validates."""

from __future__ import annotations

from typing import Any, Final

_AMOUNT: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,5})?$", "examples": ["12.50"]},
    ]
}

BUDGET: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "perHour": {**_AMOUNT, "description": "The most that an environment may cost per hour, in USD."},
        "perMonth": {**_AMOUNT, "description": "The same per month of 30 days."},
        "unknown": {
            "enum": ["warn", "refuse"],
            "default": "warn",
            "description": "What becomes of a plan that adds something whose price is not known.",
        },
    },
    "additionalProperties": False,
    "description": "Ceilings of what each environment may cost, endpoints at their most workers. A plan that costs "
    "more than before and goes over one is refused. What an environment says itself holds there instead.",
}

MAX_PRICE_RISE: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": r"^[0-9]{1,4}(\.[0-9]{1,2})?%$",
    "examples": ["10%"],
    "default": "0%",
    "description": "How much a price may rise between a saved plan and its apply.",
}
