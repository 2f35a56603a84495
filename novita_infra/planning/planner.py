"""The planner: inputs go in; changes, ordered steps and what is said about them come out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from novita_infra.catalogue.prices import price_list
from novita_infra.encoding import digest
from novita_infra.kinds.field import Secrecy
from novita_infra.model.addresses import Address
from novita_infra.model.computing.compute import resolve
from novita_infra.model.computing.effort import Missing, Uncomputable
from novita_infra.model.diagnostics import EXIT_ERROR, EXIT_REFUSED, Diagnostic
from novita_infra.model.lifecycle import OnDrift
from novita_infra.model.values import Computation, Value, refs
from novita_infra.planning.changes.decisions import Decision, settled
from novita_infra.planning.changes.equality import without_known_secrets
from novita_infra.planning.changes.replacements import remembered
from novita_infra.planning.checks.jobs import file_warnings, job_end, job_warnings
from novita_infra.planning.checks.lost_state import lost_state, objects_left_behind, unrecorded_namesakes
from novita_infra.planning.checks.managed_ids import managed_ids
from novita_infra.planning.checks.model_access import forbidden_models
from novita_infra.planning.checks.overwriting import missing_notes, unread_notes
from novita_infra.planning.checks.parts import shared_parts
from novita_infra.planning.checks.running import not_running
from novita_infra.planning.checks.safety import elsewhere, guarded, rename_notes
from novita_infra.planning.checks.times import dues, time_warnings
from novita_infra.planning.cost.bounding import bound_of
from novita_infra.planning.cost.costing import costed, over_budget, unproven
from novita_infra.planning.deciding import Decided, decide_all, known_values
from novita_infra.planning.drift.detection import drift_notes, new_object_notes
from novita_infra.planning.drift.record_updates import record_updates
from novita_infra.planning.drift.response import is_asked, still_adopted
from novita_infra.planning.drift.unmanaged import unmanaged_notes
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.options import Refresh
from novita_infra.planning.ordering import Schedule, schedule
from novita_infra.planning.pairing import find_renames
from novita_infra.planning.plan.changes import Action, Change, Drift
from novita_infra.planning.plan.costs import Money
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Basis, OutputChanges, Plan, Selection
from novita_infra.planning.plan.renames import Rename
from novita_infra.planning.plan.review import Remarks, Review, TimeRule
from novita_infra.planning.plan.rollouts import Rollout
from novita_infra.planning.rollouts import rolled_members, rollout_findings
from novita_infra.planning.targeting import unchosen, unmet_targets


def make_plan(inputs: PlanInputs) -> Plan:
    """The plan. Never raises: a change that cannot be made is a finding of the review."""
    return _plan(inputs, decide_all(inputs))


def make_review(inputs: PlanInputs) -> Review:
    """The plan with what the planner's own checks say about it, and with its cost."""
    decided = decide_all(inputs)
    cost, renames, plan = _cost(inputs, decided), find_renames(inputs, decided), _plan(inputs, decided)
    checks = _checks(inputs, decided, cost, renames, plan.rollouts)
    times = tuple(TimeRule(address, due.says, due.next) for address, due in dues(decided.decisions) if due.says)
    return Review(plan, checks=checks, cost=cost, renames=renames, times=times)


# --- the plan -----------------------------------------------------------------------------------------------------


def _plan(inputs: PlanInputs, decided: Decided) -> Plan:
    config, options, active = inputs.config, inputs.options, decided.active
    ordered = _schedule(inputs, decided)
    changes = (
        _change(inputs, decided, decision, address, create_first=address in ordered.create_first)
        if address in active
        else _unchanged(decided, decision, address)
        for address, decision in sorted(decided.decisions.items())
    )
    return Plan(
        project=config.project,
        environment=config.environment,
        changes=tuple(changes),
        steps=ordered.steps,
        basis=Basis(lineage=inputs.prior.lineage, serial=inputs.prior.serial),
        destroys=options.destroys,
        outputs=_outputs(inputs, decided),
        groups=config.groups,
        rollouts=ordered.rollouts,
        drift=tuple(_drift(inputs, decided)),
        refresh_only=options.refresh is Refresh.ONLY,
        unread={str(address): at for address, at in sorted(inputs.world.unread.items())},
        selection=Selection(
            partial=inputs.partial,
            along=decided.selected.along,
            left_out=decided.selected.left_out,
            data_loss=options.allow_data_loss,
            large_change=options.allow_large_change,
        ),
        record_updates=(
            *record_updates(inputs, decided.declared, active),
            *remembered(decided.decisions, decided.left_out),
        ),
        labels=_labels(inputs),
        edits=config.edits,
    )


