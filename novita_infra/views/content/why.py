"""The reasons of a planned change: from its steps to its fields, and from these to the manifest line, the variable, the
environment or the live event that caused it. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Ref, Value, refs
from novita_infra.planning.plan.changes import Action, Change, Drift, FieldChange, Forced
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.renames import Rename
from novita_infra.views.content.drift import answer
from novita_infra.views.content.lines import cut_to
from novita_infra.views.content.plan import heading
from novita_infra.views.content.values import inline

Trail: TypeAlias = Callable[[Address, tuple[str | int, ...]], Sequence[tuple[str, Origin | None]]]
"""The origins of a value of a manifest, from the nearest on; see `operations.manifests.provenance`."""


_BESIDE_SPEC: Final = frozenset({"lifecycle", "metadata"})
"""Where a path begins that does not lead through the spec."""
_LONGEST: Final = 100
"""Columns of a value."""


@dataclass(frozen=True, slots=True)
class WhyReason:
    """A statement, its place, and its own reasons."""

    what: str
    origin: Origin | None = None
    because: tuple[WhyReason, ...] = ()


@dataclass(frozen=True, slots=True)
class Reasons:
    """A change and its reasons."""

    change: Change
    steps: tuple[str, ...]
    """The calls in order, each with the steps of other resources that it waits for."""
    because: tuple[WhyReason, ...]


def reasons(plan: Plan, address: Address, trail: Trail, *, renames: Iterable[Rename] = ()) -> Reasons:
    """The reasons of the resource's change. Raises KeyError if the plan has no such resource."""
    found = _Reasoning(plan, trail).reasons(address)
    renamed = tuple(_rename(item) for item in renames if address in {item.source, item.target})
    return replace(found, because=(*found.because, *renamed))


