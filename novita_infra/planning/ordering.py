"""The order of the steps: each step, and the steps that must be done before it. Pure.

Steps are ordered, not resources: a storage that an instance still mounts is deleted after the call that unmounts it.
A replacement deletes first, unless a kept resource still uses the old object or the kind asks to create first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import Hook, HookEvent
from novita_infra.model.resources import Declared
from novita_infra.model.values import Spec, values_at
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.checks.conditions import due_check
from novita_infra.planning.checks.hooks import due_hooks, with_hooks
from novita_infra.planning.helping import helping_steps
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.rollouts import Rollout
from novita_infra.planning.plan.steps import RecordData, Step, StepConditions, StepKind, StepLimits, Update
from novita_infra.planning.rollouts import Order, find_rollouts, is_rolled, paced


@dataclass(frozen=True, slots=True)
class Schedule:
    """The steps in an order in which they could be done one by one, and the replacements that create first."""

    steps: tuple[Step, ...]
    create_first: frozenset[Address]
    rollouts: tuple[Rollout, ...] = ()


def schedule(
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    kinds: Mapping[str, Kind],
    *,
    timeouts: Mapping[Address, Mapping[str, float]],
    rolled: Mapping[Address, bool] = MappingProxyType({}),
    hooks: Mapping[Address, tuple[Hook, ...]] = MappingProxyType({}),
) -> Schedule:
    """The steps of the decisions, in order. Addresses that are not among `decisions` are not touched.

    `timeouts`, in seconds, and `hooks` are those of the manifests, also for declared resources that are destroyed.
    `rolled` are the members of unfinished rollouts, and whether each is ready again.
    """
    decisions = {
        address: item
        for address, item in decisions.items()
        if item.action is not Action.NONE or item.existing.replaced_ids
    }
    dependents = _dependents(decisions)
    first = _created_first(decisions, declared, kinds, dependents)
    chains = {
        address: _Chain.of(address, item, declared.get(address), kinds, timeouts, hooks.get(address, ()))
        for address, item in decisions.items()
    }
    after: dict[str, set[str]] = defaultdict(set)
    wished: dict[str, set[str]] = defaultdict(set)
    for address, chain in chains.items():
        chain.link(after)
        for need in declared[address].needs if address in declared else ():
            if need in chains and chain.making and chains[need].making:
                after[chain.making[0].key].add(chains[need].making[-1].key)
        if decisions[address].action is Action.REPLACE:
            _link_replacement(chain, after, create_first=address in first)
        elif chain.making:
            _link_leftovers(chain, after)
        for dependent in dependents[address]:
            old_goes_first = decisions[address].action is Action.REPLACE and address not in first
            uses = _uses(kinds, decisions[dependent], decisions[address])
            if old_goes_first and not uses and is_rolled(dependent, decisions[dependent], declared):
                continue  # it is taken down in its turn, when the new object exists
            edges = after if uses else wished
            _link_deletion(chain, chains[dependent], edges, old_goes_first=old_goes_first)
    _link_groups(chains, after, wished)
    making = {address: chain.making for address, chain in chains.items() if chain.making}
    helping = helping_steps(making, {address: decisions[address].spec for address in making}, kinds, after)
    for key, others in helping.items():
        wished[key] |= others
    steps = [step for chain in chains.values() for step in (*chain.making, *chain.deleting, *chain.clearing)]
    rollouts = find_rollouts(making, decisions, declared, kinds, rolled=rolled)
    in_order, rollouts = paced(steps, Order(after, wished, helping), rollouts)
    return Schedule(in_order, frozenset(first), rollouts)


@dataclass(frozen=True, slots=True)
class _Chain:
    """The steps of one resource: those that create or change it, and those that delete old objects."""

    making: tuple[Step, ...]
    deleting: tuple[Step, ...]
    """Deletes of objects that may have been used."""
    clearing: tuple[Step, ...] = ()
    """Deletes of objects that cannot have been used: they are first, so that no two objects are paid for at once."""

    @classmethod
    def of(
        cls,
        address: Address,
        decision: Decision,
        wanted: Declared | None,
        kinds: Mapping[str, Kind],
        limits: Mapping[Address, Mapping[str, float]],
        hooks: tuple[Hook, ...],
    ) -> _Chain:
        kind, timeouts = kinds[address.type], limits.get(address, {})
        blank = Step(
            "",
            address,
            StepKind.RECORD,
            spec=decision.spec,
            record=_record_data(wanted) if wanted else RecordData(),
            limits=StepLimits(capacity_wait=wanted.lifecycle.capacity_wait if wanted else 0.0),
            group=wanted.lifecycle.group if wanted else "",
        )
        making = tuple(_making(blank, decision, kind, timeouts))
        if making and wanted:
            ensures = StepConditions(ensures=wanted.lifecycle.postconditions, check=due_check(decision, wanted))
            making = (*making[:-1], replace(making[-1], conditions=ensures))
            requires = replace(making[0].conditions, requires=decision.requires)
            making = (replace(making[0], conditions=requires), *making[1:])
            if hooks:
                making = with_hooks(making, due_hooks(decision, wanted))
        limit = timeouts.get("delete", kind.timeouts.delete)
        if decision.action is Action.DELETE and wanted:
            blank = replace(blank, record=replace(blank.record, remains=True))
        gone = _gone(decision)
        deleting = tuple(
            replace(
                blank,
                key=f"{address}/delete:{id}",
                action=StepKind.DELETE,
                id=id,
                gone=gone,
                says=kind.api.delete.summary,
                limits=replace(blank.limits, timeout=limit),
                conditions=StepConditions(
                    requires=decision.requires,
                    hooks=tuple(hook for hook in hooks if hook.event is HookEvent.ON_DELETE),
                ),
            )
            for id in _deleted_ids(decision)
        )
        if decision.action is Action.FORGET:
            deleting = (
                replace(blank, key=f"{address}/forget", action=StepKind.FORGET, says="only the record is removed"),
            )
        clearing = tuple(step for step in deleting if making and step.id in decision.existing.unused_ids)
        return cls(making, tuple(step for step in deleting if step not in clearing), clearing)

    def link(self, after: dict[str, set[str]]) -> None:
        for earlier, later in zip(self.making, self.making[1:], strict=False):
            after[later.key].add(earlier.key)
        for create in (step for step in self.making if step.action is StepKind.CREATE):
            after[create.key].update(step.key for step in self.clearing)


def _record_data(declared: Declared) -> RecordData:
    lifecycle = declared.lifecycle
    return RecordData(
        declared.needs, declared.origin.file, lifecycle.protect, lifecycle.has_delete_hooks, declared.labels
    )


def _making(blank: Step, decision: Decision, kind: Kind, timeouts: Mapping[str, float]) -> Iterator[Step]:
    stages = {name: timeouts.get(name, seconds) for name, seconds in kind.timeouts.stages.items()}
    create = replace(blank.limits, stages=stages, timeout=timeouts.get("create", kind.timeouts.create))
    update = replace(create, timeout=timeouts.get("update", kind.timeouts.update))
    live = decision.existing.live
    id = live.id if live and not decision.makes else ""
    fields = tuple(item.name for item in kind.fields if item.created and item.name in decision.spec)
    if decision.action is Action.REFUSED or decision.action in {Action.DELETE, Action.FORGET}:
        return
    if decision.action is Action.ADOPT:
        yield replace(blank, key=f"{blank.address}/adopt", action=StepKind.ADOPT, id=id, limits=create, says="adopted")
    if decision.waits:
        yield replace(blank, key=f"{blank.address}/wait", action=StepKind.WAIT, id=id, limits=create, says="waited for")
    if decision.makes:
        key = f"{blank.address}/create"
        # The time for a create begins when there is capacity.
        yield replace(
            blank,
            key=key,
            action=StepKind.CREATE,
            gone=_gone(decision),
            fields=fields,
            limits=replace(create, timeout=create.timeout + create.capacity_wait),
            says=kind.api.create.summary,
        )
    if decision.records:
        yield replace(
            blank,
            key=f"{blank.address}/record",
            action=StepKind.RECORD,
            limits=replace(create, timeout=0.0),
            id=id,
            says="kept in the state",
        )
    for name, changed in decision.calls:
        key = f"{blank.address}/{name}"
        yield replace(
            blank, key=key, action=Update(name), id=id, fields=changed, limits=update, says=kind.call(name).summary
        )


def _gone(decision: Decision) -> str:
    """The recorded id, where its object is gone, or a job that is over."""
    record, live = decision.existing.record, decision.existing.live
    return record.id if record and (live is None or decision.case.kind.is_over(live)) else ""


def _deleted_ids(decision: Decision) -> tuple[str, ...]:
    live = decision.existing.live
    deletes = decision.action in {Action.REPLACE, Action.DELETE} and live and not decision.case.kind.is_over(live)
    old = [live.id] if live and deletes else []
    return tuple(dict.fromkeys([*old, *decision.existing.replaced_ids]))


def _dependents(decisions: Mapping[Address, Decision]) -> dict[Address, list[Address]]:
    """By address, the recorded dependents of the live object."""
    found: dict[Address, list[Address]] = defaultdict(list)
    for address, decision in decisions.items():
        for need in decision.existing.record.needs if decision.existing.record else ():
            if need in decisions:
                found[need].append(address)
    return found


def _created_first(
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    kinds: Mapping[str, Kind],
    dependents: Mapping[Address, list[Address]],
) -> set[Address]:
    """The replacements that create first: a kept dependent must be moved over before the old object is deleted.

    So must the members of a rollout, which are not all taken down at once.
    """
    replaced = [address for address, decision in decisions.items() if decision.action is Action.REPLACE]
    waiting = [
        address
        for address in replaced
        if kinds[address.type].api.create_first
        or declared[address].lifecycle.create_first
        or any(
            (decisions[dependent].keeps or is_rolled(dependent, decisions[dependent], declared))
            and _uses(kinds, decisions[dependent], decisions[address])
            for dependent in dependents.get(address, ())
        )
    ]
    # An old object that is still there beside the new one stands on old needs, too.
    waiting += [
        need
        for address, decision in decisions.items()
        if decision.existing.replaced_ids and address in declared
        for need in declared[address].needs
        if need in replaced
    ]
    first: set[Address] = set()
    while waiting:
        address = waiting.pop()
        if address in first:
            continue
        first.add(address)
        # The new object stands on new needs while the old one still stands on the old ones.
        waiting += [need for need in declared[address].needs if need in replaced]
    return first


def _uses(kinds: Mapping[str, Kind], dependent: Decision, need: Decision) -> bool:
    """Whether the API itself sees the dependent use the need's object, so that it would refuse to delete it."""
    record, live = dependent.existing.record, dependent.existing.live
    if record is None or need.existing.live is None:
        return False
    id = need.existing.live.id
    kind = kinds[record.address.type]
    return any(id in used_ids(kind, spec) for spec in (record.spec, live.values if live else {}))


