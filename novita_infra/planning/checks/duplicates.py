"""Duplicates: live objects that a plan would create a second time, or that were created twice, and that no state has.

Pure. A state can be lost, copied or old, and the owner mark of an object still says what it was made for. Types without
marks have only name and place: an object that agrees in both stops the plan, too, until somebody says whether it is the
declared one. An object of a type with marks that carries none is a note, and only where there is no record at all.
An object that carries the mark of a resource with another object is a note, too: a create whose answer was lost may
have its effect when no run waits for it any more.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Severity, run_again_with
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import Claim, in_mark, owner_of
from novita_infra.model.resources import PRESENT, Live, Phase
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.options import is_selected
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Plan

_MAKES: Final = frozenset({Action.CREATE, Action.REPLACE})


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The live objects of one resource that no state has."""

    address: Address
    lives: tuple[Live, ...]
    marked: bool
    """Whether they carry the owner mark of exactly this resource."""
    alike: bool = False
    """Whether their type has no marks, and they have its name and place. Otherwise they only have its name."""
    beside: str = ""
    """The id of the recorded object of the resource; empty where there is none."""
    taken: bool = False
    """Whether it is the one part of what the plan would set: it would be overwritten."""
    saved: bool = False
    """Whether it is a job that saved, or saves, the image that the plan would save over."""


def kinds_to_list(inputs: PlanInputs, plan: Plan) -> frozenset[str]:
    """The types that must be listed to find duplicates, beside those that were listed; only types that are created."""
    made = (change.address.type for change in plan.changes if change.action in _MAKES)
    types = {prefix for prefix in made if inputs.kinds[prefix].api.saves}
    return frozenset(({change.address.type for change in _creates(plan)} | types) - inputs.world.unrecorded.keys())


def find_duplicates(inputs: PlanInputs, plan: Plan) -> Iterator[Duplicate]:
    """The objects that the plan would create although they exist, and those that exist twice, as far as lists show."""
    identity = inputs.config.identity
    by_address: dict[tuple[str, str], list[Live]] = {}
    by_name: dict[tuple[str, str], list[Live]] = {}
    for prefix, lives in inputs.world.unrecorded.items():
        for live in lives:
            if live.phase not in PRESENT:
                continue
            claim, owner = identity.claim(live.mark), owner_of(live.mark)
            if owner and claim is not Claim.FOREIGN:
                by_address.setdefault((prefix, owner.address), []).append(live)
            elif not live.mark and live.name and not (inputs.kinds[prefix].api.mark_place and _has_records(inputs)):
                by_name.setdefault((prefix, live.name), []).append(live)
    created = {change.address for change in _creates(plan)}
    for address, existing in inputs.world.existing.items() if by_address else ():
        twins = by_address.get((address.type, in_mark(address)), ())
        twins = [live for live in twins if identity.claim(live.mark) is Claim.OWN]
        if twins and address not in created and existing.record and existing.record.id:
            yield Duplicate(address, tuple(twins), marked=True, beside=existing.record.id)
    specs = {step.address: step.spec for step in plan.steps if step.spec}
    yield from _taken_parts(inputs, plan)
    yield from _saved_already(inputs, plan)
    for change in _creates(plan):
        address, name, api = change.address, change.after.get("name"), inputs.kinds[change.address.type].api
        namesakes = by_name.get((address.type, name), []) if isinstance(name, str) else []
        if marked := by_address.get((address.type, in_mark(address))):
            yield Duplicate(address, tuple(marked), marked=True)
        elif namesakes and api.mark_place:
            yield Duplicate(address, tuple(namesakes), marked=False)
        elif alike := [live for live in namesakes if api.matches(specs.get(address, change.after), live)]:
            yield Duplicate(address, tuple(alike), marked=False, alike=True)


def _taken_parts(inputs: PlanInputs, plan: Plan) -> Iterator[Duplicate]:
    """The objects that the plan would overwrite: each is the one part of what a new object would be part of."""
    for change in plan.changes:
        whole = inputs.kinds[change.address.type].api.whole_of(change.after)
        if not whole or change.action not in _MAKES:
            continue
        lives = inputs.world.unrecorded.get(change.address.type, ())
        if taken := tuple(live for live in lives if live.id == whole):
            yield Duplicate(change.address, taken, marked=False, taken=True)


def _saved_already(inputs: PlanInputs, plan: Plan) -> Iterator[Duplicate]:
    """The jobs whose images the plan would save over; a registry whose images no list shows has them, too."""
    for change in plan.changes:
        saves = inputs.kinds[change.address.type].api.saves
        image = saves(change.after) if saves and change.action in _MAKES else ""
        lives = inputs.world.unrecorded.get(change.address.type, ()) if image else ()
        saved = (live for live in lives if saves and live.phase is not Phase.FAILED and saves(live.values) == image)
        if saved_already := tuple(saved):
            yield Duplicate(change.address, saved_already, marked=False, saved=True, beside=change.id)


