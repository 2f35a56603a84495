"""The most that an environment costs if nobody comes back after the plan, while `sweep` runs every hour. Pure.

The run of the plan may end at any moment, too: what it deletes may remain, and what it creates may run although it was
to be stopped. So each object counts at the highest of the rates that it may have, until its deadline, the next sweep
after it, and the end of the deletion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil
from typing import Final

from novita_infra.catalogue.prices import Cost, PriceList, paid_once, rate, unknown
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.machine import TimeRules
from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import moments_of
from novita_infra.model.resources import Existing, Live, Phase
from novita_infra.model.values import Spec
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.cost.costing import live_spec, spec_after
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.costs import Bound, Unbounded

SWEEP: Final = 3600
"""Seconds between two sweeps."""
_HOUR: Final = 3600
_RESTING: Final = frozenset({Action.NONE, Action.REFUSED, Action.FORGET})
"""Actions that make no call on an object."""


@dataclass(frozen=True, slots=True)
class _Charged:
    """An object that exists, or that the plan creates, at the highest rate that it may have."""

    address: Address
    costs: tuple[Cost, ...]
    seconds: float
    """From now until it is gone; 0 where nothing ends it."""
    why: str = ""
    """Why nothing ends it."""
    deleted: bool = False


def bound_of(
    decisions: Mapping[Address, Decision],
    *,
    active: Mapping[Address, Decision],
    existing: Mapping[Address, Existing],
    kinds: Mapping[str, Kind],
    prices: PriceList,
    now: float,
    marks: bool = True,
) -> Bound:
    """The bound of all resources of the environment. `now` is in Unix seconds; `marks` tells whether new objects get
    owner marks, without which no sweep finds them.
    """
    charged: list[_Charged] = []
    once: list[tuple[Address, Cost]] = []
    for address in sorted({*decisions, *existing}):
        decision = decisions.get(address)
        found = decision.existing if decision else existing[address]
        acting = decision if decision is not None and address in active else None
        charged += _charged(address, kinds[address.type], found, acting, prices, now, marks=marks)
        once += ((address, cost) for cost in _running_jobs(kinds[address.type], found, acting, prices))
    ending = [item for item in charged if item.seconds and not unknown(item.costs)]
    amount = sum((rate(item.costs).most * Fraction(ceil(item.seconds), _HOUR) for item in ending), Fraction(0))
    open_ended = (
        Unbounded(item.address, item.why or "no known price", item.costs, deleted=item.deleted)
        for item in charged
        if item not in ending
    )
    unpriced = (Unbounded(address, "no known price", (cost,)) for address, cost in once if cost.price is None)
    amount += paid_once(cost for _, cost in once)
    until = max((now + item.seconds for item in ending), default=0.0)
    return Bound(ceil(amount), until, tuple(dict.fromkeys((*open_ended, *unpriced))))


def _charged(
    address: Address,
    kind: Kind,
    found: Existing,
    decision: Decision | None,
    prices: PriceList,
    now: float,
    *,
    marks: bool,
) -> Iterator[_Charged]:
    """The objects of one resource that cost something, before, while and after the plan is carried out."""
    costs_of = kind.market.costs
    if costs_of is None:
        return
    times = kind.machine.times if kind.machine else None
    action = decision.action if decision else Action.NONE

    def highest(*specs: Spec | None) -> tuple[Cost, ...]:
        """The costs of the dearest of the specs; those with an unknown price are the dearest."""
        choices = [costs_of(spec, prices) for spec in specs if spec is not None]
        return max(choices, key=lambda costs: (bool(unknown(costs)), rate(costs).most), default=())

    lives = [live for live in (found.live, *found.candidates, *found.replaced) if live is not None]
    for live in {live.id: live for live in lives}.values():
        spec = live_spec(Existing(found.record if live is found.live else None, live))
        if live.phase is Phase.LEAVING:
            spec = {**(found.record.spec if found.record and live is found.live else {}), **live.values}
        if spec is None:
            continue
        after = spec_after(decision, spec) if decision is not None and live is found.live else None
        if decision is not None and decision.makes:
            after = None  # that is another object
        rests = live.phase is Phase.STOPPED and action in _RESTING
        running = [times.running(one) for one in (spec, after) if one is not None] if times and not rests else []
        costs = highest(spec, after, *running)
        if _goes_on(costs):
            seconds, why = _left(kind, times, live, after, now)
            yield _Charged(address, costs, seconds, why, action in {Action.DELETE, Action.REPLACE})
    if decision is not None and decision.makes:
        new = decision.spec
        costs = highest(new, times.running(new) if times else None)
        if _goes_on(costs):
            hard = times.hard_seconds(new) if marks and times and times.endable(new) else 0.0
            why = _why(times, new) if marks or not times else "ownerMarks is false"
            yield _Charged(address, costs, hard and hard + SWEEP + kind.timeouts.delete, why)


def _running_jobs(kind: Kind, found: Existing, decision: Decision | None, prices: PriceList) -> tuple[Cost, ...]:
    """What jobs cost that run or that the plan creates: they run on to their end, and are paid once."""
    live, record = found.live, found.record
    if kind.api.job is None or kind.market.purchases is None:
        return ()
    running = live is not None and not kind.is_over(live)
    specs: list[Spec] = [{**(record.spec if record else {}), **live.values}] if live is not None and running else []
    specs += [decision.spec] if decision is not None and decision.makes else []
    return tuple(cost for spec in specs for cost in kind.market.purchases(None, spec, prices))


def _goes_on(costs: tuple[Cost, ...]) -> bool:
    """Whether the costs go on with time, as far as prices are known."""
    return bool(rate(costs).most or unknown(costs))


def _left(kind: Kind, times: TimeRules | None, live: Live, after: Spec | None, now: float) -> tuple[float, str]:
    """The seconds until a live object is gone, or 0 and why nothing ends it."""
    if live.phase is Phase.LEAVING:
        return kind.timeouts.delete, ""
    deadline = moments_of(live.mark).deadline
    endable = times is not None and all(times.endable(spec) for spec in (live.values, after) if spec is not None)
    if deadline and endable:
        return max(deadline - now, 0.0) + SWEEP + kind.timeouts.delete, ""
    return 0.0, _why(times, {} if endable else after or live.values)


def _why(times: TimeRules | None, spec: Spec) -> str:
    if times is None:
        return "never swept"
    return "no hard ttl" if times.endable(spec) else "a subscription"
