"""Results with as many findings as wanted, whose texts are hostile, for tests of the formats of findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.lifecycle import Cause, OnDrift
from novita_infra.model.resources import Live, Phase
from novita_infra.model.rules import Judge, Policy
from novita_infra.model.values import Digest, Secret
from novita_infra.planning.orphans import Orphan
from novita_infra.planning.plan.changes import Action, Change, Drift, FieldChange
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.review import Remarks, Review
from novita_infra.planning.plan.verdicts import Judgement, Verdict, VerdictReason
from novita_infra.views.content.diagnostics import FailureContent, ValidationContent
from novita_infra.views.content.plan import DriftContent, PlanContent
from novita_infra.views.results.orphans import orphan_listing

HOSTILE = '\x1b[31m\n::error file=x::y\r]]> <b a="1">&amp; 100% a:b,c \x00\x0b\ufffe\ud800\u202e\U0001f600 好 --> \''


def hostile_contents(review: Review, count: int, secret: str) -> Iterator[tuple[str, Any, int]]:
    """The name of each result, its content, and how many findings it has; the review gives the rest of the plan."""
    addresses = [Address("instance", f"worker{number}", "a\u202e<&:,%") for number in range(count)]
    fields = (
        FieldChange("image", HOSTILE, f"{HOSTILE}{'x' * 100}"),
        FieldChange("env", Digest("aa"), Secret(secret, "env:X")),
    )
    changes = tuple(Change(address, Action.UPDATE, HOSTILE, fields, why=HOSTILE) for address in addresses)
    drift = tuple(
        Drift(address, cause, OnDrift.ALERT, HOSTILE, HOSTILE, fields=fields)
        for address in addresses
        for cause in (Cause.EDITED, Cause.FAILED)
    )
    findings = tuple(
        Finding(Diagnostic(HOSTILE, HOSTILE, Origin("net.yaml", number, 2) if number % 2 else None, str(address)), 5)
        for number, address in enumerate(addresses, 1)
    )
    warning = Diagnostic(HOSTILE, HOSTILE, severity=Severity.WARNING)
    policy = Policy(name=HOSTILE, by=Judge.RUN, words=("x",), origin=Origin(HOSTILE, 3, 4))
    verdict = Verdict((VerdictReason(HOSTILE, str(addresses[0])),), (VerdictReason(HOSTILE),))
    plan = replace(review.plan, changes=changes, drift=drift, project=HOSTILE, environment=HOSTILE)
    whole = Review(
        plan,
        checks=Remarks(findings, (warning,) * count),
        verdicts=(Judgement(policy, verdict), Judgement(replace(policy, name="calm"), Verdict())),
    )
    yield "plan", PlanContent(whole, warnings=(warning,)), 2 * count + 3
    yield "drift", DriftContent(replace(whole, checks=Remarks(), verdicts=())), count
    wrong = tuple(finding.diagnostic for finding in findings)
    yield "validation", ValidationContent(wrong, None, ("dev", HOSTILE), (("dev",),) * count), count
    lost = [Orphan("instance", Live(f"i-{number}", HOSTILE, Phase.READY, HOSTILE, {})) for number in range(count)]
    yield "orphans", orphan_listing(lost, now=0.0, unlisted=[HOSTILE]), count + 1
    yield "failure", FailureContent("plan", (warning, Diagnostic(HOSTILE, origin=Origin(HOSTILE, 1, 1)))), 2
