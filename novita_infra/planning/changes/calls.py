"""The calls that make differences, and their order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from novita_infra.kinds.call import Call
from novita_infra.kinds.field import By, Cases, Default, Field, Grows, Local, Refusal, Replaces
from novita_infra.kinds.kind import Kind
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Value
from novita_infra.planning.changes.case import Case

Calls: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
"""Names of calls in the order in which they are made, each with the fields that it changes."""
Judged: TypeAlias = tuple[Field, Value, Value, By | Replaces | Refusal]
"""A field that differs, its value before and after, and by what the difference is made."""


def means_of(item: Field, before: Value, after: Value) -> By | Replaces | Refusal:
    """By what a difference in one field is made."""
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


def judged_means(kind: Kind, differences: Iterable[tuple[Field, Value, Value]]) -> list[Judged]:
    """Each difference with its means.

    A field that another call sets too (converting takes the months) is made by that call. A size that only
    grows cannot grow from an unknown size, unless a new object begins with the wanted size.
    """
    judged = [(item, before, after, means_of(item, before, after)) for item, before, after in differences]
    covering = {name: means for item, _, _, means in judged for name in _covers(kind, item, means)}
    replaces = any(isinstance(means, Replaces) for _, _, _, means in judged)
    lost = Refusal("how much it has now is not known; import it again: `state rm`, then `import`")
    return [
        (
            item,
            before,
            after,
            covering.get(item.name, lost if before is None and grows(item) and not replaces else means),
        )
        for item, before, after, means in judged
    ]


def _covers(kind: Kind, item: Field, means: By | Replaces | Refusal) -> tuple[str, ...]:
    return kind.call(means.call).also_sets if isinstance(means, By) and not grows(item) else ()


def grows(item: Field) -> bool:
    """Whether the field is a size that only grows."""
    return isinstance(item.change, Grows)


def calls_after_create(case: Case) -> Calls:
    """The calls that follow a create, for the fields of the spec that it does not carry."""
    calls: dict[str, list[str]] = {}
    for item in case.kind.fields:
        after = case.spec.get(item.name)
        if item.created or after is None:
            continue
        default = item.absent.value if isinstance(item.absent, Default) else None
        if case.agree(item, wanted=after, found=default):
            continue
        means = means_of(item, default, after)
        if isinstance(means, By):
            calls.setdefault(means.call, []).append(item.name)
    return _in_order(case.kind, calls)


def calls_on(kind: Kind, judged: Iterable[Judged], *, live: Live) -> Calls:
    """The calls on a live object that make the differences, in the order in which they are made."""
    calls: dict[str, list[str]] = {}
    for item, _, _, means in judged:
        if isinstance(means, By):
            calls.setdefault(means.call, []).append(item.name)
    if live.phase is Phase.STOPPED and any(not _takes_stopped(kind.call(name)) for name in calls):
        _start_and_stop(kind, calls)
    return _in_order(kind, calls)


def _takes_stopped(call: Call) -> bool:
    return bool(call.allowed_phases & {Phase.STOPPED}) or call.final_phases == {Phase.STOPPED}


def _start_and_stop(kind: Kind, calls: dict[str, list[str]]) -> None:
    """Some call needs a running object and this one is stopped: it is started first, and stopped again at the end."""
    start = next(
        call.name
        for call in kind.api.updates
        if call.allowed_phases == {Phase.STOPPED} and Phase.READY in call.final_phases
    )
    stop = next(call.name for call in kind.api.updates if call.final_phases == {Phase.STOPPED})
    if start not in calls:
        calls[start] = []
        calls.setdefault(stop, [])


def _in_order(kind: Kind, calls: Mapping[str, list[str]]) -> Calls:
    return tuple((call.name, tuple(calls[call.name])) for call in kind.api.updates if call.name in calls)
