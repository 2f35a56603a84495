"""The findings on refused changes, each with the ways around it. Pure; `decisions` and `calls` say what is refused."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.lifecycle import OnDrift
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.changes import FieldChange
from novita_infra.planning.plan.findings import Finding


def refused(decisions: Mapping[Address, Decision], *, options: PlanOptions) -> Iterator[Finding]:
    """A finding for each refused change, with the ways around it."""
    for address, decision in decisions.items():
        exclude = f"--exclude {shlex.quote(str(address))}" if not options.targets else ""
        ways = [*_ways(decision), *([f"leave it out with {exclude}"] if exclude else [])]
        hint = f"to go on, {', or '.join(ways)}" if ways else ""
        for refusal in decision.refusals:
            yield Finding(Diagnostic(refusal, hint, address=str(address), option=exclude))


def _ways(decision: Decision) -> Iterator[str]:
    fields = [item for item in decision.fields if item.refused and item.before is not None]
    if fields:
        values = ", ".join(f"`{item.name}: {item.before}`" for item in fields)
        yield f"write what it has into the manifest ({values})"
    if fields and all(_was_changed_outside(item, decision) for item in fields):
        yield "keep the changed value (`lifecycle.onDrift: adopt`)"


def _was_changed_outside(item: FieldChange, decision: Decision) -> bool:
    """Whether the manifest still declares the value from before the drift; a new value must not be given up."""
    return any(
        change.name == item.name and change.before == item.after
        for drift in decision.response.drift
        if drift.on_drift is OnDrift.HEAL
        for change in drift.fields
    )
