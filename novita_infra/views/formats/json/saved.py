"""The origin and the digest of a saved plan as JSON. Pure."""

from __future__ import annotations

from typing import Any

from novita_infra.model.clock import timestamp
from novita_infra.planning.saved.plan_file import SavedPlan


def saved_json(saved: SavedPlan) -> dict[str, Any]:
    """The same for a program."""
    return {
        "created": timestamp(saved.setting.created),
        "program": saved.program,
        "root": saved.setting.root,
        "state": saved.setting.state,
        "lineage": saved.review.plan.basis.lineage,
        "serial": saved.review.plan.basis.serial,
        "variables": dict(saved.setting.variables),
        "seal": saved.seal,
        "seal_checked": False,
    }
