"""Fields that no manifest declares any more, and that the API has no default for: they remain as they are. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from novita_infra.kinds.field import Local, Platform
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.plan.changes import Action


def unmanaged_notes(active: Mapping[Address, Decision]) -> list[Diagnostic]:
    """The fields that are no longer declared and keep their value, because the service has no default for them."""
    notes = []
    for address, decision in sorted(active.items()):
        record = decision.case.record
        if record is None or not decision.keeps or decision.action is Action.ADOPT:
            continue
        fields = decision.case.kind.by_name
        kept = [
            name
            for name in record.spec
            if name not in decision.spec
            and name in fields
            and isinstance(fields[name].absent, Platform)
            and not isinstance(fields[name].change, Local)
        ]
        if kept:
            summary = f"no longer managed, and remains as it is: {', '.join(kept)}"
            hint = "no manifest declares it any more, and the API has no default for it; declare it again to manage it"
            notes.append(Diagnostic(summary, hint, address=str(address), severity=Severity.WARNING))
    return notes