class _Reasoning:
    """Walks from a change to its causes, through other resources if needed."""

    def __init__(self, plan: Plan, trail: Trail) -> None:
        self._plan = plan
        self._trail = trail
        self._changes = {change.address: change for change in plan.changes}
        self._drift: dict[Address, list[Drift]] = {}
        for item in plan.drift:
            self._drift.setdefault(item.address, []).append(item)

    def reasons(self, address: Address) -> Reasons:
        change = self._changes[address]
        because = (*self._because(change, passed=(address,)), *self._values(change))
        return Reasons(change, tuple(self._steps(address)), because)

    def _steps(self, address: Address) -> Iterator[str]:
        of = {step.key: step.address for step in self._plan.steps}
        for step in self._plan.steps:
            if step.address == address:
                others = [key for key in step.after if of.get(key) != address]
                after = f", after {', '.join(others)}" if others else ""
                yield f"{step.key.removeprefix(f'{address}/')}{after}"

    def _because(self, change: Change, *, passed: tuple[Address, ...]) -> Iterator[WhyReason]:
        if change.why:
            yield WhyReason(change.why)
        gone = [item for item in self._drift.get(change.address, ()) if item.gone]
        if change.action not in {Action.NONE, Action.CREATE, Action.REPLACE}:  # these have other reasons
            yield from (WhyReason(_event(item)) for item in gone)
        yield from self._adopted(change)
        match change.action:
            case Action.NONE:
                yield from self._left_alone(change)
            case Action.DELETE if self._plan.destroys:
                yield WhyReason("everything in the state is deleted: destroy")
            case Action.CREATE if not change.why:
                yield WhyReason("it is declared, and not in the state", self._first(change.address, ("name",)))
        if change.forced is Forced.REQUEST:
            yield WhyReason("requested on the command line: --replace")
        along = (item for item in self._plan.selection.along if item.address == change.address)
        yield from (WhyReason(f"it is included: {item.why}") for item in along)
        if change.action is Action.CREATE or gone:
            return  # every field is new, and none is a reason
        for item in sorted(change.fields, key=lambda item: not item.replaces):
            yield from self._field(change, item, passed=passed)

    def _adopted(self, change: Change) -> Iterator[WhyReason]:
        """Fields that differ from the manifest because earlier drift was adopted."""
        now = {field.name for drift in self._drift.get(change.address, ()) for field in drift.fields}
        for item in change.adopted:
            if item.name not in now:
                text = f"{item.name}: {_shown(item.declared)} is declared, and {_shown(item.wanted)} is wanted"
                adopted = WhyReason(f"onDrift adopted it ({item.cause.value})", item.place)
                yield WhyReason(text, because=(adopted, *_chained(self._trail(change.address, (item.name,)))))

    def _left_alone(self, change: Change) -> Iterator[WhyReason]:
        for item in self._plan.selection.left_out:
            if item.address == change.address:
                yield WhyReason(f"it is left out: {item.why}")
                return
        drift = self._drift.get(change.address, ())
        for moved in drift:
            places = [f"{field.name}: {_shown(field.before)} -> {_shown(field.after)}" for field in moved.fields]
            text = ": ".join(filter(None, (_event(moved), ", ".join(places))))
            yield WhyReason(text, because=(WhyReason(answer(moved, change.action), moved.place),))
        if self._plan.selection.partial and not self._trail(change.address, ("name",)):
            yield WhyReason("it is not among the targets")
        elif not drift and not change.adopted:
            yield WhyReason("it agrees with the manifests", self._first(change.address, ("name",)))

    def _first(self, address: Address, path: tuple[str | int, ...]) -> Origin | None:
        return next((place for _, place in self._trail(address, path)), None)

    def _field(self, change: Change, item: FieldChange, *, passed: tuple[Address, ...]) -> Iterator[WhyReason]:
        """One reason for each place inside the field that differs."""
        means = f"  # {item.means.text}" if item.means.text else ""
        for path, before, after in _places(item):
            name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
            declared = self._trail(change.address, _stem(change.address, path))
            because = (
                *self._moved_outside(change, item),
                *_chained(declared),
                *(reason for ref in refs(after) for reason in self._through(ref, passed=passed)),
            )
            deciding = () if declared else tuple(self._deciding(change.address, path[0]))
            because = (*because, *deciding)
            if not declared and not deciding and self._trail(change.address, ("name",)):
                default = "" if path[0] in _BESIDE_SPEC else ", and returns to its default"
                because = (*because, WhyReason(f"it is no longer declared{default}"))
            yield WhyReason(f"{name}: {_shown(before)} -> {_shown(after)}{means}", because=because)

    def _values(self, change: Change) -> Iterator[WhyReason]:
        """The declared values of a resource that is created, or stays as it is, each with its origins."""
        is_new = change.action is Action.CREATE and not change.why
        for name, value in change.after.items() if is_new or change.action is Action.NONE else ():
            whole = name in KINDS[change.address.type].resolution.resolved or not isinstance(value, dict)
            for path, item in [((name,), value)] if whole else [((name, part), value[part]) for part in value]:
                if stations := self._trail(change.address, path):
                    text = f"{'.'.join(path)}: {_shown(item)}"
                    said, place = stations[0]
                    itself = said == text
                    yield WhyReason(text, place if itself else None, _chained(stations[1:] if itself else stations))

    def _deciding(self, address: Address, name: str | int) -> Iterator[WhyReason]:
        """The declared fields about time that decide the field."""
        machine = KINDS[address.type].machine
        for other in machine.times.decided.get(str(name), ()) if machine and machine.times else ():
            if stations := self._trail(address, (other,)):
                yield WhyReason(f"{other} decides it", because=_chained(stations))

    def _moved_outside(self, change: Change, item: FieldChange) -> Iterator[WhyReason]:
        for drift in self._drift.get(change.address, ()):
            for moved in drift.fields:
                if moved.name == item.name:
                    yield WhyReason(f"{_event(drift)}: it was {_shown(moved.before)}, and is {_shown(moved.after)}")

    def _through(self, ref: Ref, *, passed: tuple[Address, ...]) -> Iterator[WhyReason]:
        """Reasons that come from another resource."""
        other = self._changes.get(ref.address)
        if other is None or ref.address in passed:
            return
        inner = tuple(self._because(other, passed=(*passed, ref.address)))
        yield WhyReason(f"{ref} is not known yet: {ref.address} {heading(other)[2]}", because=inner)


def _rename(rename: Rename) -> WhyReason:
    text = f"{rename.source} is deleted and {rename.target} is created, and their specs are equal but for the name"
    return WhyReason(text, because=(WhyReason(rename.advice),))


def _places(item: FieldChange) -> Iterator[tuple[tuple[str | int, ...], Value, Value]]:
    """The differing places inside a field; the field itself if it is one value."""
    first: tuple[str | int, ...] = tuple(item.name.split("."))
    if not (isinstance(item.before, dict) and isinstance(item.after, dict)):
        yield first, item.before, item.after
        return
    for name in dict.fromkeys((*item.before, *item.after)):
        before, after = item.before.get(name), item.after.get(name)
        if before != after:
            yield (*first, name), before, after


def _stem(address: Address, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The path whose trail explains it. Planning completes some fields (the id of a product): theirs is the field's."""
    return path[:1] if path[0] in KINDS[address.type].resolution.resolved else path


def _chained(stations: Sequence[tuple[str, Origin | None]]) -> tuple[WhyReason, ...]:
    """Each station with the next one as its reason."""
    chain: tuple[WhyReason, ...] = ()
    for what, place in reversed(stations):
        chain = (WhyReason(what, place, chain),)
    return chain


def _event(drift: Drift) -> str:
    by = f", {drift.by}" if drift.by else ""
    return f"{drift.says or drift.cause.value} outside of novita-infra{by}"


def _shown(value: Value) -> str:
    text = "nothing" if value is None else inline(value)
    return cut_to(text, _LONGEST)
