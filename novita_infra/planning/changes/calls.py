"""By which calls differences are made, and in which order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from novita_infra.kinds.call import Call
from novita_infra.kinds.field import By, Cases, Default, Field, Grows, Local, Refusal, Replaces
from novita_infra.kinds.kind import Kind
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Spec, Value
from novita_infra.planning.changes.equality import agree

Calls: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
"""Names of calls in the order in which they are made, each with the fields that it changes."""
Judged: TypeAlias = tuple[Field, Value, Value, By | Replaces | Refusal]
"""A field that differs, its value before and after, and by what the difference is made."""


def means_of(item: Field, before: Value, after: Value) -> By | Replaces | Refusal:
    """By what this very difference is made."""
    match item.change:
        case Grows(call=call, shrinking=shrinking):
            smaller = isinstance(before, (int, float)) and isinstance(after, (int, float)) and after < before
            return shrinking if smaller else By(call)
        case Cases(cases=cases, otherwise=otherwise):
            return cases.get((before, after), otherwise)
        case Local():
            raise AssertionError(f"{item.name} is never compared")
        case means:
            return means


def judged_means(kind: Kind, unlike: Iterable[tuple[Field, Value, Value]]) -> list[Judged]:
    """Each difference with its means.

    A field that another field's call settles too (converting takes the months) is made by that call. What only grows
    cannot grow from an unknown size, unless a new object begins with the size that is wanted.
    """
    judged = [(item, before, after, means_of(item, before, after)) for item, before, after in unlike]
    covering = {name: means for item, _, _, means in judged for name in _covers(kind, item, means)}
    anew = any(isinstance(means, Replaces) for _, _, _, means in judged)
    lost = Refusal("how much it has now is not known; take it in again with `state rm` and `import`")
    return [
        (item, before, after, covering.get(item.name, lost if before is None and grows(item) and not anew else means))
        for item, before, after, means in judged
    ]


def _covers(kind: Kind, item: Field, means: By | Replaces | Refusal) -> tuple[str, ...]:
    return kind.call(means.call).also_sets if isinstance(means, By) and not grows(item) else ()


def grows(item: Field) -> bool:
    """Whether the field is a size that only grows."""
    return isinstance(item.change, Grows)


def calls_after_create(kind: Kind, spec: Spec, *, key: str) -> Calls:
    """The calls that follow a create, for the fields that it does not carry."""
    wanted: dict[str, list[str]] = {}
    for item in kind.fields:
        after = spec.get(item.name)
        if item.created or after is None:
            continue
        default = item.absent.value if isinstance(item.absent, Default) else None
        if agree(item, wanted=after, found=default, key=key):
            continue
        means = means_of(item, default, after)
        if isinstance(means, By):
            wanted.setdefault(means.call, []).append(item.name)
    return _in_order(kind, wanted)


def calls_on(kind: Kind, judged: Iterable[tuple[Field, By | Replaces | Refusal]], *, live: Live) -> Calls:
    """The calls on a live object that make the differences, in the order in which they are made."""
    wanted: dict[str, list[str]] = {}
    for item, means in judged:
        if isinstance(means, By):
            wanted.setdefault(means.call, []).append(item.name)
    if live.phase is Phase.STOPPED and any(not _takes_stopped(kind.call(name)) for name in wanted):
        _start_and_stop(kind, wanted)
    return _in_order(kind, wanted)


def _takes_stopped(call: Call) -> bool:
    return bool(call.allowed_phases & {Phase.STOPPED}) or call.final_phases == {Phase.STOPPED}


def _start_and_stop(kind: Kind, wanted: dict[str, list[str]]) -> None:
    """Some call needs a running object and this one is stopped: start it first, and stop it again if it stays so."""
    start = next(
        call.name
        for call in kind.api.updates
        if call.allowed_phases == {Phase.STOPPED} and Phase.READY in call.final_phases
    )
    stop = next(call.name for call in kind.api.updates if call.final_phases == {Phase.STOPPED})
    if start not in wanted:
        wanted[start] = []
        wanted.setdefault(stop, [])


def _in_order(kind: Kind, wanted: Mapping[str, list[str]]) -> Calls:
    order: list[Call] = list(kind.api.updates)
    return tuple((call.name, tuple(wanted[call.name])) for call in order if call.name in wanted)
