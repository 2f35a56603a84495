"""The schemas of `onDrift` and `ignoreChanges`."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.model.lifecycle import Cause, OnDrift

_ANSWER: Final[dict[str, Any]] = {"enum": [answer.value for answer in OnDrift]}
_CAUSES: Final[Any] = {
    Cause.EDITED: "Somebody changed it.",
    Cause.DELETED: "Somebody deleted it.",
    Cause.SPOT_RECLAIM: "A spot machine was reclaimed.",
    Cause.MIGRATION: "The platform moves it to another node.",
    Cause.EXPIRED: "Its term is over, or it is frozen.",
    Cause.FAILED: "It failed.",
    Cause.ARREARS: "The account is in arrears.",
    Cause.RELEASED: "The platform released it after a time.",
}

ON_DRIFT: Final[dict[str, Any]] = {
    "if": {"type": "object"},
    "then": {
        "type": "object",
        "properties": {cause.value: {**_ANSWER, "description": text} for cause, text in _CAUSES.items()},
        "minProperties": 1,
        "additionalProperties": False,
    },
    "else": _ANSWER,
    "examples": [*_ANSWER["enum"], {"edited": "adopt", "deleted": "alert"}],
    "description": "What happens to a change made outside of novita-infra: heal reverts it, adopt accepts it until the "
    "manifest changes or says heal, alert keeps and reports it every time, ignore keeps it. One word, or one for each "
    "cause.",
}

IGNORE_CHANGES: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "if": {"type": "object"},
        "then": {
            "type": "object",
            "properties": {
                "field": {
                    "type": "string",
                    "minLength": 1,
                    "description": "The path of a field, such as ports, env.DEBUG or workers.max.",
                },
                "reason": {"type": "string", "minLength": 1, "description": "Why it is not compared."},
                "until": {
                    "type": "string",
                    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
                    "examples": ["2027-01-31"],
                    "description": "The last day (UTC) on which it is not compared.",
                },
            },
            "required": ["field"],
            "additionalProperties": False,
        },
        "else": {"type": "string", "minLength": 1, "examples": ["ports", "env.DEBUG", "workers.max"]},
    },
    "description": "Fields, or parts of them, that are not compared once the object exists: a change in the manifest "
    "or outside of novita-infra is neither reported nor applied. A new object gets the declared values.",
}
