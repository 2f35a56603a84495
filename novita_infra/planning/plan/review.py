"""The review of a plan: what is said about it, beside what it decides. Frozen values, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from novita_infra.lookups.found import FoundLookup
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Severity
from novita_infra.model.frozen import dataclass
from novita_infra.model.rules import OnError
from novita_infra.planning.plan.costs import Money
from novita_infra.planning.plan.findings import Finding, code_of
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.renames import Rename
from novita_infra.planning.plan.verdicts import Judgement


@dataclass(frozen=True, slots=True)
class Remarks:
    """The remarks of one group of checks on a plan."""

    findings: tuple[Finding, ...] = ()
    """Why the plan cannot be applied."""
    notes: tuple[Diagnostic, ...] = ()
    """Warnings, which do not prevent an apply."""


@dataclass(frozen=True, slots=True)
class TimeRule:
    """What the fields about time of one resource ask for now, and next."""

    address: Address
    says: tuple[str, ...]
    """For a person, one text for each field."""
    next: float = 0.0
    """When they ask for something else, in Unix seconds; 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class Review:
    """A plan and what is said about it. The plan inside is the one that the planner made, unchanged."""

    plan: Plan
    checks: Remarks = Remarks()
    """From the planner itself: refused changes, protection, data loss, conditions, the budget."""
    preflight: Remarks = Remarks()
    """From the pre-flight: stock, quotas, the balance, places, duplicates."""
    cost: Money | None = None
    """What the plan costs, before and after."""
    verdicts: tuple[Judgement, ...] = ()
    """What the policies say; what they deny is among the problems, what they warn of among the notes."""
    renames: tuple[Rename, ...] = ()
    """What is deleted and created again under another name, although it could be kept."""
    lookups: tuple[FoundLookup, ...] = ()
    """What the manifests looked up for it."""
    times: tuple[TimeRule, ...] = ()
    """What the fields about time of the declared resources ask for, sorted by address."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Why the plan cannot be applied; empty for a plan that can be."""
        denied = (Finding(item, EXIT_REFUSED) for item in denied_by(self.verdicts))
        return (*self.checks.findings, *self.preflight.findings, *denied)

    @property
    def problems(self) -> tuple[Diagnostic, ...]:
        """The diagnostics of the findings."""
        return tuple(finding.diagnostic for finding in self.findings)

    @property
    def notes(self) -> tuple[Diagnostic, ...]:
        """The warnings of the planner, of the pre-flight and of the policies, in this order."""
        return (*self.checks.notes, *self.preflight.notes, *warned_by(self.verdicts))

    @property
    def code(self) -> int:
        """The exit code that the findings ask for; 0 where there are none."""
        return code_of(self.findings)

    @property
    def empty(self) -> bool:
        """Whether the plan does nothing, and nothing prevents that."""
        return self.plan.empty and not self.findings

    def with_preflight(self, remarks: Remarks) -> Review:
        """The review with these remarks of the pre-flight in place of earlier ones."""
        return replace(self, preflight=remarks)

    def with_verdicts(self, verdicts: Iterable[Judgement]) -> Review:
        """The review with these verdicts in place of earlier ones. Without any it is what every policy is shown."""
        return replace(self, verdicts=tuple(verdicts))


def denied_by(verdicts: Iterable[Judgement]) -> list[Diagnostic]:
    """The diagnostics on what policies deny, and on policies that must give a verdict and gave none."""
    return [diagnostic for verdict in verdicts for diagnostic in _denied(verdict)]


def warned_by(verdicts: Iterable[Judgement]) -> list[Diagnostic]:
    """The diagnostics on what policies warn of, and on policies that may give no verdict and gave none."""
    return [diagnostic for verdict in verdicts for diagnostic in _warned(verdict)]


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
