"""The warnings about jobs that have failed: nothing runs them again by itself. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, Severity, run_again_with
from novita_infra.model.resources import Declared, Phase
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.plan.changes import Action, JobEnd


def file_warnings(decisions: Mapping[Address, Decision], declared: Mapping[Address, Declared]) -> Iterator[Diagnostic]:
    """A warning for each file that a job overwrites, and for each that is lost and that nothing can bring back."""
    for address, item in declared.items():
        decision = decisions.get(address)
        file = decision.case.file if decision else None
        if decision is None or file is None:
            continue
        place = item.places.get(file.field, item.origin)
        if _writes(decision) and file.rows is not None:
            rows = f"{file.rows:,} row{'' if file.rows == 1 else 's'}"
            summary, option = f"{file.path}, with {rows}, will be overwritten", ""
            hint = "; ".join(filter(None, (f"name another file in `{file.field}` to keep them", _recall(decision))))
        elif decision.action is Action.NONE and file.lost and not file.kept:
            option = f"--replace {shlex.quote(str(address))}"
            summary = f"{file.lost}, and the service no longer keeps what was there; nothing is run again for it"
            hint = f"put the file back, or run and pay all of it again: {run_again_with(option)}"
        else:
            continue
        yield Diagnostic(summary, hint, origin=place, address=str(address), severity=Severity.WARNING, option=option)


def _recall(decision: Decision) -> str:
    """How what the job before has made can be had later; empty where there is none that is over, or no way."""
    record, live, job = decision.case.record, decision.case.live, decision.case.kind.api.job
    if not decision.makes or job is None or job.recall is None or record is None or live is None:
        return ""
    return job.recall(record.spec, live)


def _writes(decision: Decision) -> bool:
    """Whether the file of a job is written: when it is over, or fetched again."""
    job, waits = decision.case.kind.api.job, decision.action in {Action.RESUME, Action.ADOPT} and decision.waits
    fetches = job is not None and any(name == job.fetch_call for name, _ in decision.calls)
    return decision.makes or waits or fetches


def job_end(decision: Decision) -> JobEnd | None:
    """How the object ended, if it is a job that is over.

    A job that is begun again by itself after a failure, as that of a saved image, matters only where it is replaced.
    """
    live, kind = decision.case.live, decision.case.kind
    if live is None or not kind.is_over(live) or (kind.api.job is None and not decision.makes):
        return None
    return JobEnd.FAILED if live.phase is Phase.FAILED else JobEnd.DONE


def job_warnings(decisions: Mapping[Address, Decision], declared: Mapping[Address, Declared]) -> Iterator[Diagnostic]:
    """A warning for each declared job that failed and that the plan leaves so, at the place of its resource."""
    for address, item in declared.items():
        decision = decisions.get(address)
        live = decision.case.live if decision else None
        if decision is None or live is None or decision.action not in {Action.NONE, Action.UPDATE}:
            continue
        if job_end(decision) is JobEnd.FAILED:
            option = f"--replace {shlex.quote(str(address))}"
            yield Diagnostic(
                f"{live.id} failed: {live.trouble or live.status}",
                f"it stays so, and costs nothing more; to run the whole of it again, {run_again_with(option)}",
                origin=item.origin,
                address=str(address),
                severity=Severity.WARNING,
                option=option,
            )
