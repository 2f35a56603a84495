"""Verdicts of policies as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from novita_infra.planning.plan.verdicts import Judgement, VerdictReason
from novita_infra.views.content.plan import policy_outcome


def policies_json(judgements: Iterable[Judgement]) -> list[dict[str, Any]]:
    """Each policy with its outcome and its reasons."""
    return [
        {
            "name": judgement.policy.name,
            "by": judgement.policy.by.value,
            "run": list(judgement.policy.words),
            "outcome": policy_outcome(judgement),
            "deny": _reasons(judgement.verdict.deny),
            "warn": _reasons(judgement.verdict.warn),
            "error": judgement.error,
        }
        for judgement in judgements
    ]


def _reasons(reasons: Iterable[VerdictReason]) -> list[dict[str, str]]:
    return [{"address": reason.address, "reason": reason.text} for reason in reasons]
