"""The estimated duration of a plan as JSON. Pure."""

from __future__ import annotations

from typing import Any

from novita_infra.planning.cost.durations import Estimate


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    """The same for a program; seconds throughout."""
    return {
        "seconds": round(estimate.seconds, 1),
        "steps": estimate.steps,
        "steps_known": estimate.known,
        "critical_path": [
            {
                "key": leg.key,
                "address": str(leg.address),
                "call": leg.call,
                "seconds": round(leg.seconds, 1),
                "runs": leg.runs,
            }
            for leg in estimate.path
        ],
    }
