"""A plan together with what the policies say of it. Pure: the policies have been asked already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Severity
from novita_infra.model.rules import OnError
from novita_infra.planning.findings import Finding, code_of
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.verdicts import Judgement


def with_verdicts(plan: Plan, judgements: Iterable[Judgement]) -> Plan:
    """The plan with these judgements in place of those that it carries: what is denied is a problem of the plan."""
    plain = without_verdicts(plan)
    judgements = tuple(judgements)
    denied = [item for judgement in judgements for item in _denied(judgement)]
    findings = [
        *(Finding(item, plain.code) for item in plain.problems),
        *(Finding(item, EXIT_REFUSED) for item in denied),
    ]
    return replace(
        plain,
        policies=judgements,
        problems=(*plain.problems, *denied),
        notes=(*plain.notes, *(item for judgement in judgements for item in _warned(judgement))),
        code=code_of(findings),
    )


def without_verdicts(plan: Plan) -> Plan:
    """The plan as it was before any policy was asked: what every policy is shown. Only one that was not denied."""
    told = {item for judgement in plan.policies for item in _warned(judgement)}
    return replace(plan, policies=(), notes=tuple(item for item in plan.notes if item not in told))


def _denied(judgement: Judgement) -> list[Diagnostic]:
    policy = judgement.policy
    if judgement.error and policy.on_error is OnError.DENY:
        hint = "without a verdict nothing is applied; mend the policy, or let it be `onError: warn`"
        return [Diagnostic(f'the policy "{policy.name}" gave no verdict: {judgement.error}', hint, policy.origin)]
    return [
        Diagnostic(f'denied by the policy "{policy.name}": {reason.text}', address=reason.address)
        for reason in judgement.verdict.deny
    ]


def _warned(judgement: Judgement) -> list[Diagnostic]:
    policy, warning = judgement.policy, Severity.WARNING
    if judgement.error and policy.on_error is OnError.WARN:
        summary = f'the policy "{policy.name}" gave no verdict: {judgement.error}'
        return [Diagnostic(summary, "mend the policy", policy.origin, severity=warning)]
    return [
        Diagnostic(f'the policy "{policy.name}" warns: {reason.text}', address=reason.address, severity=warning)
        for reason in judgement.verdict.warn
    ]
