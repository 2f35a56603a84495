"""The reasons of a planned change as JSON. Pure."""

from __future__ import annotations

from typing import Any

from novita_infra.views.content.plan import symbol
from novita_infra.views.content.why import Reasons, WhyReason


def why_json(reasons: Reasons) -> dict[str, Any]:
    """The same tree for a program."""
    return {
        "address": str(reasons.change.address),
        "action": reasons.change.action.value,
        "id": reasons.change.id,
        "symbol": symbol(reasons.change),
        "steps": list(reasons.steps),
        "because": [_reason_json(reason) for reason in reasons.because],
    }


def _reason_json(reason: WhyReason) -> dict[str, Any]:
    place = reason.origin
    return {
        "what": reason.what,
        "origin": {"file": place.file, "line": place.line, "column": place.column} if place else None,
        "because": [_reason_json(inner) for inner in reason.because],
    }
