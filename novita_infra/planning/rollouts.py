"""Rollouts: which members of a fleet a plan takes down, in which order, and what is done before each. Pure.

A member is taken down only when everything is done that its change needs. So it is down no longer than its own steps
take, and no member that is down waits for one that has not had its turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_BLOCKED, Diagnostic
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Declared, Existing, Phase
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.helping import with_helpers
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.rollouts import Rollout
from novita_infra.planning.plan.sorting import sorted_steps
from novita_infra.planning.plan.steps import Step, StepKind, Update

Edges: TypeAlias = Mapping[str, set[str]]
"""By key of a step, the keys of the steps before it."""


@dataclass(frozen=True, slots=True)
class Order:
    """The edges between the steps of a plan."""

    after: Edges
    """What a step needs."""
    wished: Edges
    """What gives way where it would close a circle."""
    helping: Edges
    """Those of the wished ones that only help."""


def rolled_members(rolling: Mapping[Address, float], existing: Mapping[Address, Existing]) -> dict[Address, bool]:
    """The members of unfinished rollouts, and whether each is ready again. `rolling` is that of the state."""
    return {address: ready_at > 0 or _is_up(existing.get(address)) for address, ready_at in rolling.items()}


def is_rolled(address: Address, decision: Decision, declared: Mapping[Address, Declared]) -> bool:
    """Whether a rollout takes the member down to replace it."""
    item = declared.get(address)
    rolls = item is not None and item.lifecycle.rollout is not None
    return rolls and decision.action is Action.REPLACE and _is_up(decision.existing)


def find_rollouts(
    making: Mapping[Address, tuple[Step, ...]],
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    kinds: Mapping[str, Kind],
    *,
    rolled: Mapping[Address, bool],
) -> tuple[Rollout, ...]:
    """The rollouts of a plan. `making` are the steps that create or change each resource; see `rolled_members`."""
    fleets: dict[str, list[Declared]] = defaultdict(list)
    for item in declared.values():
        if item.lifecycle.rollout is not None:
            fleets[_fleet(item)].append(item)
    found = (_rollout(name, fleets[name], making, decisions, kinds, rolled) for name in sorted(fleets))
    return tuple(rollout for rollout in found if rollout.order or {*rollout.down}.intersection(rolled))


def paced(
    steps: Sequence[Step], order: Order, rollouts: tuple[Rollout, ...]
) -> tuple[tuple[Step, ...], tuple[Rollout, ...]]:
    """The steps in an order that keeps the rollouts, and the rollouts, which are not `kept` where no order does."""
    if not rollouts:
        known = {step.key for step in steps}
        both = {key: order.after.get(key, set()) | order.wished.get(key, set()) for key in known}
        in_order = sorted_steps(steps, both) or sorted_steps(steps, order.after)
        return tuple(with_helpers(step, order.helping) for step in in_order), ()
    segments = {
        address: keys
        for rollout in rollouts
        for address, keys in _segments(steps, order.after, {*rollout.order, *rollout.down}).items()
    }
    lifted = Order(*(_lifted(edges, segments.values()) for edges in (order.after, order.wished, order.helping)))
    for ranked, edges in _attempts(steps, lifted):
        turns = _turns(rollouts, segments, ranked=ranked)
        held = {key: edges[key] | turns[key] if key in turns else edges[key] for key in edges}
        if in_order := sorted_steps(steps, held):
            names = {key: item.name for item in rollouts for at in (*item.order, *item.down) for key in segments[at]}
            helping = {key: others - lifted.after.get(key, set()) for key, others in lifted.helping.items()}
            marked = (
                replace(step, after=tuple(sorted(edges[step.key])), rollout=names.get(step.key, ""))
                for step in in_order
            )
            places = {step.address: place for place, step in reversed([*enumerate(in_order)])}
            return (
                tuple(with_helpers(step, helping) for step in marked),
                rollouts if ranked else tuple(_in_order_of_needs(item, places) for item in rollouts),
            )
    return paced(steps, order, ())[0], tuple(replace(item, kept=False) for item in rollouts)


def rollout_findings(rollouts: Iterable[Rollout]) -> Iterator[Finding]:
    """Why rollouts of a plan cannot be made."""
    for rollout in (item for item in rollouts if item.order):
        if not rollout.kept:
            summary = f"the rollout of {rollout.name} cannot be kept: its members need one another's changes"
            hint = "apply what they need first (--target), or leave out `rollout` for this change"
            yield Finding(Diagnostic(summary, hint, address=str(rollout.order[0])), EXIT_BLOCKED)
        elif len(rollout.left_down) >= rollout.limit:
            down = ", ".join(map(str, rollout.left_down))
            summary = f"an interrupted rollout left {down} down, and {rollout.name} allows {rollout.limit}"
            hint = "apply without --target and --exclude, or name what is down as a target, too"
            yield Finding(Diagnostic(summary, hint, address=str(rollout.order[0])), EXIT_BLOCKED)


def _fleet(item: Declared) -> str:
    """The name of the fleet that a member belongs to."""
    group = item.lifecycle.group
    return f"group {group}" if group else str(item.address.base)


def _rollout(
    name: str,
    members: list[Declared],
    making: Mapping[Address, tuple[Step, ...]],
    decisions: Mapping[Address, Decision],
    kinds: Mapping[str, Kind],
    rolled: Mapping[Address, bool],
) -> Rollout:
    order: list[Address] = []
    down: list[Address] = []
    rest: list[Address] = []
    members = sorted(members, key=lambda item: (item.lifecycle.rank, item.address))
    for address in (item.address for item in members):
        steps, decision = making.get(address, ()), decisions.get(address)
        if not steps or decision is None:
            rest.append(address)
        elif _is_up(decision.existing):
            takes_down = any(_takes_down(step, kinds[address.type]) for step in steps)
            (order if takes_down else rest).append(address)
        elif decision.existing.record is not None or address in rolled:
            down.append(address)
    rules = members[0].lifecycle.rollout
    assert rules is not None  # noqa: S101 -- members without rules are in no fleet
    return Rollout(
        name,
        members=len(members),
        limit=rules.limit(len(members)),
        order=tuple(order),
        down=tuple(down),
        left_down=tuple(address for address in rest if not rolled.get(address, True)),
        changed=tuple(address for address in rest if rolled.get(address)),
        in_order=rules.in_order,
        pause=rules.pause,
    )


def _is_up(existing: Existing | None) -> bool:
    """Whether the object exists and is ready."""
    return existing is not None and existing.live is not None and existing.live.phase is Phase.READY


def _takes_down(step: Step, kind: Kind) -> bool:
    """Whether the step of a ready object takes it down, or puts another one in its place."""
    match step.action:
        case Update(call):
            return kind.call(call).takes_down
        case action:
            return action is StepKind.CREATE


def _segments(steps: Iterable[Step], after: Edges, members: Collection[Address]) -> dict[Address, set[str]]:
    """By member, the keys of the steps from the first that takes it down to the last after which it is ready."""
    making: dict[Address, set[str]] = defaultdict(set)
    deletes = []
    for step in steps:
        if step.address not in members:
            continue
        if step.action is StepKind.DELETE:
            deletes.append(step)
        else:
            making[step.address].add(step.key)
    for step in deletes:
        if any(step.key in after.get(key, ()) for key in making[step.address]):
            making[step.address].add(step.key)
    return making


def _lifted(edges: Edges, segments: Iterable[set[str]]) -> dict[str, set[str]]:
    """The edges by which all that a segment waits for is done before its first step."""
    lifted = {key: set(others) for key, others in edges.items()}
    for keys in segments:
        outer = {other for key in keys for other in edges.get(key, ())} - keys
        for key in keys if outer else ():
            lifted.setdefault(key, set()).update(outer)
    return lifted


def _attempts(steps: Sequence[Step], order: Order) -> Iterator[tuple[bool, dict[str, set[str]]]]:
    """The edges to try, with and without the ranks of the members: what is wished gives way last."""
    known = {step.key for step in steps}
    hard = {step.key: known.intersection(order.after.get(step.key, ())) for step in steps}
    both = {key: hard[key] | known.intersection(order.wished.get(key, ())) for key in hard}
    for edges in (both, hard):
        yield from ((True, edges), (False, edges))


def _turns(rollouts: Iterable[Rollout], segments: Mapping[Address, set[str]], *, ranked: bool) -> dict[str, set[str]]:
    """The edges between the members: those that are down come first, and then each in its turn."""
    turns: dict[str, set[str]] = defaultdict(set)
    for rollout in rollouts:
        down = {key for address in rollout.down for key in segments[address]}
        before: set[str] = set()
        for address in rollout.order:
            for key in segments[address]:
                turns[key] |= down | before
            before = segments[address] if ranked and rollout.in_order else before
    return turns


def _in_order_of_needs(rollout: Rollout, places: Mapping[Address, int]) -> Rollout:
    """The rollout whose members come after what they need. `places` are those of their first steps."""
    return replace(rollout, order=tuple(sorted(rollout.order, key=lambda address: places[address])))
