"""What the policies say of a plan, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from novita_infra.model.rules import OnError
from novita_infra.planning.plan.verdicts import Judgement, VerdictReason
from novita_infra.views.text.lines import Line, Tone, line


def policy_lines(judgements: Iterable[Judgement]) -> Iterator[Line]:
    """One line for all of them; what they deny and warn of is told beside the plan. Nothing where there are none."""
    parts = [(judgement.policy.name, _outcome(judgement)) for judgement in judgements]
    if parts:
        told: list[tuple[str, Tone | None]] = []
        for name, outcome in parts:
            told += [(", " if told else " ", None), (f"{name} {outcome}", _TONES[outcome])]
        yield line("Policies:", *told, ".")


def policies_json(judgements: Iterable[Judgement]) -> list[dict[str, Any]]:
    """Each policy with its outcome and its reasons."""
    return [
        {
            "name": judgement.policy.name,
            "by": judgement.policy.by.value,
            "run": list(judgement.policy.words),
            "outcome": _outcome(judgement),
            "deny": _reasons(judgement.verdict.deny),
            "warn": _reasons(judgement.verdict.warn),
            "error": judgement.error,
        }
        for judgement in judgements
    ]


_TONES = {"passed": Tone.GOOD, "warned": Tone.CHANGE, "denied": Tone.BAD}
OUTCOMES = tuple(_TONES)


def _outcome(judgement: Judgement) -> str:
    if judgement.verdict.deny or (judgement.error and judgement.policy.on_error is OnError.DENY):
        return "denied"
    return "warned" if judgement.verdict.warn or judgement.error else "passed"


def _reasons(reasons: Iterable[VerdictReason]) -> list[dict[str, str]]:
    return [{"address": reason.address, "reason": reason.text} for reason in reasons]
