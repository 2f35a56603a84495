"""The rows of the crash matrix: every operation of every kind, with the manifests before and after it.

Made from the kinds. A call of a kind for which no edit is known has no row, and `unwritten_calls` reports it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edits import Edit, Fate, Resource
from kind_facts import FACTS
from sights import operation, writes

from novita_infra.kinds import KINDS
from novita_infra.kinds.call import Call
from novita_infra.kinds.field import Grows, Replaces
from novita_infra.kinds.kind import Kind

EDITS = tuple(edit for facts in FACTS.values() for edit in facts.edits)
"""Every edit that is known."""
STAYS: Resource = ("Template", "other", {"image": "ubuntu:22.04", "rootDiskGb": 60})
"""Manifests that declare nothing at all are refused."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One run that is killed at one of its writes."""

    kind: str
    """The address prefix of the object `it`."""
    title: str
    before: tuple[Resource, ...]
    after: tuple[Resource, ...]
    writes: tuple[str, ...]
    """The simulator's operations that the run calls, in order."""
    at: int
    """Which of them it is killed at."""
    waits: bool
    """Whether the run waits for the effect of that call."""
    single: bool
    """Whether the call, done twice, does more than done once: it must reach the cloud no more than once."""
    shows: Mapping[str, Any]
    """What the world shows of `it` in the end, as far as the edit tells; empty where it is gone."""
    was: str = ""
    """The address from which the run moves `it`; empty for none."""
    check: Mapping[str, Any] = field(default_factory=dict)
    """The check of `it` after the run; empty for none."""

    @property
    def operation(self) -> str:
        return self.writes[self.at]

    def __str__(self) -> str:
        return f"{self.kind} {self.title}"


def rows() -> Iterator[Case]:
    """One for each operation of each kind; more for a call that both sets and adds, and for one that buys."""
    for kind in _known_kinds():
        yield _created(kind)
        for call in kind.api.updates:
            if writes(kind.type, call.name) and _edits(kind, Fate.CHANGED, operation(kind.type, call.name)):
                yield from _called(kind, call)
        if not FACTS[kind.type].completes:
            yield _deleted(kind)
        if _is_replaced(kind) and _edits(kind, Fate.REPLACED, _creates(kind)):
            yield from _at_each_write(_least(kind, Fate.REPLACED, _creates(kind)), "replace: ")
    yield _moved(KINDS["instance"], "edit")


def unwritten_calls(kind_type: str) -> Iterator[str]:
    """The calls of the kind for which its folder has no edit."""
    kind, place = KINDS[kind_type], f"tests/support/kind_facts/{kind_type}: edits"
    if kind not in _known_kinds():
        yield f"{place}: none"
        return
    for call in kind.api.updates:
        if writes(kind_type, call.name) and not _edits(kind, Fate.CHANGED, operation(kind_type, call.name)):
            yield f"{place}: none that calls {call.name}"
    if _is_replaced(kind) and not _edits(kind, Fate.REPLACED, _creates(kind)):
        yield f"{place}: none that replaces the object"


def _known_kinds() -> list[Kind]:
    """Those of which an edit is known."""
    return [KINDS[kind_type] for kind_type, facts in FACTS.items() if facts.edits]


def _is_replaced(kind: Kind) -> bool:
    return any(isinstance(item.change, Replaces) for item in kind.fields)


def every_edit() -> Iterator[Case]:
    """Every edit that is known, killed at each of its writes."""
    for edit in EDITS:
        if edit.fate in {Fate.CHANGED, Fate.REPLACED}:
            yield from _at_each_write(edit, f"{'+'.join(edit.fields)} {edit.title}: ")


def _created(kind: Kind) -> Case:
    edit = FACTS[kind.type].edits[0]
    return Case(
        kind=kind.type,
        title="create",
        before=edit.around,
        after=(*edit.around, _it(kind, edit.before)),
        writes=(_creates(kind),),
        at=0,
        waits=bool(kind.api.create.final_phases),
        single=True,
        shows={},
    )


def _deleted(kind: Kind) -> Case:
    edit = FACTS[kind.type].edits[0]
    return Case(
        kind=kind.type,
        title="delete",
        before=(*edit.around, STAYS, _it(kind, edit.before)),
        after=(*edit.around, STAYS),
        writes=(operation(kind.type, "delete"),),
        at=0,
        waits=bool(kind.api.delete.final_phases),
        single=False,
        shows={},
    )


def _moved(kind: Kind, call: str) -> Case:
    """A move with a change: the run is killed at the call of the change."""
    edit = _least(kind, Fate.CHANGED, operation(kind.type, call))
    case = _case(edit, f"moved: {call}", edit.writes.index(operation(kind.type, call)))
    *around, (name, _, spec) = case.before
    return replace(case, before=(*around, (name, "was", spec)), was=f"{kind.type}.was")


def _called(kind: Kind, call: Call) -> Iterator[Case]:
    name = operation(kind.type, call.name)
    edits = _edits(kind, Fate.CHANGED, name)
    sets = [edit for edit in edits if not _adds(call, edit)]
    adds = [edit for edit in edits if _adds(call, edit)]
    for alike in filter(None, (sets, adds)):
        edit = min(alike, key=lambda edit: len(edit.writes))
        title = f"{call.name} ({'+'.join(edit.fields)})" if sets and adds else call.name
        yield _case(edit, title, edit.writes.index(name))
    longest = max(edits, key=lambda edit: len(edit.writes[edit.writes.index(name) :]))
    if call.took_effect and longest.writes[-1] != name:
        # What the next run does first must not hide that this call was made, which no answer says outright.
        yield _case(longest, f"{call.name} before others", longest.writes.index(name))


def _at_each_write(edit: Edit, title: str) -> Iterator[Case]:
    for at, name in enumerate(edit.writes):
        call = "create" if name == operation(edit.kind, "create") else name.partition(".")[2]
        yield _case(edit, f"{title}{call}", at)


def _case(edit: Edit, title: str, at: int) -> Case:
    kind, call = next(
        (kind, call)
        for kind in _known_kinds()
        for call in (kind.api.create, *kind.api.updates, kind.api.delete)
        if operation(kind.type, call.name) == edit.writes[at]
    )
    own = KINDS[edit.kind]
    around = edit.around if edit.instead is None else edit.instead
    return Case(
        kind=edit.kind,
        title=title,
        before=(*edit.around, _it(own, edit.before)),
        after=(*around, _it(own, edit.after)),
        writes=edit.writes,
        at=at,
        waits=bool(call.final_phases),
        single=call is kind.api.create or call.took_effect is not None or _adds(call, edit),
        shows=edit.shows,
    )


def _least(kind: Kind, fate: Fate, name: str) -> Edit:
    return min(_edits(kind, fate, name), key=lambda edit: len(edit.writes))


def _edits(kind: Kind, fate: Fate, name: str) -> list[Edit]:
    return [edit for edit in EDITS if edit.kind == kind.type and edit.fate is fate and name in edit.writes]


def _adds(call: Call, edit: Edit) -> bool:
    """Whether the call sends an increment."""
    changes = [KINDS[edit.kind].field(name).change for name in edit.fields]
    return any(isinstance(change, Grows) and change.call == call.name for change in changes)


def _creates(kind: Kind) -> str:
    return operation(kind.type, "create")


def _it(kind: Kind, spec: Mapping[str, Any]) -> Resource:
    return (kind.name, "it", spec)
