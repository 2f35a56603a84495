"""Continuing an approved plan whose run was cut off: what is left of it, and what does not belong to it. Pure.

A run of an approved plan records the plan's steps in the state before its first call. The next run makes a new plan,
and each step of that must be one of the recorded steps, compared whole. A recorded step that is not needed any more
must be recorded as done: only then the approved plan did it, and nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeVar

from novita_infra.encoding import digest, encode, fingerprint
from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_BLOCKED, Diagnostic
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.model.resources import Declared
from novita_infra.model.values import Spec, Value, refs
from novita_infra.planning.changes.equality import agree
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.planning.plan.steps import Step, StepKind, Update
from novita_infra.planning.saved.staleness import manifest_digests

_CREATE: Final = StepKind.CREATE.value
_DELETE: Final = StepKind.DELETE.value
_HINT: Final = "make a new plan: it goes on from here"


@dataclass(frozen=True, slots=True)
class ApprovedStep:
    """One step of an approved plan, as the state records it."""

    key: str
    address: Address
    call: str
    """The name of its action."""
    id: str
    """The object that it is about, where that was known."""
    gone: str
    fields: tuple[str, ...]
    spec: Spec
    """May hold Refs; a Digest under the state's key stands for each secret."""
    declared: str
    """The digest of what the manifests declared of the resource, secret values included; empty for nothing."""

    def stored(self) -> Mapping[str, Value]:
        """The step as a value for the state."""
        return {
            "key": self.key,
            "address": str(self.address),
            "call": self.call,
            "id": self.id,
            "gone": self.gone,
            "fields": list(self.fields),
            "spec": dict(self.spec),
            "declared": self.declared,
        }

    @classmethod
    def read(cls, data: Mapping[str, Value]) -> ApprovedStep:
        """The step that `stored` wrote."""
        return cls(
            key=data["key"],
            address=Address.parse(data["address"]),
            call=data["call"],
            id=data["id"],
            gone=data["gone"],
            fields=tuple(data["fields"]),
            spec=data["spec"],
            declared=data["declared"],
        )


_Item = TypeVar("_Item", Step, ApprovedStep)


def declared_digests(declared: Iterable[Declared], key: str) -> dict[Address, str]:
    """By address, a digest of what is declared, with the values of secrets. `key` is the hex key of the state."""
    items = tuple(declared)
    by_source = manifest_digests(items)
    return {
        item.address: fingerprint([by_source[str(item.address)], encode(digest(dict(item.spec), key))])
        for item in items
    }


def approved_steps(plan: Plan, declared: Mapping[Address, str], key: str) -> tuple[ApprovedStep, ...]:
    """The steps of a plan that a run carries out, but for the waits. `declared` are the `declared_digests`."""
    return tuple(
        ApprovedStep(
            key=step.key,
            address=step.address,
            call=step.call_name,
            id=step.id,
            gone=step.gone,
            fields=step.fields,
            spec=digest(dict(step.spec), key),
            declared=declared.get(step.address, ""),
        )
        for step in plan.steps
        if step.action is not StepKind.WAIT
    )


def outputs_digest(plan: Plan, key: str) -> str:
    """The digest of the outputs as declared."""
    return fingerprint(encode(digest(dict(plan.outputs.declared), key)))


def begun_replacements(approved: Iterable[ApprovedStep], records: Mapping[Address, Record]) -> frozenset[Address]:
    """The resources whose replacement has begun: an option that asks for it must not ask again."""
    by_address = _by_address(approved)
    return frozenset(
        address
        for address, steps in by_address.items()
        if any(step.call == _CREATE for step in steps) and _Progress(steps, records.get(address)).began
    )


def not_left(
    approved: Iterable[ApprovedStep],
    fresh: Review,
    *,
    records: Mapping[Address, Record],
    declared: Mapping[Address, str],
    key: str,
    kinds: Mapping[str, Kind],
    whole: bool,
) -> list[Finding]:
    """Why the fresh plan is not what is left of the approved one; empty where it is exactly that.

    `records` and `declared` (the `declared_digests`) are those of now. `whole` says that the fresh plan may hold no
    step of another resource; otherwise such a step belongs to another plan.
    """
    by_address = _by_address(approved)
    changes = {change.address: change for change in fresh.plan.changes}
    steps = _by_address(step for step in fresh.plan.steps if step.action is not StepKind.WAIT)
    findings: list[Finding] = []
    for address, own in sorted(by_address.items()):
        progress = _Progress(own, records.get(address))
        now = _Now(steps.get(address, ()), changes.get(address), declared.get(address, ""), key, kinds[address.type])
        findings += [_finding(address, message) for message in _messages(progress, now)]
    for address in sorted(set(steps) - set(by_address)) if whole else ():
        findings.append(_finding(address, _unexpected(steps[address][0], changes.get(address))))
    blocked = fresh.code == EXIT_BLOCKED
    here = {"", *map(str, by_address)}
    problems = [Finding(item, fresh.code) for item in fresh.problems if item.address in here]
    return [*(findings if not problems or not blocked else ()), *problems]


