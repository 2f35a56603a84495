"""The plan: what is declared, on record and live goes in, changes and ordered steps come out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import TypeAlias

from novita_infra.catalogue.prices import price_list
from novita_infra.catalogue.products import Catalogue
from novita_infra.encoding import digest
from novita_infra.kinds.field import Local, Platform
from novita_infra.kinds.kind import Kind, SpecError
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR, EXIT_REFUSED, Diagnostic, Severity
from novita_infra.model.lifecycle import OnDrift
from novita_infra.model.resources import Declared, Existing
from novita_infra.model.values import Ref, Value, resolve
from novita_infra.planning.changes.decisions import Decision, decide_undeclared, settled, with_protection, with_retired
from novita_infra.planning.changes.equality import masked
from novita_infra.planning.changes.refusals import refused
from novita_infra.planning.changes.replacements import remembered, renewed
from novita_infra.planning.checks.conditions import demanded, watched
from novita_infra.planning.checks.safety import elsewhere, guarded
from novita_infra.planning.cost.costing import costed, over_budget, unproven
from novita_infra.planning.drift.detection import ResourceDrift, detect_drift, drift_notes, marked_by_others
from novita_infra.planning.drift.record_updates import bookkeeping
from novita_infra.planning.drift.response import decide_with_drift, following, is_asked, still_adopted
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.options import Refresh
from novita_infra.planning.ordering import schedule
from novita_infra.planning.plan.changes import Action, Change, Drift
from novita_infra.planning.plan.costs import Money
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Basis, OutputChanges, Plan, Selection
from novita_infra.planning.plan.review import Remarks, Review
from novita_infra.planning.targeting import Selected, excluded, left_along, select, unchosen


def make_plan(seen: PlanInputs) -> Plan:
    """The plan. Never raises: a change that cannot be made is a finding of the review."""
    return _plan(seen, _decided(seen))


def make_review(seen: PlanInputs) -> Review:
    """The plan with what the planner's own checks say about it, and with its cost."""
    decided = _decided(seen)
    cost = _money(seen, decided)
    return Review(_plan(seen, decided), checks=_checks(seen, decided, cost), cost=cost)


@dataclass(frozen=True, slots=True)
class _Decided:
    """The decisions on all resources, and which of them the plan carries out."""

    declared: Mapping[Address, Declared]
    """The declared resources; none where the plan destroys."""
    decisions: Mapping[Address, Decision]
    active: Mapping[Address, Decision]
    """The decisions that the plan carries out."""
    findings: tuple[Finding, ...]
    """What prevents some of the active decisions."""
    selected: Selected
    left: Mapping[Address, str]
    """The resources that are left out, each with the reason."""


def _decided(seen: PlanInputs) -> _Decided:
    declared = {} if seen.asked.destroys else {item.address: item for item in seen.declared}
    decisions, problems, left = _decide_what_is_not_left_out(seen, declared)
    chosen = select(seen.asked, decisions, declared, left=left)
    active, unmet = demanded(chosen.active, declared, _knowing(seen, chosen.active, declared))
    findings = (
        *(finding for address in active for finding in problems.get(address, ())),
        *refused(active, asked=seen.asked),
        *unmet,
    )
    return _Decided(declared, decisions, active, findings, chosen, left)


def _plan(seen: PlanInputs, decided: _Decided) -> Plan:
    declared, active = decided.declared, decided.active
    timeouts = {item.address: item.lifecycle.timeouts for item in seen.declared}
    ordered = schedule(active, declared, seen.kinds, timeouts=timeouts)
    changes = tuple(
        _change(
            seen,
            declared,
            address,
            decision,
            active=address in active,
            create_first=address in ordered.create_first,
        )
        for address, decision in sorted(decided.decisions.items())
    )
    return Plan(
        project=seen.project,
        environment=seen.environment,
        changes=changes,
        steps=ordered.steps,
        basis=Basis(lineage=seen.lineage, serial=seen.serial),
        destroys=seen.asked.destroys,
        outputs=_outputs(seen, decided),
        groups=seen.groups,
        drift=tuple(_drift(seen, active)),
        refresh_only=seen.asked.refresh is Refresh.ONLY,
        unread={str(address): at for address, at in sorted(seen.unread.items())},
        selection=Selection(
            partial=seen.partial,
            along=decided.selected.along,
            left_out=decided.selected.left,
            data_loss=seen.asked.allow_data_loss,
            large_change=seen.asked.allow_large_change,
        ),
        record_updates=(*bookkeeping(seen, declared, active), *remembered(decided.decisions, decided.left)),
    )