def _schedule(inputs: PlanInputs, decided: Decided) -> Schedule:
    timeouts = {item.address: item.lifecycle.timeouts for item in inputs.config.declared}
    rolled = rolled_members(inputs.prior.rolling, inputs.world.existing)
    hooks = {item.address: item.lifecycle.hooks for item in inputs.config.declared if inputs.options.hooks}
    return schedule(decided.active, decided.declared, inputs.kinds, timeouts=timeouts, rolled=rolled, hooks=hooks)


def _labels(inputs: PlanInputs) -> dict[str, Mapping[str, str]]:
    """The labels of each resource that has any, by its address."""
    records = ((address, item.record) for address, item in inputs.world.existing.items())
    recorded = {address: record.labels for address, record in records if record and record.labels}
    labels = recorded | {item.address: item.labels for item in inputs.config.declared if item.labels or recorded}
    return {str(address): labels[address] for address in sorted(labels) if labels[address]}


def _change(
    inputs: PlanInputs, decided: Decided, decision: Decision, address: Address, *, create_first: bool
) -> Change:
    """The change of a resource that the plan carries out."""
    existing, declared = decision.existing, decided.declared.get(address)
    before = _shown(decision)
    action, why = decision.action, decision.why
    if action is Action.NONE and existing.replaced_ids:
        action, why = Action.RESUME, f"what it replaced is still there: {', '.join(existing.replaced_ids)}"
    return Change(
        address,
        action,
        id=_id(decision),
        fields=decision.fields,
        why=why,
        loses=decision.loses,
        retires=decision.retires,
        before=before,
        after={**before, **decision.spec} if decision.keeps else decision.spec,
        needs=_needs(decided, decision, address),
        create_first=create_first,
        forced=decision.forced,
        unready=decision.unready,
        asked=declared is None or is_asked(decision),
        adopted=tuple(still_adopted(decision, declared, inputs.config.rules)) if declared else (),
        job_end=job_end(decision),
    )


def _unchanged(decided: Decided, decision: Decision, address: Address) -> Change:
    """The change of a resource that the plan leaves alone."""
    before, needs = _shown(decision), _needs(decided, decision, address)
    return Change(address, Action.NONE, id=_id(decision), before=before, after=before, needs=needs)


def _shown(decision: Decision) -> dict[str, Value]:
    """The fields as they are, live or else recorded, secrets as Digests."""
    case, spec = decision.case, decision.spec
    recorded = case.record.spec if case.record else {}
    values = {**recorded, **(case.live.values if case.live else {})}
    shown = {
        name: case.masked(case.kind.field(name), value, recorded=recorded.get(name), wanted=spec.get(name))
        for name, value in values.items()
        if name in case.kind.by_name
    }
    for name in shown.keys() - spec.keys() - recorded.keys():
        if shown[name] and case.kind.field(name).secrecy is Secrecy.TEXT:
            shown[name] = without_known_secrets(shown[name], frozenset(), key=case.key)  # nobody declares it in clear
    return shown


def _id(decision: Decision) -> str:
    record, live = decision.case.record, decision.case.live
    return live.id if live else (record.id if record and not decision.makes else "")


def _needs(decided: Decided, decision: Decision, address: Address) -> tuple[Address, ...]:
    if address in decided.declared:
        return decided.declared[address].needs
    return decision.case.record.needs if decision.case.record else ()


def _drift(inputs: PlanInputs, decided: Decided) -> Iterable[Drift]:
    """The drift that is reported; not that of a resource that is destroyed anyway."""
    for _, decision in sorted(decided.active.items()) if not inputs.options.destroys else ():
        yield from (item for item in decision.response.drift if item.on_drift is not OnDrift.IGNORE)


def _outputs(inputs: PlanInputs, decided: Decided) -> OutputChanges:
    """The outputs before and after. An attribute that an unchanged resource does not have is None."""
    before = inputs.prior.outputs
    if inputs.options.destroys:
        return OutputChanges(before=before, changed=_changed({}, inputs))
    known = settled(known_values(inputs, decided.active, decided.declared), decided.active)
    after = {
        name: resolve(value, known, lambda computation, _: _without_value(computation, decided))
        for name, value in inputs.config.outputs.items()
    }
    return OutputChanges(after, dict(inputs.config.outputs), before, _changed(after, inputs))


