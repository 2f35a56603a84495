"""The warnings about jobs that have failed: nothing runs them again by itself. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, Severity, run_again_with
from novita_infra.model.resources import Declared, Phase
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.plan.changes import Action


def has_failed(decision: Decision) -> bool:
    """Whether it is about a job that is over without success, and leaves it so."""
    live = decision.case.live
    failed = live is not None and live.phase is Phase.FAILED and decision.case.kind.api.job is not None
    return failed and decision.action in {Action.NONE, Action.UPDATE}


def job_warnings(decisions: Mapping[Address, Decision], declared: Mapping[Address, Declared]) -> Iterator[Diagnostic]:
    """A warning for each declared job that failed and that the plan leaves so, at the place of its resource."""
    for address, item in declared.items():
        decision = decisions.get(address)
        live = decision.case.live if decision else None
        if decision is not None and live is not None and has_failed(decision):
            option = f"--replace {shlex.quote(str(address))}"
            yield Diagnostic(
                f"{live.id} failed: {live.trouble or live.status}",
                f"it stays so, and costs nothing more; to run the whole of it again, {run_again_with(option)}",
                origin=item.origin,
                address=str(address),
                severity=Severity.WARNING,
                option=option,
            )