def only(duplicates: Iterable[Duplicate], kept: Callable[[Duplicate, Live], bool]) -> tuple[Duplicate, ...]:
    """The duplicates with only the objects that `kept` holds for; those without any are left out."""
    filtered = (
        replace(duplicate, lives=tuple(live for live in duplicate.lives if kept(duplicate, live)))
        for duplicate in duplicates
    )
    return tuple(duplicate for duplicate in filtered if duplicate.lives)


def duplicate_diagnostics(
    duplicate: Duplicate,
    plan: Plan,
    *,
    new_state: bool = False,
    create_anyway: Collection[str] = (),
    stuck: Collection[str] = (),
) -> Finding | Diagnostic:
    """The diagnostic on a duplicate. A mark, or name and place, prevent a create; a second object is only a note.

    With a `new_state` the object is left behind on purpose, so it is a note, too. `create_anyway` are addresses
    or patterns of resources that are created beside an object that is alike. `stuck` are the addresses of resources
    that cannot be created whatever option is given.
    """
    several, address = len(duplicate.lives) > 1, str(duplicate.address)
    what = " and ".join(f"{live.id} ({live.name or 'without a name'}, {live.status})" for live in duplicate.lives)
    id = "ID" if several else shlex.quote(duplicate.lives[0].id)
    orphans = "novita-infra orphans"
    if plan.environment != "default":
        orphans += f" --env {plan.environment}"
    adopt = f"`{orphans} --adopt {shlex.quote(address)} --id {id}`"
    if duplicate.taken:
        summary = f"{what} exists already and is in no state: it would be overwritten"
        return Finding(
            Diagnostic(summary, f"if it is what you declare, adopt it: {adopt}", address=address), EXIT_REFUSED
        )
    if duplicate.saved:
        return _saved(duplicate, what, plan, stuck=address in stuck)
    if duplicate.alike:
        have = "have its name and place and are" if several else "has its name and place and is"
        summary = f"it may exist already: {what} {have} in no state"
        if new_state or is_selected(duplicate.address, create_anyway):
            hint = f"another is created ({'--new-state' if new_state else '--create-anyway'})"
            return Diagnostic(summary, hint, address=address, severity=Severity.WARNING)
        anyway = f"--create-anyway {shlex.quote(address)}"
        hint = f"if it is what you declare, adopt it: {adopt}; to create another beside it, {run_again_with(anyway)}"
        return Finding(Diagnostic(summary, hint, address=address, option=anyway), EXIT_REFUSED)
    if not duplicate.marked:
        summary = f"this environment has no state, and {what} {'have' if several else 'has'} this name"
        hint = f"if it is what you declare, and the state is lost, adopt it: {adopt}"
        return Diagnostic(summary, hint, address=address, severity=Severity.WARNING)
    mark = f"{plan.project}/{plan.environment}/{address}"
    if duplicate.beside:
        summary = (
            f"{what} {'carry' if several else 'carries'} its owner mark {mark}; its own object is {duplicate.beside}"
        )
        hint = f"a create whose answer was lost may have made it later: `{orphans}` shows what it is and what it costs"
        return Diagnostic(summary, hint, address=address, severity=Severity.WARNING)
    summary = (
        f"it exists already, and no state has it: {what} {'carry' if several else 'carries'} the owner mark {mark}"
    )
    if new_state:
        hint = f"it is left as it is, and another is created (--new-state); to use it instead: {adopt}"
        return Diagnostic(summary, hint, address=address, severity=Severity.WARNING)
    hint = f"adopt it: {adopt}; or restore the state together with its journal, if it is lost"
    return Finding(Diagnostic(summary, hint, address=address), EXIT_REFUSED)


def _saved(duplicate: Duplicate, jobs: str, plan: Plan, *, stuck: bool) -> Finding | Diagnostic:
    """The diagnostic on jobs that saved an image which the plan would save over: a loss, which may be allowed.

    The job to import is the last one that ended well: the image is its own.
    """
    address, several = str(duplicate.address), len(duplicate.lives) > 1
    summary = f"{jobs} saved it already and {'are' if several else 'is'} in no state: it would be saved over"
    if is_selected(duplicate.address, plan.selection.data_loss):
        return Diagnostic(summary, "allowed by --allow-data-loss", address=address, severity=Severity.WARNING)
    last = max(duplicate.lives, key=lambda live: (live.phase is Phase.READY, live.created))
    name, env = shlex.quote(address), f" --env {plan.environment}" if plan.environment != "default" else ""
    adopt = f"`novita-infra import {name} {shlex.quote(last.id)}{env}`"
    if duplicate.beside:
        adopt = f"`novita-infra state rm {name}{env}`, then {adopt}"
    hint, allowing = f"to use it as it is: {adopt}", ""
    if not stuck:
        allowing = f"--allow-data-loss {name}"
        other = "; to keep it and save the machine as it is now, name another tag"
        hint += f"{other if duplicate.beside else ''}; to save over it, {run_again_with(allowing)}"
    return Finding(Diagnostic(summary, hint, address=address, option=allowing), EXIT_REFUSED)


def _creates(plan: Plan) -> Iterator[Change]:
    yield from (change for change in plan.changes if change.action is Action.CREATE)


def _has_records(inputs: PlanInputs) -> bool:
    return bool(inputs.world.existing)
