"""The decisions on all resources, in the order of their references, and which of them the plan carries out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from graphlib import TopologicalSorter
from typing import TypeAlias

from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.machine import Moment
from novita_infra.model.addresses import Address
from novita_infra.model.computing.compute import resolve
from novita_infra.model.computing.effort import Missing, Uncomputable
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR, Diagnostic
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Declared, Existing
from novita_infra.model.values import Computation, Ref, Spec, Value
from novita_infra.planning.changes.case import Case
from novita_infra.planning.changes.decisions import (
    Decision,
    with_recorded,
    with_retired,
)
from novita_infra.planning.changes.refusals import refused
from novita_infra.planning.changes.removals import decide_forgotten, decide_over, decide_undeclared
from novita_infra.planning.changes.replacements import with_forced_replacement
from novita_infra.planning.checks.conditions import demanded, unchecked, watched
from novita_infra.planning.checks.hooks import with_due_hooks
from novita_infra.planning.checks.overwriting import with_overwritten
from novita_infra.planning.drift.detection import ResourceDrift, detect_drift, marked_by_others
from novita_infra.planning.drift.response import decide_with_drift, refresh_only
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.options import Refresh, is_selected
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.targeting import Selected, excluded, left_along, select

Decisions: TypeAlias = Mapping[Address, Decision]
_Errors: TypeAlias = dict[Address, list[Finding]]


@dataclass(frozen=True, slots=True)
class Decided:
    """The decisions on all resources."""

    declared: Mapping[Address, Declared]
    """The declared resources; none where the plan destroys."""
    decisions: Decisions
    active: Decisions
    """The decisions that the plan carries out."""
    findings: tuple[Finding, ...]
    """What prevents some of the active decisions."""
    selected: Selected
    left_out: Mapping[Address, str]
    """The resources that are left out, each with the reason."""


def decide_all(inputs: PlanInputs) -> Decided:
    """Decides on every resource that is declared or recorded."""
    options = inputs.options
    declared = {} if options.destroys else {item.address: item for item in inputs.config.declared}
    left_out = excluded(options, {*declared, *inputs.world.existing})
    decisions, errors = _decide_each(inputs, declared, left_out)
    while more := left_along(left_out, decisions, declared):
        # What is left out is unchanged, so what refers to it may be unchanged, too.
        left_out |= more
        decisions, errors = _decide_each(inputs, declared, left_out)
    selected = select(options, decisions, declared, left_out=left_out)
    active, unmet = demanded(selected.active, declared, known_values(inputs, selected.active, declared))
    findings = (
        *(finding for address in active for finding in errors.get(address, ())),
        *refused(active, options=options),
        *unmet,
    )
    return Decided(declared, decisions, active, findings, selected, left_out)


def known_values(
    inputs: PlanInputs, decisions: Decisions, declared: Mapping[Address, Declared], left_out: Collection[Address] = ()
) -> Callable[[Ref], Value]:
    """A lookup of the values of references; a Ref that is not known yet is returned as it is.

    Nothing is known of a resource that will be created or replaced, unless it is left out.
    """

    def known(ref: Ref) -> Value:
        decision = decisions.get(ref.address)
        if decision is not None and decision.makes and ref.address not in left_out:
            return ref
        existing = decision.existing if decision else inputs.world.existing.get(ref.address, Existing())
        record, live = existing.record, existing.live
        stays_deleted = decision is not None and decision.response.stays_deleted
        if live is None and (record is None or (ref.address in declared and not stays_deleted)):
            return ref
        if ref.attribute == "id":
            return live.id if live else (record.id if record else ref)
        outputs = record.outputs if record else {}
        if live is not None:
            outputs = inputs.kinds[ref.address.type].merged_outputs(outputs, live)
        return outputs.get(ref.attribute, ref)

    return known


def _decide_each(
    inputs: PlanInputs, declared: Mapping[Address, Declared], left_out: Mapping[Address, str]
) -> tuple[dict[Address, Decision], _Errors]:
    """The decisions in the order of references, and what is wrong with some specs."""
    decisions: dict[Address, Decision] = {}
    errors: _Errors = {}
    known = known_values(inputs, decisions, declared, left_out)
    for address in _in_order_of_needs(declared.values()):
        item = declared[address]
        existing = inputs.world.existing.get(address, Existing())
        if inputs.options.checks and existing.record is not None:
            existing = replace(existing, record=replace(existing.record, checked=""))
        decisions[address], faults = decide_as(inputs, item, existing, known, decisions=decisions, left_out=left_out)
        if faults:
            errors[address] = [_finding(item, fault) for fault in faults]
    for address, existing in inputs.world.existing.items():
        scope = inputs.config.scope
        in_scope = not scope or (existing.record is not None and existing.record.source == scope)
        if address not in declared and in_scope:
            decisions[address] = _decide(inputs, _case(inputs, None, address, existing, spec={}))
    if inputs.options.refresh is Refresh.ONLY:
        return refresh_only(decisions), {}
    decisions = unchecked(watched(decisions, declared, known), declared, all_of_them=inputs.options.checks)
    return (with_due_hooks(decisions, declared) if inputs.options.hooks else decisions), errors


def decide_as(
    inputs: PlanInputs,
    item: Declared,
    existing: Existing,
    known: Callable[[Ref], Value],
    *,
    decisions: Decisions,
    left_out: Collection[Address],
) -> tuple[Decision, tuple[SpecError, ...]]:
    """The decision on a declared resource whose record and object are the `existing`, and what is wrong with its spec.

    `known` gives the values of references; `decisions` are those on what it needs.
    """

    def decided(case: Case) -> Decision:
        options = inputs.options
        return with_forced_replacement(
            _decide(inputs, case), item, options=options, decisions=decisions, left_out=left_out
        )

    case, errors = _declared_case(inputs, item, existing, known, decisions)
    if case.due is not None and case.due.over and not is_selected(item.address, inputs.options.replaces):
        return with_retired(decide_over(case, why=case.due.why)), ()
    decision = decided(case)
    if decision.action is Action.REPLACE and case.kind.resolution.replacing is not None:
        case, errors = _declared_case(inputs, item, existing, known, decisions, replacing=True)
        decision = decided(case)
    if decision.makes:
        errors = (*errors, *_unset(item, case))
    decision = with_overwritten(decision, inputs)
    lacking = {rule.path[0] for rule in item.lifecycle.ignored if rule.lacking}  # a warning says so already
    errors = tuple(error for error in errors if not error.path or error.path[0] not in lacking)
    return with_recorded(decision, item.lifecycle, labels=item.labels), errors


def _unset(item: Declared, case: Case) -> Iterator[SpecError]:
    """The secrets without a value that only a create needs: a comparison leaves them out."""
    for one in case.kind.fields:
        if one.required and one.secret and one.name not in item.spec:
            hint = "set the variable that the manifest names"
            yield SpecError((one.name,), f"{one.name} is not set, and a new object needs it", hint)


def _declared_case(
    inputs: PlanInputs,
    item: Declared,
    existing: Existing,
    known: Callable[[Ref], Value],
    decisions: Decisions,
    *,
    replacing: bool = False,
) -> tuple[Case, tuple[SpecError, ...]]:
    """The case with references and names of products and clusters resolved, and the names that are not known.

    `replacing` resolves them for a new object in the place of the live one.
    """
    spec, errors = _computed(item.spec, known, decisions)
    case = _timed(inputs, _case(inputs, item, item.address, existing, spec=spec))
    spec, resolution = case.spec, case.kind.resolution
    resolve = (resolution.replacing if replacing else None) or resolution.resolve
    if resolve is None:
        return case, errors
    resolved, faults = resolve(spec, inputs.world.catalogue, case.live, case.recorded_spec)
    return replace(case, spec=dict(resolved)), (*errors, *faults)


def _timed(inputs: PlanInputs, case: Case) -> Case:
    """The case with what the rules of time ask for now."""
    times, live = case.kind.machine.times if case.kind.machine else None, case.live
    if times is None:
        return case
    circumstances = inputs.world.circumstances
    use = circumstances.used.get(live.id) if live else None
    due = times.due(case.spec, Moment(now=circumstances.now, live=live, record=case.record, use=use))
    return replace(case, spec=due.spec, due=due) if due else case


def _computed(spec: Spec, known: Callable[[Ref], Value], decisions: Decisions) -> tuple[Spec, tuple[SpecError, ...]]:
    """The spec with what is known, and the errors of its computations.

    A value that is missing is not known yet: an object that starts may get its address. It never gets one for a port
    that it does not have.
    """
    errors: list[SpecError] = []

    def absent(ref: Ref) -> bool:
        return ref.address in decisions and decisions[ref.address].action is Action.NONE

    def one(name: str, value: Value) -> Value:
        def failed(computation: Computation, error: Uncomputable) -> Value:
            wrong = _absent_key(computation, decisions) if isinstance(error, Missing) else error
            if wrong is not None:
                errors.append(SpecError((name,), f"{name}: {wrong.summary}", wrong.hint))
            return computation

        return resolve(value, known, failed, absent=absent)

    return {name: one(name, value) for name, value in spec.items()}, tuple(errors)


def _absent_key(computation: Computation, decisions: Decisions) -> Uncomputable | None:
    """Returns the error of a key that an unchanged object does not have, such as a port; None where there is none."""
    match computation:
        case Computation("[]", (Ref(address=address, attribute=name), str(key))) if address in decisions:
            decision = decisions[address]
            rule, live = decision.case.kind.resolution.output_keys.get(name), decision.case.live
            keys = rule.keys(live.values) if rule and live and decision.action is Action.NONE else None
            if keys is not None and key not in keys:
                hint = f"it has {', '.join(sorted(keys))}" if keys else "it has none"
                return Uncomputable(f'{address}.{name} has no "{key}"', hint)
    inner = (item for item in computation.arguments if isinstance(item, Computation))
    return next((found for item in inner if (found := _absent_key(item, decisions))), None)


def _case(inputs: PlanInputs, item: Declared | None, address: Address, existing: Existing, *, spec: Spec) -> Case:
    file = inputs.world.files.get(address)
    return Case(inputs.kinds[address.type], item, existing, spec, inputs.prior.key, file=file)


def _decide(inputs: PlanInputs, case: Case) -> Decision:
    """The decision on one resource. A resource that was not read has not drifted."""
    config, existing = inputs.config, case.existing
    detected = ResourceDrift()
    if existing.record is not None and existing.record.address not in inputs.world.unread:
        detected = detect_drift(
            case,
            circumstances=inputs.world.circumstances,
            rules=config.rules,
            others=marked_by_others(existing.live, config.identity),
        )
    if case.declared is not None:
        accepted = config.identity.accepted
        former = accepted.get(str(case.declared.address), ()) if accepted else ()
        return with_retired(decide_with_drift(case, detected, rules=config.rules, now=inputs.now, former=former))
    removal, why = None, "no longer declared"
    if case.record is not None:
        removal = config.refactoring.removal_of(case.record.address)
        why = config.absent.get(case.record.address, why)
    if inputs.options.destroys:
        why = ""
    if removal is not None:
        why = f"removed at {removal.origin}"
    if removal is not None and not removal.destroys:
        return decide_forgotten(case, why=why)
    decision = with_retired(decide_undeclared(case, why=why))
    return replace(decision, response=replace(decision.response, drift=detected.drift))


def _in_order_of_needs(declared: Iterable[Declared]) -> Iterable[Address]:
    items = {item.address: item for item in declared}
    graph = {address: [need for need in items[address].needs if need in items] for address in sorted(items)}
    return TopologicalSorter(graph).static_order()


def _finding(item: Declared, error: SpecError) -> Finding:
    origin = item.places.get(str(error.path[0]), item.origin) if error.path else item.origin
    diagnostic = Diagnostic(error.summary, error.hint, origin=origin, address=str(item.address))
    return Finding(diagnostic, EXIT_BLOCKED if error.impossible else EXIT_ERROR)
