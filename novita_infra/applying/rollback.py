"""Rollback of groups: the resources of a group come up together or not at all.

Only objects that this run created are deleted, or that an earlier run created and never saw ready. An object that
existed before, and one that replaced another, remain. If the group is to be stopped instead, the stopped state is
recorded, so that the next run starts the objects; an object that the run started is stopped again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from novita_infra.applying.events import Ended, Outcome
from novita_infra.applying.records import RunRecords
from novita_infra.applying.walk_input import WalkInput
from novita_infra.kinds.call import Call
from novita_infra.kinds.field import By, Cases, Field
from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Phase
from novita_infra.model.values import Value
from novita_infra.planning.plan.plan import OnFailure
from novita_infra.planning.plan.steps import BRINGING_UP, Step, StepConditions, StepKind, Update


@dataclass(frozen=True, slots=True)
class Rollback:
    """The steps that roll failed groups back."""

    steps: tuple[Step, ...]
    deleted: frozenset[Address]
    """The resources whose object is deleted."""


def rollback_of(work: WalkInput, ends: Iterable[Ended], *, records: RunRecords, kinds: Mapping[str, Kind]) -> Rollback:
    """The rollback of the groups in which a step failed; no steps if none failed, or the group is to be kept."""
    ends = tuple(ends)
    failed = {end.step.group for end in ends if end.outcome is Outcome.FAILED and end.step.group}
    created = {
        step.address: step
        for step in work.steps
        if step.action in BRINGING_UP and step.address in work.unready and step.group in failed
    }
    steps: list[Step] = []
    deleted: set[Address] = set()
    for address, step in created.items():
        record = records.get(address)
        if record is None or not record.id:
            continue  # nothing was made, or that is not known yet: the next run looks
        match work.groups.get(step.group, OnFailure.ROLLBACK):
            case OnFailure.ROLLBACK:
                deleted.add(address)
                steps.append(_deletion(step, record.id, kinds[address.type], created))
            case OnFailure.STOP:
                steps += _stops(step, record.id, kinds[address.type])
            case OnFailure.KEEP:
                pass
    for step in (end.step for end in ends if end.outcome is Outcome.DONE and end.step.group in failed):
        kind = kinds[step.address.type]
        if work.groups.get(step.group) is OnFailure.STOP and step.address not in created and _starts(kind, step):
            steps += _stops(step, step.id, kind)
    return Rollback(_ordered_alone(steps), frozenset(deleted))


def _deletion(step: Step, id: str, kind: Kind, created: Mapping[Address, Step]) -> Step:
    """The delete, after those of all created resources that need the object."""
    dependents = [address for address, other in created.items() if step.address in other.record.needs]
    return replace(
        step,
        key=_key(step.address),
        action=StepKind.DELETE,
        id=id,
        after=tuple(sorted(_key(address) for address in dependents)),
        says=f"taken down again: the group {step.group} failed",
        limits=replace(step.limits, timeout=kind.timeouts.delete),
        undoes=True,
    )


def _stops(step: Step, id: str, kind: Kind) -> list[Step]:
    """The call that stops the object, if the kind has one, with the field by which the state records that."""
    says = f"stopped: the group {step.group} failed"
    steps = []
    for call in kind.api.updates:
        if call.final_phases == {Phase.STOPPED}:
            stopped = {item.name: value for item in kind.fields if (value := _value_after(call, item)) is not None}
            steps.append(
                replace(
                    step,
                    key=_key(step.address),
                    action=Update(call.name),
                    id=id,
                    after=(),
                    says=says,
                    spec={**step.spec, **stopped},
                    fields=tuple(stopped),
                )
            )
    return steps


def _value_after(call: Call, item: Field) -> Value:
    """The value that the call alone gives the field; None if it gives none."""
    cases = item.change.cases if isinstance(item.change, Cases) else {}
    return next((after for (_, after), change in cases.items() if change == By(call.name)), None)


def _starts(kind: Kind, step: Step) -> bool:
    """Whether the step starts a stopped object because its manifest asks for it."""
    starts = any(
        step.action == Update(call.name) and call.allowed_phases == {Phase.STOPPED} for call in kind.api.updates
    )
    return starts and bool(step.fields)


def _ordered_alone(steps: list[Step]) -> tuple[Step, ...]:
    """The steps after one another only, without the conditions of the resource."""
    keys = {step.key for step in steps}
    return tuple(
        replace(step, after=tuple(key for key in step.after if key in keys), conditions=StepConditions())
        for step in steps
    )


def _key(address: Address) -> str:
    return f"{address}/take-down"
