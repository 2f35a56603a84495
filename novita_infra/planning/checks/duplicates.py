"""Live objects that a plan would buy a second time, or that were bought twice: made for it, and in no books. Pure.

Books can be lost (a checkout without the state folder), and the owner mark of an object tells all the same what it was
made for. Kinds without marks have only names, and a name proves nothing: that is a note, and only where there are no
books at all. A note, too, is what carries the mark of a resource whose own object is another: a create whose answer was
lost may have its effect when nobody waits for it any more.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from novita_infra.kinds.toolkit.owner_marks import owner
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Severity
from novita_infra.model.resources import Live, Phase
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Plan

_GOING: Final = frozenset({Phase.LEAVING, Phase.GONE})


@dataclass(frozen=True, slots=True)
class Duplicate:
    """What is live of a resource and in no books."""

    address: Address
    lives: tuple[Live, ...]
    marked: bool
    """Whether they carry the owner mark of exactly this resource; else they only have its name."""
    beside: str = ""
    """The id of the resource's own object, where there is one."""


def kinds_to_list(inputs: PlanInputs, plan: Plan) -> frozenset[str]:
    """The prefixes of the kinds that must be listed to find strays, beside those that were; none where none is made."""
    kinds = {change.address.type for change in _creates(plan)}
    return frozenset(
        prefix
        for prefix in kinds - inputs.world.unrecorded.keys()
        if inputs.kinds[prefix].api.marked or not _has_records(inputs)
    )


def find_duplicates(inputs: PlanInputs, plan: Plan) -> Iterator[Duplicate]:
    """What the plan would create although it is there, and what is there twice, as far as the lists tell."""
    by_owner: dict[str, list[Live]] = {}
    by_name: dict[tuple[str, str], list[Live]] = {}
    for prefix, lives in inputs.world.unrecorded.items():
        for live in lives:
            if live.phase in _GOING:
                continue
            if live.mark:
                by_owner.setdefault(f"{prefix}/{live.mark.rpartition('/')[0]}", []).append(live)
            elif live.name and not _has_records(inputs):
                by_name.setdefault((prefix, live.name), []).append(live)
    created = {change.address for change in _creates(plan)}
    for address, found in inputs.world.existing.items() if by_owner else ():
        twins = by_owner.get(f"{address.type}/{owner(inputs.config.project, inputs.config.environment, address)}")
        if twins and address not in created and found.record and found.record.id:
            yield Duplicate(address, tuple(twins), marked=True, beside=found.record.id)
    for change in _creates(plan):
        address, name = change.address, change.after.get("name")
        if marked := by_owner.get(f"{address.type}/{owner(inputs.config.project, inputs.config.environment, address)}"):
            yield Duplicate(address, tuple(marked), marked=True)
        elif isinstance(name, str) and (namesakes := by_name.get((address.type, name))):
            yield Duplicate(address, tuple(namesakes), marked=False)


def only(found: Iterable[Duplicate], kept: Callable[[Duplicate, Live], bool]) -> tuple[Duplicate, ...]:
    """Those of which some object is kept, with these objects."""
    left = (replace(stray, lives=tuple(live for live in stray.lives if kept(stray, live))) for stray in found)
    return tuple(stray for stray in left if stray.lives)


def duplicate_diagnostics(stray: Duplicate, plan: Plan) -> Finding | Diagnostic:
    """What a person is told of it: a mark speaks against a create; a name, or a second object, is only a note."""
    several, address = len(stray.lives) > 1, str(stray.address)
    what = " and ".join(f"{live.id} ({live.name or 'without a name'}, {live.status})" for live in stray.lives)
    id = "ID" if several else stray.lives[0].id
    orphans = "novita-infra orphans"
    if plan.environment != "default":
        orphans += f" --env {plan.environment}"
    adopt = f"`{orphans} --adopt {shlex.quote(address)} --id {id}`"
    if not stray.marked:
        summary = f"there are no books of this environment, and {what} {'have' if several else 'has'} this name"
        hint = f"if it is what you declare, and the books are lost, take it in: {adopt}"
        return Diagnostic(summary, hint, address=address, severity=Severity.WARNING)
    mark = f"{plan.project}/{plan.environment}/{address}"
    if stray.beside:
        summary = f"{what} {'carry' if several else 'carries'} its owner mark {mark}; its own object is {stray.beside}"
        hint = f"a create whose answer was lost may have made it later: `{orphans}` tells what it costs, and "
        hint += f"`{orphans} --terminate {id}` deletes it"
        return Diagnostic(summary, hint, address=address, severity=Severity.WARNING)
    summary = f"it is there already, and in no books: {what} {'carry' if several else 'carries'} the owner mark {mark}"
    hint = f"take it in: {adopt}, or delete it: `{orphans} --terminate {id}`; or bring back the books, if they are lost"
    return Finding(Diagnostic(summary, hint, address=address), EXIT_REFUSED)


def _creates(plan: Plan) -> Iterator[Change]:
    yield from (change for change in plan.changes if change.action is Action.CREATE)


def _has_records(inputs: PlanInputs) -> bool:
    return bool(inputs.world.existing)
