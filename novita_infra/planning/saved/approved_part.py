"""The part of a new plan that an approved plan is about, with the approved choices. Pure.

An apply of an approved plan carries out this part: every value in it comes from the project, the state and the cloud.
An approved plan adds nothing but its choice among several products or clusters, where the manifest still allows that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from novita_infra.catalogue.prices import PriceList, price_list
from novita_infra.catalogue.products import Catalogue
from novita_infra.kinds.kind import Kind, Offer
from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Declared, Live, Phase
from novita_infra.model.values import Spec, refs
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.costs import Row
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Remarks, Review
from novita_infra.planning.plan.steps import Step, StepKind


@dataclass(frozen=True, slots=True)
class ChoiceInput:
    """What decides whether an approved choice is still allowed."""

    declared: Mapping[Address, Declared]
    kinds: Mapping[str, Kind]
    catalogue: Catalogue


def with_approved_choices(fresh: Review, approved: Mapping[Address, Spec], inputs: ChoiceInput) -> Review:
    """The review in which each create takes the approved choice, where the manifest allows it.

    `approved` are the specs of the approved creates.
    """
    chosen = {
        step.address: spec
        for step in fresh.plan.steps
        if step.action is StepKind.CREATE and step.address in approved
        for spec in _allowed(step, approved[step.address], inputs)
    }
    if not chosen:
        return fresh
    prices = price_list(inputs.catalogue)
    plan = replace(
        fresh.plan,
        steps=tuple(
            replace(step, spec=chosen[step.address]) if step.address in chosen else step for step in fresh.plan.steps
        ),
        changes=tuple(
            _rechosen(change, chosen[change.address], inputs) if change.address in chosen else change
            for change in fresh.plan.changes
        ),
    )
    cost = fresh.cost and replace(
        fresh.cost,
        rows=tuple(
            _repriced(row, chosen, inputs.kinds, prices) if row.address in chosen else row for row in fresh.cost.rows
        ),
    )
    return replace(fresh, plan=plan, cost=cost)


def approved_part(fresh: Review, touched: frozenset[Address], updated: frozenset[Address]) -> Review:
    """The review of the changes of the touched resources alone; no finding of it remains.

    `updated` are other resources whose records the approved plan brings up to date.
    """
    plan = fresh.plan
    steps = [step for step in plan.steps if step.address in touched]
    keys = {step.key for step in steps}
    part = replace(
        plan,
        steps=tuple(replace(step, after=tuple(key for key in step.after if key in keys)) for step in steps),
        changes=tuple(item if item.address in touched else _unchanged(item) for item in plan.changes),
        drift=tuple(item for item in plan.drift if item.address in touched),
        rollouts=tuple(part for item in plan.rollouts if (part := item.part(touched)).order or part.down),
        record_updates=tuple(item for item in plan.record_updates if item.address in touched | updated),
    )
    cost = fresh.cost and replace(
        fresh.cost, rows=tuple(row if row.address in touched else _as_before(row) for row in fresh.cost.rows)
    )
    here = {"", *map(str, touched)}
    notes = tuple(item for item in fresh.checks.notes if item.address in here)
    renames = tuple(item for item in fresh.renames if {item.source, item.target} <= touched)
    preflight = Remarks(notes=fresh.preflight.notes)
    return Review(
        part,
        checks=Remarks(notes=notes),
        preflight=preflight,
        cost=cost,
        renames=renames,
        lookups=fresh.lookups,
        times=tuple(item for item in fresh.times if item.address in touched),
    )


def creates_of(plan: Plan) -> dict[Address, Spec]:
    """The spec of each create of the plan."""
    return {step.address: step.spec for step in plan.steps if step.action is StepKind.CREATE}


def _allowed(step: Step, approved: Spec, inputs: ChoiceInput) -> Iterator[Spec]:
    """The spec of the create with the approved choice; nothing where that is the same, or is not allowed."""
    kind, item = inputs.kinds[step.address.type], inputs.declared.get(step.address)
    names = kind.resolution.resolved
    choice = {name: approved[name] for name in names if name in approved}
    if item is None or kind.resolution.resolve is None or choice == _part(step.spec, names) or refs(choice):
        return
    base = {**_without(step.spec, names), **_part(item.spec, names)}
    cluster = kind.placement.cluster
    if cluster and base.get(cluster) is None and cluster in choice:
        base[cluster] = choice[cluster]  # left open by the manifest
    if refs(_part(base, names)):
        return
    spec = {**_without(step.spec, names), **choice}
    offers = kind.market.offers(spec) if kind.market.offers else (Offer(spec=spec, place={}),)
    if offers and all(_satisfies(kind, base, offer.spec, inputs.catalogue) for offer in offers):
        yield spec


def _satisfies(kind: Kind, base: Spec, choice: Spec, catalogue: Catalogue) -> bool:
    """Whether an object of the choice would be kept under the declared spec."""
    if kind.resolution.resolve is None:
        return False
    names = kind.resolution.resolved
    as_live = Live("", "", Phase.READY, "", _part(choice, names))
    resolved, faults = kind.resolution.resolve(base, catalogue, as_live)
    return not faults and _part(resolved, names) == _part(choice, names)


def _part(spec: Spec, names: frozenset[str]) -> dict[str, object]:
    return {name: value for name, value in spec.items() if name in names}


def _without(spec: Spec, names: frozenset[str]) -> dict[str, object]:
    return {name: value for name, value in spec.items() if name not in names}


def _rechosen(change: Change, spec: Spec, inputs: ChoiceInput) -> Change:
    names = inputs.kinds[change.address.type].resolution.resolved
    fields = tuple(
        replace(item, after=spec[item.name]) if item.name in names and item.name in spec else item
        for item in change.fields
    )
    return replace(change, after=spec, fields=fields)


def _repriced(row: Row, chosen: Mapping[Address, Spec], kinds: Mapping[str, Kind], prices: PriceList) -> Row:
    spec, kind = chosen[row.address], kinds[row.address.type]
    after = kind.market.costs(spec, prices) if kind.market.costs is not None else ()
    once = kind.market.purchases(None, spec, prices) if kind.market.purchases is not None else ()
    return replace(row, after=after, once=once)


def _unchanged(change: Change) -> Change:
    before = change.before
    return Change(change.address, Action.NONE, id=change.id, before=before, after=before, needs=change.needs)


def _as_before(row: Row) -> Row:
    return replace(row, after=row.before, once=())
