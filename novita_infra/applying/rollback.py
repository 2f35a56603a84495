"""Groups: resources that come up together or not at all. What a run made of a failed group is taken down again.

Only what this run made from nothing, or went on to make where an earlier run was cut off before it was ready: an object
that was there before, and one that replaced another, stay. Where a group is stopped instead, that is put on record, so
that the next run starts it; what a run started is stopped again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from novita_infra.applying.events import Ended, Outcome
from novita_infra.applying.records import Records
from novita_infra.kinds.call import Call
from novita_infra.kinds.field import By, Cases, Field
from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.resources import Phase
from novita_infra.model.values import Value
from novita_infra.planning.plan.plan import OnFailure, Plan
from novita_infra.planning.plan.steps import BRINGING_UP, Step, StepConditions, StepKind, Update


@dataclass(frozen=True, slots=True)
class Rollback:
    """The steps that take a failed group down again."""

    steps: tuple[Step, ...]
    undone: frozenset[Address]
    """The resources that will be gone."""


def rollback_of(plan: Plan, ends: Iterable[Ended], *, books: Records, kinds: Mapping[str, Kind]) -> Rollback:
    """What to do about the groups of which a step failed. Nothing where none did, or where it is to be kept."""
    ends = tuple(ends)
    failed = {end.step.group for end in ends if end.outcome is Outcome.FAILED and end.step.group}
    made = {change.address for change in plan.changes if change.unready}
    created = {
        step.address: step
        for step in plan.steps
        if step.action in BRINGING_UP and step.address in made and step.group in failed
    }
    steps: list[Step] = []
    undone: set[Address] = set()
    for address, step in created.items():
        record = books.record(address)
        if record is None or not record.id:
            continue  # nothing was made, or nobody knows yet: the next run looks
        match plan.groups.get(step.group, OnFailure.ROLLBACK):
            case OnFailure.ROLLBACK:
                undone.add(address)
                steps.append(_deletion(step, record.id, kinds[address.type], created))
            case OnFailure.STOP:
                steps += _stopping(step, record.id, kinds[address.type])
            case OnFailure.KEEP:
                pass
    for step in (end.step for end in ends if end.outcome is Outcome.DONE and end.step.group in failed):
        kind = kinds[step.address.type]
        if plan.groups.get(step.group) is OnFailure.STOP and step.address not in created and _starts(kind, step):
            steps += _stopping(step, step.id, kind)
    return Rollback(_closed(steps), frozenset(undone))


def _deletion(step: Step, id: str, kind: Kind, created: Mapping[Address, Step]) -> Step:
    """The delete, after those of everything that was made to need the object."""
    dependents = [other for other, made in created.items() if step.address in made.record.needs]
    return replace(
        step,
        key=_key(step.address),
        action=StepKind.DELETE,
        id=id,
        after=tuple(sorted(_key(other) for other in dependents)),
        says=f"taken down again: the group {step.group} failed",
        limits=replace(step.limits, timeout=kind.timeouts.delete),
        undoes=True,
    )


def _stopping(step: Step, id: str, kind: Kind) -> list[Step]:
    """The call that stops the object, where the kind has one, with the field by which the books tell that it rests."""
    says = f"stopped: the group {step.group} failed"
    found = []
    for call in kind.api.updates:
        if call.final_phases == {Phase.STOPPED}:
            rests = {item.name: value for item in kind.fields if (value := _made_by(call, item)) is not None}
            spec, fields = {**step.spec, **rests}, tuple(rests)
            key = _key(step.address)
            found.append(
                replace(step, key=key, action=Update(call.name), id=id, after=(), says=says, spec=spec, fields=fields)
            )
    return found


def _made_by(call: Call, item: Field) -> Value:
    """The value that the call alone gives the field; None where it gives it none."""
    cases = item.change.cases if isinstance(item.change, Cases) else {}
    return next((after for (_, after), means in cases.items() if means == By(call.name)), None)


def _starts(kind: Kind, step: Step) -> bool:
    return any(
        Update(call.name) == step.action and call.allowed_phases == {Phase.STOPPED} for call in kind.api.updates
    ) and bool(step.fields)


def _closed(steps: list[Step]) -> tuple[Step, ...]:
    """The steps after one another only; what was demanded of the member is not asked of what goes."""
    keys = {step.key for step in steps}
    return tuple(
        replace(step, after=tuple(key for key in step.after if key in keys), conditions=StepConditions())
        for step in steps
    )


def _key(address: Address) -> str:
    return f"{address}/take-down"