def _checks(seen: PlanInputs, decided: _Decided, cost: Money) -> Remarks:
    """What the planner's own checks say."""
    active = decided.active
    guards = guarded(
        active,
        {item.address: item for item in seen.declared},
        asked=seen.asked,
        rules=seen.rules,
        on_record=len(seen.found),
    )
    return Remarks(
        findings=(
            *decided.findings,
            *unchosen(seen.asked, active, decided.decisions),
            *guards,
            *_emptied(seen),
            *over_budget(cost, environment=seen.environment),
        ),
        notes=(
            *elsewhere(seen.found, unread=seen.unread),
            *_notes(seen, active),
            *drift_notes(decided.declared, active, now=seen.now),
            *unproven(cost, environment=seen.environment),
        ),
    )


_Problems: TypeAlias = dict[Address, list[Finding]]


def _decide_what_is_not_left_out(
    seen: PlanInputs, declared: Mapping[Address, Declared]
) -> tuple[dict[Address, Decision], _Problems, dict[Address, str]]:
    """The decisions, what is wrong with some, and what is left out, with the reasons."""
    left = excluded(seen.asked, {*declared, *seen.found})
    decisions, problems = _decide_all(seen, declared, left)
    while more := left_along(left, decisions, declared):
        # What is left out stays as it is, so what refers to it may stay, too.
        left |= more
        decisions, problems = _decide_all(seen, declared, left)
    return decisions, problems, left


def _decide_all(
    seen: PlanInputs, declared: Mapping[Address, Declared], left: Mapping[Address, str]
) -> tuple[dict[Address, Decision], _Problems]:
    decisions: dict[Address, Decision] = {}
    problems: _Problems = {}
    known = _knowing(seen, decisions, declared, left)
    for address in _by_needs(declared.values()):
        wanted = declared[address]
        kind = seen.kinds[address.type]
        found = seen.found.get(address, Existing())
        spec = {name: resolve(value, known) for name, value in wanted.spec.items()}
        spec, faults = _choose(kind, spec, seen.catalogue, found)
        if faults:
            problems[address] = [_finding(wanted, fault) for fault in faults]
        decision = _decide(seen, kind, wanted, found, spec=spec)
        decision = renewed(kind, decision, wanted, asked=seen.asked, decisions=decisions, left=left, key=seen.key)
        decisions[address] = with_protection(decision, protect=wanted.lifecycle.protect)
    for address, found in seen.found.items():
        in_scope = not seen.scope or (found.record is not None and found.record.source == seen.scope)
        if address not in declared and in_scope:
            why = "" if seen.asked.destroys else "no longer declared"
            decisions[address] = _decide(seen, seen.kinds[address.type], None, found, spec={}, why=why)
    if seen.asked.refresh is Refresh.ONLY:
        return following(decisions), {}
    return watched(decisions, declared, known), problems


def _decide(
    seen: PlanInputs, kind: Kind, wanted: Declared | None, found: Existing, *, spec: dict[str, Value], why: str = ""
) -> Decision:
    """What happens to one resource, with what was changed outside of it. What was not read has not changed."""
    befell = ResourceDrift()
    if found.record is not None and found.record.address not in seen.unread:
        befell = detect_drift(
            kind,
            found,
            wanted=wanted,
            spec=spec,
            key=seen.key,
            circumstances=seen.circumstances,
            rules=seen.rules,
            others=marked_by_others(found.live, project=seen.project, environment=seen.environment),
        )
    if wanted is None:
        decision = decide_undeclared(kind, found, why=why)
    else:
        decision = decide_with_drift(
            kind, wanted, found, spec=spec, strayed=befell, rules=seen.rules, key=seen.key, now=seen.now
        )
    decision = with_retired(kind, decision)
    return replace(decision, drift=befell.drift) if befell.drift else decision


def _knowing(
    seen: PlanInputs,
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    left: Collection[Address] = (),
) -> Callable[[Ref], Value]:
    """What is known of a reference: nothing of a resource that is to be made anew, unless it is left out."""

    def known(ref: Ref) -> Value:
        decision = decisions.get(ref.address)
        if decision is not None and decision.makes and ref.address not in left:
            return ref
        found = decision.found if decision else seen.found.get(ref.address, Existing())
        record, live = found.record, found.live
        stays_away = decision is not None and decision.left
        if live is None and (record is None or (ref.address in declared and not stays_away)):
            return ref
        if ref.attribute == "id":
            return live.id if live else (record.id if record else ref)
        outputs = record.outputs if record else {}
        if live is not None:
            outputs = seen.kinds[ref.address.type].merged_outputs(outputs, live)
        return outputs.get(ref.attribute, ref)

    return known


def _by_needs(declared: Iterable[Declared]) -> Iterable[Address]:
    items = {item.address: item for item in declared}
    graph = {address: [need for need in items[address].needs if need in items] for address in sorted(items)}
    return TopologicalSorter(graph).static_order()


def _choose(
    kind: Kind, spec: dict[str, Value], catalogue: Catalogue, found: Existing
) -> tuple[dict[str, Value], tuple[SpecError, ...]]:
    if kind.resolution.resolve is None:
        return spec, ()
    chosen, faults = kind.resolution.resolve(spec, catalogue, found.live)
    return dict(chosen), faults