def _failed_outputs(inputs: PlanInputs, decided: Decided) -> list[Finding]:
    """The findings on outputs that cannot be computed from the values that are known."""
    known = known_values(inputs, decided.active, decided.declared)
    findings: list[Finding] = []

    def one(name: str, value: Value) -> None:
        def failed(computation: Computation, error: Uncomputable) -> Value:
            if not isinstance(error, Missing):
                summary = f'the output "{name}" cannot be computed: {error.summary}'
                findings.append(Finding(Diagnostic(summary, error.hint), EXIT_ERROR))
            return computation

        resolve(value, known, failed)

    for name, value in inputs.config.outputs.items() if not inputs.options.destroys else ():
        one(name, value)
    return findings


def _without_value(computation: Computation, decided: Decided) -> Value:
    """None if nothing that the computation needs changes; otherwise its value may come with the changes."""
    changing = [decided.active[ref.address].action for ref in refs(computation) if ref.address in decided.active]
    return computation if any(action is not Action.NONE for action in changing) else None


def _changed(outputs: Mapping[str, Value], inputs: PlanInputs) -> tuple[str, ...]:
    """The names of the outputs that differ from those in the state."""
    if inputs.partial:
        return ()
    before, key, missing = inputs.prior.outputs, inputs.prior.key, object()
    names = sorted({*outputs, *before})
    return tuple(name for name in names if digest(outputs.get(name, missing), key) != before.get(name, missing))


# --- the review ---------------------------------------------------------------------------------------------------


def _checks(
    inputs: PlanInputs, decided: Decided, cost: Money, renames: tuple[Rename, ...], rollouts: tuple[Rollout, ...]
) -> Remarks:
    """The remarks of the planner's own checks."""
    config, options, active = inputs.config, inputs.options, decided.active
    existing = inputs.world.existing
    stopped = tuple(not_running(inputs, active, decided.decisions, decided.declared))
    guards = guarded(
        active,
        {item.address: item for item in config.declared},
        options=options,
        rules=config.rules,
        recorded=len(existing),
        renames=renames,
        stuck=frozenset(item.diagnostic.address for item in stopped),
    )
    return Remarks(
        findings=(
            *decided.findings,
            *unchosen(options, active, decided.decisions),
            *guards,
            *_emptied(inputs),
            *_lost(inputs),
            *over_budget(cost, environment=config.environment),
            *_failed_outputs(inputs, decided),
            *rollout_findings(rollouts),
            *shared_parts(active, decided.decisions, decided.declared, existing),
            *stopped,
        ),
        notes=(
            *unmet_targets(options, decided.selected),
            *elsewhere(existing, unread=inputs.world.unread),
            *unmanaged_notes(active),
            *unread_notes(active, inputs.world.catalogue.images),
            *missing_notes(inputs, active),
            *managed_ids(decided.declared.values(), existing, inputs.kinds),
            *rename_notes(renames, guards),
            *drift_notes(decided.declared, active, now=inputs.now),
            *new_object_notes(decided.declared, active, now=inputs.now),
            *time_warnings(decided.decisions, decided.declared),
            *job_warnings(active, decided.declared),
            *file_warnings(active, decided.declared),
            *forbidden_models(active, decided.decisions, decided.declared, inputs.world.catalogue),
            *unproven(cost, environment=config.environment),
            *unrecorded_namesakes(inputs),
            *objects_left_behind(inputs),
        ),
    )


def _cost(inputs: PlanInputs, decided: Decided) -> Money:
    prices = price_list(inputs.world.catalogue)
    rows = costed(
        decided.decisions,
        active=decided.active,
        declared=decided.declared,
        existing=inputs.world.existing,
        kinds=inputs.kinds,
        prices=prices,
    )
    bound = bound_of(
        decided.decisions,
        active=decided.active,
        existing=inputs.world.existing,
        kinds=inputs.kinds,
        prices=prices,
        now=inputs.now,
        marks=inputs.config.marks,
    )
    return Money(rows, read=int(inputs.now), budget=inputs.config.rules.budget, bound=bound)


def _emptied(inputs: PlanInputs) -> list[Finding]:
    """Manifests that have vanished would delete everything: `destroy` says that this is wanted."""
    removals = map(inputs.config.refactoring.removal_of, inputs.world.existing)
    recorded = sum(1 for removal in removals if removal is None)
    if inputs.options.destroys or inputs.config.declared or not recorded:
        return []
    summary = f"the manifests declare nothing, and {recorded} resources are recorded: they would all be deleted"
    return [Finding(Diagnostic(summary, "if that is wanted: novita-infra destroy"), EXIT_REFUSED)]


def _lost(inputs: PlanInputs) -> list[Finding]:
    """The finding on a lost state whose objects exist."""
    lost, prior = inputs.world.lost, inputs.prior
    if not lost or prior.searched:
        return []
    return [lost_state(lost, inputs.config.identity, place=prior.place, partly=bool(prior.serial))]
