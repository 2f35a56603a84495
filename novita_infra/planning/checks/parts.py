"""Two resources for the one part of something, such as the policy of a key: one would overwrite the other. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_ERROR, EXIT_REFUSED, Diagnostic
from novita_infra.model.resources import Declared, Existing
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.plan.findings import Finding


def shared_parts(
    active: Mapping[Address, Decision],
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    existing: Mapping[Address, Existing],
) -> Iterator[Finding]:
    """The findings on resources that would set what another one declares, or what the state records for another."""
    holders: dict[tuple[str, str], list[Address]] = defaultdict(list)
    for address, decision in decisions.items():
        if address in declared and (id := _part(decision)):
            holders[address.type, id].append(address)
    recorded = {
        (address.type, found.record.id): address for address, found in existing.items() if found.record and found.live
    }
    for address, decision in active.items():
        id = _part(decision) if address in declared else ""
        others = [other for other in holders[address.type, id] if other != address] if id else []
        owner = recorded.get((address.type, id), address)
        if others:
            summary = f"{id} can have one {decision.case.kind.name} only, and {others[0]} is one for it, too"
            yield _finding(declared[address], decision, summary, "keep one of the two", code=EXIT_ERROR)
        elif decision.makes and owner != address:
            summary = f"{id} has one already: the state records it as {owner}"
            moved = f"`moved: [{{from: {owner}, to: {address}}}]` in novita-infra.yaml"
            hint = f"if it was renamed, say so: {moved}; otherwise apply first without {address}"
            yield _finding(declared[address], decision, summary, hint, code=EXIT_REFUSED)


def _part(decision: Decision) -> str:
    return decision.case.kind.api.whole_of(decision.spec)


def _finding(item: Declared, decision: Decision, summary: str, hint: str, *, code: int) -> Finding:
    origin = item.places.get(decision.case.kind.api.part_of, item.origin)
    return Finding(Diagnostic(summary, hint, origin=origin, address=str(item.address)), code)
