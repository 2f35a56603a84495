"""The verdict on a run: its live objects, orphans and duplicates, its cost and its calls. The world is not changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from novita_infra.simulator.world.engine.records import WorldRecord
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import money
from novita_infra.simulator.world.resources import RECORDS

_LEAVING: Final = frozenset({"toRemove", "removing", "removed", "deleting", "deleted"})


@dataclass(frozen=True, slots=True)
class LiveObject:
    """A live object."""

    kind: str
    """The name of its table, such as `instances`."""
    id: str
    name: str
    looks: tuple[str, ...] = ()
    """The values of the fields that describe it. Two of a kind with the same name and looks are duplicates."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The state of a world before the judged run."""

    ids: frozenset[str]
    spent: int
    calls: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunVerdict:
    """The result of a run. Money: 1/100000 USD."""

    made: tuple[LiveObject, ...]
    """The objects that the run created and that still exist, without objects of others and without earlier ones."""
    orphans: tuple[LiveObject, ...] | None
    """The objects in `made` that no state records; None if no state is known."""
    doubles: tuple[tuple[LiveObject, ...], ...]
    """Groups of duplicates in `made`, except groups in which a state records each object."""
    spent: int
    calls: Mapping[str, int]
    """By operation, refused and failed calls included."""
    troubles: int
    """Calls that a fault has struck."""

    @property
    def clean(self) -> bool:
        """Whether there are no known orphans and no duplicates."""
        return not self.orphans and not self.doubles


def take_baseline(world: World) -> Baseline:
    """Records the state of the world before a run."""
    world.advance()
    return Baseline(frozenset(world.ids()), money.spent(world), Counter(world.calls))


def judge(world: World, beginning: Baseline, *, on_record: Collection[str] | None) -> RunVerdict:
    """The verdict on the time since `beginning`. `on_record` are the ids in the state, None without a state."""
    world.advance()
    made = tuple(one for one in live_objects(world) if one.id not in beginning.ids and one.id not in world.others)
    return RunVerdict(
        made=made,
        orphans=None if on_record is None else tuple(one for one in made if one.id not in on_record),
        doubles=_doubles(made, on_record or ()),
        spent=money.spent(world) - beginning.spent,
        calls={
            name: count - beginning.calls.get(name, 0)
            for name, count in sorted(world.calls.items())
            if count > beginning.calls.get(name, 0)
        },
        troubles=sum(fault.met for fault in world.faults.active),
    )


def live_objects(world: World) -> tuple[LiveObject, ...]:
    """All objects that a client created and that are not being deleted."""
    return tuple(
        _thing(kind, record)
        for kind, cls in RECORDS.items()
        if cls.LABEL
        for record in world.tables[kind]
        if _status(record) not in _LEAVING
    )


def verdict_json(verdict: RunVerdict) -> dict[str, Any]:
    """The verdict as JSON values."""
    orphans = verdict.orphans
    return {
        "made": [_plain(one) for one in verdict.made],
        "orphans": None if orphans is None else [_plain(one) for one in orphans],
        "doubles": [[_plain(one) for one in group] for group in verdict.doubles],
        "spent": verdict.spent,
        "spentUsd": usd_text(verdict.spent),
        "calls": dict(verdict.calls),
        "troubles": verdict.troubles,
    }


def usd_text(amount: int) -> str:
    """1/100000 USD as exact dollars: `1.23456`."""
    whole, part = divmod(abs(amount), 100_000)
    return f"{'-' if amount < 0 else ''}{whole}.{part:05d}"


def _plain(one: LiveObject) -> dict[str, str]:
    return {"kind": one.kind, "id": one.id, "name": one.name}


def _thing(kind: str, record: WorldRecord) -> LiveObject:
    looks = tuple(str(getattr(record, name)) for name in record.LOOKS)
    return LiveObject(kind, record.id, str(getattr(record, record.LABEL)), looks)


def _status(record: WorldRecord) -> str:
    return str(getattr(record, "status", getattr(record, "state", "")))


def _doubles(made: tuple[LiveObject, ...], on_record: Collection[str]) -> tuple[tuple[LiveObject, ...], ...]:
    groups: dict[tuple[str, str, tuple[str, ...]], list[LiveObject]] = {}
    for one in made:
        groups.setdefault((one.kind, one.name, one.looks), []).append(one)
    return tuple(
        tuple(group) for group in groups.values() if len(group) > 1 and not all(one.id in on_record for one in group)
    )
