"""Foreign objects: recorded ids of objects that belong to another project, environment or resource. Pure.

An owner mark says what an object was made for. Objects without a mark have only their ids and names: one id in two
records, in the state of another environment, or two names that are swapped.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Severity
from novita_infra.model.identity import Identity
from novita_infra.model.records import Record
from novita_infra.model.resources import Existing, Live
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.findings import Finding

ObjectKey: TypeAlias = tuple[str, str]
"""The type and the id of an object."""


def foreign_objects(
    changes: Iterable[Change],
    existing: Mapping[Address, Existing],
    identity: Identity,
    *,
    recorded_elsewhere: Mapping[ObjectKey, str],
) -> Iterator[Finding | Diagnostic]:
    """A finding on every change of an object that may be foreign, and a warning on one that is left alone.

    `recorded_elsewhere` names, by type and id, the state of another environment that records an object.
    """
    doubled, swapped = _doubled_ids(existing), _swapped(existing)
    for change in changes:
        address = change.address
        for live in _lives(existing.get(address)):
            owner = identity.foreign_owner(live.mark, address)
            key = (address.type, live.id)
            if owner is not None:
                yield _message(change, live, f"carries the owner mark of {owner.in_words(other_than=identity.project)}")
            elif not live.mark and key in doubled:
                others = [str(other) for other in doubled[key] if other != address]
                yield _message(change, live, f"is recorded as {' and '.join(others)}, too")
            elif not live.mark and key in recorded_elsewhere:
                yield _message(change, live, f"is recorded in {recorded_elsewhere[key]}, too")
            elif not live.mark and address in swapped:
                other = swapped[address]
                yield _message(change, live, f"has the name of {other}, whose record names another object")


def unmarked_objects(changes: Iterable[Change], existing: Mapping[Address, Existing]) -> frozenset[ObjectKey]:
    """The types and ids of the objects without a mark that the changes touch: only other states can claim them."""
    return frozenset(
        (change.address.type, live.id)
        for change in changes
        if change.action is not Action.NONE
        for live in _lives(existing.get(change.address))
        if not live.mark
    )


def _lives(existing: Existing | None) -> tuple[Live, ...]:
    """The live objects of the ids that the record holds."""
    return tuple(live for live in (existing.live, *existing.replaced) if live) if existing else ()


def _doubled_ids(existing: Mapping[Address, Existing]) -> dict[ObjectKey, tuple[Address, ...]]:
    """By type and id that several records hold, these records."""
    holders: dict[ObjectKey, tuple[Address, ...]] = {}
    for address, item in existing.items():
        for id in dict.fromkeys(_ids(item.record)):
            holders[address.type, id] = (*holders.get((address.type, id), ()), address)
    return {key: addresses for key, addresses in holders.items() if len(addresses) > 1}


def _ids(record: Record | None) -> Iterator[str]:
    yield from filter(None, (record.id, *record.retired)) if record else ()


def _swapped(existing: Mapping[Address, Existing]) -> dict[Address, Address]:
    """By address whose object without a mark has the name of another resource whose own object has not: that one."""
    misfits = {
        address: item.live
        for address, item in existing.items()
        if item.live and not item.live.mark and item.live.name and item.live.name != _name(address, item.record)
    }
    owners = {(address.type, _name(address, existing[address].record)): address for address in misfits}
    found = {address: owners.get((address.type, live.name)) for address, live in misfits.items()}
    return {address: other for address, other in found.items() if other is not None}


def _name(address: Address, record: Record | None) -> str:
    name = record.spec.get("name") if record else None
    return name if isinstance(name, str) else address.object_name


def _message(change: Change, live: Live, why: str) -> Finding | Diagnostic:
    address, target = str(change.address), shlex.quote(str(change.address))
    summary = f"{live.id} ({live.name or 'without a name'}, {live.status}), which is recorded for it, {why}"
    if change.action is Action.NONE:
        hint = "nothing is done to it; correct the state before the next change"
        return Diagnostic(summary, hint, address=address, severity=Severity.WARNING)
    hint = (
        f"nothing is done to it; correct the record before any apply: `novita-infra state rm {target}`, then "
        f"`novita-infra import {target} ID` with the id of its own object; or, if {live.id} is its own, say so: "
        f"`novita-infra import {target} {shlex.quote(live.id)} --steal`"
    )
    return Finding(Diagnostic(summary, hint, address=address), EXIT_REFUSED)
