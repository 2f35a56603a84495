"""Pairs the resources that a plan deletes with those that it creates: what was only renamed could be kept. Pure.

Two resources are a pair if the object of the first would be kept under the address of the second: the planner decides
on the second as if the record had moved already. So a pair is never found where a move would replace, delete or change
more than the name, or put back more than drift.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from novita_infra.kinds.field import Comparison, Field, Local
from novita_infra.kinds.kind import NAME, Kind
from novita_infra.model.addresses import Address
from novita_infra.model.identity import in_mark
from novita_infra.model.resources import PRESENT, Declared, Existing
from novita_infra.model.values import Ref, Spec, Value, is_known
from novita_infra.planning.changes.case import Case
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.deciding import Decided, decide_as, known_values
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.renames import Rename

_KEEPING: Final = frozenset({Action.NONE, Action.UPDATE, Action.RESUME})
_WINDOW: Final = 8
"""The most deleted resources that one created resource is compared with."""
_MOST_FAILED: Final = 1_000
"""The most pairs that are decided on and are none, which takes about a millisecond each."""


def find_renames(inputs: PlanInputs, decided: Decided) -> tuple[Rename, ...]:
    """The pairs of the plan, sorted by the deleted resource; each resource is in one pair at most."""
    if inputs.options.destroys:
        return ()
    sources = _sources(inputs, decided)
    types = {address.type for address in sources}
    targets = [
        address
        for address, decision in decided.active.items()
        if decision.action is Action.CREATE and address.type in types and decision.case.record is None
    ]
    if not targets:
        return ()
    pairs: dict[Address, Rename] = {}
    candidates = _candidates(inputs, sources, {address: decided.active[address] for address in targets})
    found, failed = True, 0
    while found:  # what refers to a renamed resource is found when that one is
        found, taken = False, {item.source for item in pairs.values()}
        known = _known(inputs, decided, dict(pairs))
        for source, target in candidates:
            if source in taken or target in pairs or failed == _MOST_FAILED:
                continue
            if not _may_agree(decided.active[target], decided.active[source].case):
                continue
            rename = _rename(inputs, decided, source, target, known=known)
            if rename is None:
                failed += 1
            else:
                pairs[target], found = rename, True
                taken.add(source)
    return tuple(_together(sorted(pairs.values(), key=lambda item: item.source), inputs, decided))


def _together(pairs: Sequence[Rename], inputs: PlanInputs, decided: Decided) -> Iterator[Rename]:
    """The pairs; those of the keys of one name as one entry of `moved`, where it moves all of them rightly."""
    names: dict[Address, set[Address | None]] = {}
    for item in pairs:
        old, new = item.source, item.target
        fits = old.key and old.key == new.key and not item.name
        names.setdefault(old.base, set()).add(new.base if fits else None)
        names.setdefault(new.base, set()).add(old.base)
    declared = {address.base for address in decided.declared}
    recorded = {address.base for address in inputs.world.existing}
    for item in pairs:
        source, target = item.source.base, item.target.base
        is_alone = names[source] == {target} and names[target] == {source}
        whole = is_alone and source not in declared and target not in recorded
        yield replace(item, whole=whole)


def _sources(inputs: PlanInputs, decided: Decided) -> dict[Address, Existing]:
    """The resources that are deleted and whose objects exist, are their own, and are not being deleted already."""
    existing, identity = inputs.world.existing, inputs.config.identity
    deleted = [
        address
        for address, decision in decided.active.items()
        if decision.action in {Action.DELETE, Action.FORGET, Action.REFUSED} and address not in decided.declared
        if inputs.config.refactoring.removal_of(address) is None
    ]
    if not deleted:
        return {}
    ids = Counter((address.type, item.record.id) for address, item in existing.items() if item.record)
    return {
        address: item
        for address in deleted
        for item in (existing[address],)
        if item.record is not None and item.live is not None
        if item.record.id and ids[address.type, item.record.id] == 1 and item.live.phase in PRESENT
        if (item.record.pending is None or item.record.pending.call != "delete")
        if identity.foreign_owner(item.live.mark, address) is None
    }


def _may_agree(target: Decision, source: Case) -> bool:
    """Whether each known field of a created resource is the live or recorded one of a deleted one; quick."""
    kind, live = source.kind, source.live.values if source.live else {}
    compared = (item for item in kind.fields if item.name != NAME and item.name not in kind.resolution.resolved)
    return all(
        source.agree(item, wanted=wanted, found=live.get(item.name))
        or source.agree(item, wanted=wanted, found=source.recorded_spec.get(item.name))
        for item in compared
        if not item.refers and not isinstance(item.change, Local)
        if (wanted := target.spec.get(item.name)) is not None and is_known(wanted)
    )


def _rename(
    inputs: PlanInputs, decided: Decided, source: Address, target: Address, *, known: Callable[[Ref], Value]
) -> Rename | None:
    """The pair, if the object of the source would be kept as the target."""
    existing, item = inputs.world.existing[source], decided.declared[target]
    record, kind = existing.record, inputs.kinds[target.type]
    if record is None:
        return None
    moved = replace(existing, record=replace(record, address=target))
    cluster = kind.placement.cluster
    if target in inputs.config.placed:  # the object is where it is
        item = replace(item, spec={name: value for name, value in item.spec.items() if name != cluster})
    identity = inputs.config.identity
    accepted = {**identity.accepted, str(target): (*identity.accepted.get(str(source), ()), in_mark(source))}
    inputs = replace(inputs, config=replace(inputs.config, identity=replace(identity, accepted=accepted)))
    # An object that cannot be renamed may need its name declared.
    for name in ("",) if kind.can_rename else dict.fromkeys(("", _name_of(existing))):
        declared = replace(item, spec={**item.spec, NAME: name}) if name else item
        if _is_kept(inputs, decided, declared, moved, known=known):
            return Rename(source, target, record.id, name=name, options=inputs.config.project_options)
    return None


def _is_kept(
    inputs: PlanInputs, decided: Decided, item: Declared, moved: Existing, *, known: Callable[[Ref], Value]
) -> bool:
    """Whether the object of a record that has moved would be kept, with nothing but its name and drift changed."""
    decision, errors = decide_as(inputs, item, moved, known, decisions=decided.decisions, left_out=decided.left_out)
    if errors or decision.action not in _KEEPING or decision.loses:
        return False
    return all(_is_harmless(field.name, decision) for field in decision.fields)


def _name_of(existing: Existing) -> str:
    """The name of the object, as a manifest declares it."""
    name = existing.live.values.get(NAME) if existing.live else None
    name = name or (existing.record.spec.get(NAME) if existing.record else None)
    return name if isinstance(name, str) else ""


def _is_harmless(name: str, decision: Decision) -> bool:
    """Whether a difference is the name, the recorded protection, or drift that is put back under either address."""
    fields, case = decision.case.kind.by_name, decision.case
    if name == NAME or name not in fields:
        return True
    wanted = case.spec.get(name)
    return wanted is not None and case.agree(fields[name], wanted=wanted, found=case.recorded_spec.get(name))


def _known(inputs: PlanInputs, decided: Decided, pairs: Mapping[Address, Rename]) -> Callable[[Ref], Value]:
    """A lookup of the values of references, in which the pairs have moved already."""
    unmoved = known_values(inputs, decided.decisions, decided.declared, decided.left_out)

    def known(ref: Ref) -> Value:
        rename = pairs.get(ref.address)
        if rename is None:
            return unmoved(ref)
        existing = inputs.world.existing[rename.source]
        if ref.attribute == "id" or existing.live is None or existing.record is None:
            return rename.id
        outputs = inputs.kinds[ref.address.type].merged_outputs(existing.record.outputs, existing.live)
        return outputs.get(ref.attribute, ref)

    return known


# --- likely pairs -------------------------------------------------------------------------------------------------


def _candidates(
    inputs: PlanInputs, sources: Mapping[Address, Existing], targets: Mapping[Address, Decision]
) -> list[tuple[Address, Address]]:
    """Pairs that may agree: those whose plain fields agree. First the likeliest of each created resource, and so on.

    A created resource is paired with a bounded number of deleted ones, so that the time grows with the number of both.
    """
    kinds, placed = inputs.kinds, inputs.config.placed
    names = {
        address: _plain_fields(kinds[address.type], decision.spec, placed=address in placed)
        for address, decision in targets.items()
    }
    buckets: dict[tuple[object, ...], tuple[list[Address], list[Address]]] = {}
    for target, fields in names.items():
        key = (target.type, fields, _text(targets[target].spec, fields))
        buckets.setdefault(key, ([], []))[1].append(target)
    likely: dict[str, set[tuple[str, ...]]] = {}
    for target, fields in names.items():
        likely.setdefault(target.type, set()).add(fields)
    for source, existing in sources.items():
        recorded = existing.record.spec if existing.record else {}
        live = {**recorded, **(existing.live.values if existing.live else {})}
        for fields in likely.get(source.type, ()):
            for text in {_text(recorded, fields), _text(live, fields)}:
                if (source.type, fields, text) in buckets:
                    buckets[source.type, fields, text][0].append(source)
    declares = {address: _declared_fields(kinds[address.type], decision.spec) for address, decision in targets.items()}
    declares |= {
        address: _declared_fields(kinds[address.type], existing.record.spec)
        for address, existing in sources.items()
        if existing.record
    }
    ranked = [
        item
        for olds, news in buckets.values()
        for item in _ranked(sorted(olds, key=_natural), sorted(news, key=_natural), declares)
    ]
    return [(old, new) for *_, old, new in sorted(ranked)]


def _ranked(
    olds: list[Address], news: list[Address], declares: Mapping[Address, frozenset[str]]
) -> Iterator[tuple[int, bool, int, int, Address, Address]]:
    """The pairs of both lists, each after its rank: by the fields that they declare, by likeness, and by order."""
    for rank, new in enumerate(news):
        middle = rank * len(olds) // len(news)
        first = max(0, min(middle - _WINDOW // 2, len(olds) - _WINDOW))
        near = sorted(
            (declares[old] != declares[new], -_likeness(str(old), str(new)), abs(place - rank), old, new)
            for place, old in enumerate(olds[first : first + _WINDOW], first)
        )
        yield from ((choice, *item) for choice, item in enumerate(near))


def _likeness(one: str, other: str) -> int:
    """The number of characters that two names share at their beginning and at their end."""
    first = _common(one, other)
    return first + _common(one[:first:-1], other[:first:-1])


def _common(one: str, other: str) -> int:
    """The number of characters that both begin with."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _natural(address: Address) -> str:
    """A key that sorts numbers by their size."""
    return re.sub(r"\d+", lambda match: f"{len(match[0]):03}{match[0]}", str(address))


def _plain_fields(kind: Kind, spec: Spec, *, placed: bool) -> tuple[str, ...]:
    """The declared fields whose values can be compared as texts: no secret, no reference, and no rule of their own.

    A cluster is an id here; one that the manifests leave open does not count.
    """
    left_out = {NAME, *kind.resolution.resolved} - ({kind.placement.cluster} if not placed else set())
    fields = (item for item in kind.fields if item.name not in left_out)
    return tuple(sorted(item.name for item in fields if _is_plain(item, spec.get(item.name))))


def _is_plain(item: Field, value: Value) -> bool:
    if value is None or isinstance(item.change, Local):
        return False
    if item.compared is not Comparison.EXACT or item.refers:
        return False
    try:
        json.dumps(value)
    except TypeError:  # a Ref, a Secret or a Digest
        return False
    return True


def _declared_fields(kind: Kind, spec: Spec) -> frozenset[str]:
    return frozenset(name for name in spec if name != NAME and name not in kind.resolution.resolved)


def _text(spec: Spec, fields: Iterable[str]) -> str:
    return json.dumps([spec.get(name) for name in fields], sort_keys=True, default=str)
