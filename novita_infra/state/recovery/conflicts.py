"""The two sides of a state in which git has left the marks of a merge conflict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.state.format.file_format import read_state
from novita_infra.state.state import State

Ids: TypeAlias = Mapping[str, tuple[str, ...]]
_MARKS: Final = re.compile(rb"^(<{7}|\|{7}|={7}|>{7})(?: .*)?$")


def sides_of_conflict(data: bytes) -> tuple[bytes, bytes] | None:
    """Both whole files that git has joined line by line; None if there is no complete conflict."""
    ours: list[bytes] = []
    theirs: list[bytes] = []
    into: tuple[list[bytes], ...] = (ours, theirs)
    found = False
    for line in data.split(b"\n"):
        mark = _MARKS.match(line)
        match mark and mark[1][:1]:
            case b"<":
                into, found = (ours,), True
            case b"|":
                into = ()
            case b"=":
                into = (theirs,)
            case b">":
                into = (ours, theirs)
            case _:
                for side in into:
                    side.append(line)
    return (b"\n".join(ours), b"\n".join(theirs)) if found and len(into) > 1 else None


def states_of_conflict(data: bytes, place: str) -> tuple[State, State] | None:
    """The states of both sides; None if they cannot be read, or are of different states."""
    sides = sides_of_conflict(data)
    if sides is None:
        return None
    try:
        ours, theirs = (read_state(side, place, hint="") for side in sides)
    except Problems:
        return None
    return (ours, theirs) if ours.lineage == theirs.lineage else None


def joined(ours: State, theirs: State) -> State | list[Address]:
    """A state with the objects of both, or the addresses at which both record different objects.

    An object that one side has deleted is recorded by none. Of two records of one object, the one that was read or
    changed last counts.
    """
    records: dict[Address, Record] = {}
    doubtful = []
    for address in sorted({*ours.records, *theirs.records}):
        one, two = _unless_deleted(ours, theirs, address), _unless_deleted(theirs, ours, address)
        if one and two and one.id != two.id:
            doubtful.append(address)
        elif one or two:
            records[address] = max(filter(None, (one, two)), key=lambda record: record.seen_at)
    if doubtful:
        return doubtful
    newer, older = (ours, theirs) if _since(ours) >= _since(theirs) else (theirs, ours)
    plans = {plan.id: plan for plan in (*older.used_plans, *newer.used_plans)}
    return replace(
        newer,
        serial=max(ours.serial, theirs.serial),
        records=records,
        gone=merged_ids(ours.gone, theirs.gone),
        rolling={**older.rolling, **newer.rolling},
        snapshots=merged_ids(ours.snapshots, theirs.snapshots),
        used_plans=tuple(sorted(plans.values(), key=lambda plan: plan.since)),
        searched=False,
    )


def merged_ids(one: Ids, two: Ids) -> Ids:
    """The ids of both, by name."""
    return {name: tuple(dict.fromkeys((*one.get(name, ()), *two.get(name, ())))) for name in {**one, **two}}


def _unless_deleted(state: State, other: State, address: Address) -> Record | None:
    record = state.records.get(address)
    return None if record and record.id and record.id in other.gone.get(address.type, ()) else record


def _since(state: State) -> float:
    return state.last_run.since if state.last_run else 0.0