def _finding(wanted: Declared, fault: SpecError) -> Finding:
    place = wanted.places.get(str(fault.path[0]), wanted.origin) if fault.path else wanted.origin
    told = Diagnostic(fault.summary, fault.hint, origin=place, address=str(wanted.address))
    return Finding(told, EXIT_BLOCKED if fault.impossible else EXIT_ERROR)


def _money(seen: PlanInputs, decided: _Decided) -> Money:
    rows = costed(
        decided.decisions,
        active=decided.active,
        declared=decided.declared,
        found=seen.found,
        kinds=seen.kinds,
        prices=price_list(seen.catalogue),
    )
    return Money(rows, read=int(seen.now), budget=seen.rules.budget)


def _emptied(seen: PlanInputs) -> list[Finding]:
    """Manifests that have vanished look as if everything were to go; who means that can say so."""
    if seen.asked.destroys or seen.declared or not seen.found:
        return []
    return [
        Finding(
            Diagnostic(
                f"the manifests declare nothing, and {len(seen.found)} resources are on record: they would all be "
                "deleted",
                "if that is wanted: novita-infra destroy",
            ),
            EXIT_REFUSED,
        )
    ]


def _notes(seen: PlanInputs, active: Mapping[Address, Decision]) -> list[Diagnostic]:
    """What is no longer declared and stays as it is, because the service has no default that it could go back to."""
    told = []
    for address, decision in sorted(active.items()):
        record = decision.found.record
        if record is None or not decision.keeps or decision.action is Action.ADOPT:
            continue
        fields = seen.kinds[address.type].by_name
        left = [
            name
            for name in record.spec
            if name not in decision.spec
            and name in fields
            and isinstance(fields[name].absent, Platform)
            and not isinstance(fields[name].change, Local)
        ]
        if left:
            summary = f"no longer declared, and left as it is: {', '.join(left)}"
            told.append(Diagnostic(summary, address=str(address), severity=Severity.WARNING))
    return told


def _change(
    seen: PlanInputs,
    declared: Mapping[Address, Declared],
    address: Address,
    decision: Decision,
    *,
    active: bool,
    create_first: bool,
) -> Change:
    found = decision.found
    needs = declared[address].needs if address in declared else found.record.needs if found.record else ()
    id = found.live.id if found.live else (found.record.id if found.record and not decision.makes else "")
    kind = seen.kinds[address.type]
    before = {**(found.record.spec if found.record else {}), **(found.live.values if found.live else {})}
    recorded = found.record.spec if found.record else {}
    shown = {
        name: masked(
            value, recorded=recorded.get(name), wanted=decision.spec.get(name), field=kind.field(name), key=seen.key
        )
        for name, value in before.items()
        if name in kind.by_name
    }
    if not active:
        return Change(address, Action.NONE, id=id, before=shown, after=shown, needs=needs)
    action, why = decision.action, decision.why
    if action is Action.NONE and found.replaced_ids:
        action, why = Action.RESUME, f"what it replaced is still there: {', '.join(found.replaced_ids)}"
    return Change(
        address,
        action,
        id=id,
        fields=decision.fields,
        why=why,
        loses=decision.loses,
        retires=decision.retires,
        before=shown if found.live or found.record else {},
        after={**shown, **decision.spec} if decision.keeps else decision.spec,
        needs=needs,
        create_first=create_first,
        forced=decision.forced,
        unready=decision.unready,
        asked=address not in declared or is_asked(kind, decision, key=seen.key),
        adopted=tuple(still_adopted(decision, declared[address], seen.rules)) if address in declared else (),
    )


def _drift(seen: PlanInputs, active: Mapping[Address, Decision]) -> Iterable[Drift]:
    """What was changed outside and is to be told; not of what is destroyed anyway."""
    for _, decision in sorted(active.items()) if not seen.asked.destroys else ():
        yield from (item for item in decision.drift if item.on_drift is not OnDrift.IGNORE)


def _outputs(seen: PlanInputs, decided: _Decided) -> OutputChanges:
    """The outputs before and after. An attribute that an unchanged resource does not have is None."""
    if seen.asked.destroys:
        return OutputChanges(before=seen.outputs_before, changed=_changed({}, seen))
    known = settled(_knowing(seen, decided.active, decided.declared), decided.active)
    after = {name: resolve(value, known) for name, value in seen.outputs.items()}
    return OutputChanges(after, dict(seen.outputs), seen.outputs_before, _changed(after, seen))


def _changed(outputs: Mapping[str, Value], seen: PlanInputs) -> tuple[str, ...]:
    """The names of the outputs that differ from those in the state."""
    if seen.partial:
        return ()
    names = sorted({*outputs, *seen.outputs_before})
    missing = object()
    return tuple(
        name for name in names if digest(outputs.get(name, missing), seen.key) != seen.outputs_before.get(name, missing)
    )