@dataclass(frozen=True, slots=True)
class _Now:
    """One resource in the fresh plan."""

    steps: tuple[Step, ...]
    change: Change | None
    declared: str
    key: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far the runs of the approved plan came with one resource."""

    steps: tuple[ApprovedStep, ...]
    record: Record | None

    @property
    def makes(self) -> bool:
        """Whether the approved plan creates an object."""
        return any(step.call == _CREATE for step in self.steps)

    @property
    def old(self) -> frozenset[str]:
        """The ids of the objects that were there before the plan."""
        return frozenset(id for step in self.steps for id in (step.id, step.gone) if id)

    @property
    def pending(self) -> str:
        """The call that is recorded without its end."""
        return self.record.pending.call if self.record and self.record.pending else ""

    @property
    def began(self) -> bool:
        """Whether the record shows that a replacement was begun."""
        return self.record is None or self.record.id not in self.old or self.pending == _DELETE

    @property
    def never_ready(self) -> frozenset[str]:
        """The ids of objects that the plan made and that no run saw ready."""
        record = self.record
        if record is None or not self.makes:
            return frozenset()
        new = {record.id} if record.pending is not None and record.pending.never_ready else set()
        return frozenset({*new, *record.retired_unready}) - self.old

    def is_done(self, step: ApprovedStep, now: _Now) -> bool:
        """Whether the state records that the step is done, or was sent."""
        record = self.record
        if step.call == _DELETE:
            # No intent is recorded for the delete of an object that was replaced: the record shows the replacement.
            return record is None or self.pending == _DELETE or step.id != record.id
        if step.call == StepKind.FORGET.value:
            return record is None
        if record is None or not record.id:
            return False
        if step.call in {_CREATE, StepKind.ADOPT.value}:
            return step.call != _CREATE or record.id not in self.old
        if step.call in {StepKind.RECORD.value, self.pending}:
            return True
        return all(_is_recorded(now, name, step.spec.get(name), record) for name in step.fields)


def _messages(progress: _Progress, now: _Now) -> Iterator[str]:
    """What does not belong to the approved plan, and what is left of it and is not needed any more."""
    by_key = {step.key: step for step in progress.steps}
    met: set[str] = set()
    for step in now.steps:
        approved = by_key.get(step.key)
        if approved is not None and _is_same(approved, step, progress, now):
            met.add(approved.key)
        elif _is_recovery(step, progress):
            met.update(item.key for item in progress.steps if step.action is StepKind.ADOPT and item.call == _CREATE)
        else:
            yield _unexpected(step, now.change)
            return
    for item in progress.steps:
        if item.key not in met and not progress.is_done(item, now):
            yield f"{item.call} was left to do, and is not needed any more: it was done outside of this plan"


def _is_same(approved: ApprovedStep, step: Step, progress: _Progress, now: _Now) -> bool:
    """Whether the step of the fresh plan is the approved one."""
    if approved.call != step.call_name or approved.declared != now.declared:
        return False
    if step.id != approved.id and (approved.id or step.id not in _made(progress, now)):
        return False
    if step.action in {StepKind.DELETE, StepKind.FORGET, StepKind.RECORD}:
        return True
    if isinstance(step.action, Update):
        if not set(step.fields) <= set(approved.fields):
            return False
    elif step.fields != approved.fields:
        return False
    spec = digest(dict(step.spec), now.key)
    # A value that waited for another resource is known by now; the digest of the manifest covers it.
    return all(
        refs(approved.spec.get(name)) or approved.spec.get(name) == spec.get(name) for name in {*approved.spec, *spec}
    )


def _made(progress: _Progress, now: _Now) -> frozenset[str]:
    """The ids of the object that the plan made: recorded, or found as what a create without an answer made."""
    found = {step.id for step in now.steps if step.action is StepKind.ADOPT}
    return frozenset(found | ({progress.record.id} if progress.record else set()))


def _is_recovery(step: Step, progress: _Progress) -> bool:
    """Whether the step only mends what the cut-off run left of an approved step."""
    match step.action:
        case StepKind.ADOPT:
            return progress.makes and step.id not in progress.old
        case StepKind.FORGET:
            return progress.pending == _DELETE
        case StepKind.DELETE:
            return step.id in progress.never_ready
        case _:
            return False


def _is_recorded(now: _Now, name: str, wanted: Value, record: Record) -> bool:
    if wanted is None or refs(wanted):
        return True
    return name in record.spec and agree(now.kind.field(name), wanted=wanted, found=record.spec[name], key=now.key)


def _unexpected(step: Step, change: Change | None) -> str:
    why = f": {change.why}" if change is not None and change.why else ""
    if not why and change is not None and change.action is Action.UPDATE:
        names = ", ".join(item.name for item in change.fields)
        why = f", for {names}" if names else ""
    return f"a new plan would {step.call_name} it{why}; that is not left of the approved plan"


def _finding(address: Address, message: str) -> Finding:
    return Finding(Diagnostic(message, _HINT, address=str(address)))


def _by_address(steps: Iterable[_Item]) -> dict[Address, tuple[_Item, ...]]:
    grouped: dict[Address, list[_Item]] = {}
    for step in steps:
        grouped.setdefault(step.address, []).append(step)
    return {address: tuple(items) for address, items in grouped.items()}