def used_ids(kind: Kind, spec: Spec) -> set[str]:
    """The ids that the referring fields of a resolved spec hold."""
    found: set[str] = set()
    for item in kind.fields:
        if item.refers and item.name in spec:
            found.update(text for text in values_at(spec[item.name], item.refers_at) if isinstance(text, str))
    return found


def _link_replacement(chain: _Chain, after: dict[str, set[str]], *, create_first: bool) -> None:
    create = next(step for step in chain.making if step.action is StepKind.CREATE)
    for step in chain.deleting:
        if create_first:
            after[step.key].add(chain.making[-1].key)
        else:
            after[create.key].add(step.key)


def _link_leftovers(chain: _Chain, after: dict[str, set[str]]) -> None:
    """Objects that an earlier run replaced are deleted after the new object exists: that run did not get that far."""
    for step in chain.deleting:
        after[step.key].add(chain.making[-1].key)


def _link_groups(chains: Mapping[Address, _Chain], after: Mapping[str, set[str]], wished: dict[str, set[str]]) -> None:
    """An old object is deleted after all new objects of its group exist, unless its own new one waits for that."""
    groups: dict[str, set[str]] = defaultdict(set)
    for chain in chains.values():
        if chain.making and chain.making[-1].group:
            groups[chain.making[-1].group].add(chain.making[-1].key)
    for chain in chains.values():
        first = {key for step in chain.making for key in after.get(step.key, ())}
        for step in chain.deleting:
            if step.group in groups and step.key not in first:
                wished[step.key] |= groups[step.group]


def _link_deletion(chain: _Chain, dependent: _Chain, after: dict[str, set[str]], *, old_goes_first: bool) -> None:
    for step in chain.deleting:
        if dependent.deleting:
            after[step.key].update(other.key for other in dependent.deleting)
        elif dependent.making and not old_goes_first:
            after[step.key].add(dependent.making[-1].key)
