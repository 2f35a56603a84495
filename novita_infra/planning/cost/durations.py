"""The expected duration of a plan: the longest path through its steps, by the durations of past calls. Pure.

A call that this environment has not made yet takes the usual seconds of its kind. Rate limits and waits for capacity
do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.steps import Step, StepKind, action_name

_AT_ONCE: Final = frozenset({StepKind.ADOPT, StepKind.FORGET, StepKind.RECORD})
"""Steps that take no time: they make no call, or wait for a step of its own."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One step of the critical path."""

    key: str
    address: Address
    call: str
    seconds: float
    runs: int
    """The number of past steps behind the estimate; 0 where only the figure of the kind is known."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The expected duration of a plan, and its longest path."""

    seconds: float
    path: tuple[Leg, ...]
    """The steps of the longest path, in order."""
    steps: int
    known: int
    """The number of steps that are estimated from past ones."""


def expected_seconds(
    steps: Iterable[Step], durations: Mapping[str, tuple[float, ...]], kinds: Mapping[str, Kind]
) -> dict[str, float]:
    """The seconds that each step is expected to take, by its key; `durations` as in `estimate`."""
    return {step.key: _leg(step, durations, kinds).seconds for step in steps}


def estimate(plan: Plan, durations: Mapping[str, tuple[float, ...]], kinds: Mapping[str, Kind]) -> Estimate:
    """The expected duration. `durations` are the seconds of past steps by `instance.create` (`State.durations`)."""
    legs = {step.key: _leg(step, durations, kinds) for step in plan.steps}
    ends: dict[str, float] = {}
    before: dict[str, str] = {}
    for step in plan.steps:  # in an order in which they could be done one by one
        latest = max((key for key in step.after if key in ends), key=lambda key: ends[key], default="")
        before[step.key] = latest
        ends[step.key] = ends.get(latest, 0.0) + legs[step.key].seconds
    last = max(ends, key=lambda key: ends[key], default="")
    path = []
    while last:
        path.append(legs[last])
        last = before[last]
    return Estimate(
        seconds=sum(leg.seconds for leg in path),
        path=tuple(reversed(path)),
        steps=len(legs),
        known=sum(leg.runs > 0 for leg in legs.values()),
    )


def _leg(step: Step, durations: Mapping[str, tuple[float, ...]], kinds: Mapping[str, Kind]) -> Leg:
    if step.action in _AT_ONCE:
        return Leg(step.key, step.address, step.call_name, 0.0, 0)
    # What an earlier run began may be nearly done; more than the whole of it, it does not take.
    call = action_name(StepKind.CREATE if step.action is StepKind.WAIT else step.action)
    past = durations.get(f"{step.address.type}.{call}", ())
    seconds = sorted(past)[len(past) // 2] if past else kinds[step.address.type].call(call).usual_seconds
    return Leg(step.key, step.address, step.call_name, seconds, len(past))
