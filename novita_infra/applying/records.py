"""The records while a run is under way: every change is in the journal before anyone acts on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.records import Record
from novita_infra.model.values import Ref, Value
from novita_infra.state.state import MOST_USED_PLANS, State, UsedPlan
from novita_infra.state.store import Journal

REMEMBERED: Final = 20
"""Durations that are kept of each call of a kind."""


class Records:
    """The state of one run, in memory and in its journal alike."""

    def __init__(self, state: State, journal: Journal, *, now: Callable[[], float]) -> None:
        """`now` gives Unix seconds."""
        self._state = state
        self._journal = journal
        self._now = now
        self._records: dict[Address, Record] = dict(state.records)
        self._snapshots: dict[str, tuple[str, ...]] = dict(state.snapshots)
        self._in_doubt = {record.address.type for record in _unanswered(state.records.values())}
        self._used_plans = state.used_plans
        self._ids: dict[str, set[str]] = {}
        """Every id that the books have known since the run began, by kind."""
        for record in state.records.values():
            self._learn(record)

    @property
    def key(self) -> str:
        """The hex key of the digests that stand for secrets."""
        return self._state.key

    async def use_plan(self, plan: UsedPlan) -> None:
        """The run carries out this saved plan; returns when that is on disk."""
        self._used_plans = (*self._used_plans, plan)[-MOST_USED_PLANS:]
        await self._journal.use_plan(plan)

    def record(self, address: Address) -> Record | None:
        """What the books say of the resource."""
        return self._records.get(address)

    async def put(self, record: Record, event: str) -> None:
        """The record is now this; returns when it is on disk."""
        record = replace(record, seen_at=round(self._now(), 3))
        self._records[record.address] = record
        self._learn(record)
        await self._journal.put(record, event)

    async def drop(self, address: Address, event: str) -> None:
        """The resource has no record any more; returns when that is on disk."""
        self._records.pop(address, None)
        await self._journal.drop(address, event)

    async def snapshot(self, name: str, ids: tuple[str, ...]) -> None:
        """These objects were live before the run created any; returns when that is on disk."""
        self._snapshots[name] = ids
        await self._journal.snapshot(name, ids)

    def snapshot_name(self, kind: str) -> str:
        """The name under which this run keeps what was live before it created any of the kind.

        What a create of an earlier run may have made must not count as seen before that one.
        """
        return f"{kind}#{self._state.serial}" if kind in self._in_doubt else kind

    def owned(self, kind: str) -> frozenset[str]:
        """The ids of the kind that the books know, or knew in this run: a list may still show what was deleted."""
        return frozenset(self._ids.get(kind, ()))

    def known(self, ref: Ref) -> Value:
        """What the books know of a reference; the Ref itself where they know nothing."""
        record = self._records.get(ref.address)
        if record is None or not record.id:
            return ref
        return record.id if ref.attribute == "id" else record.outputs.get(ref.attribute, ref)

    def _learn(self, record: Record) -> None:
        self._ids.setdefault(record.address.type, set()).update(filter(None, (record.id, *record.retired)))

    def closed(
        self,
        *,
        cloud: str,
        project: str,
        environment: str,
        outputs: Mapping[str, Value] | None,
        carried_out: str = "",
        took: Mapping[str, Iterable[float]] | None = None,
    ) -> State:
        """The state to save at the end of the run. What was seen is kept only while a create has no answer.

        `carried_out` is the seal of the saved plan of which every step is done; `took` are the seconds of the steps
        that are done, by `instance.create`.
        """
        names = {_snapshot_name(record) for record in _unanswered(self._records.values())}
        known = self._state.durations
        last = {name: (*known.get(name, ()), *seconds)[-REMEMBERED:] for name, seconds in (took or {}).items()}
        return replace(
            self._state,
            cloud=cloud,
            project=project,
            environment=environment,
            records=dict(sorted(self._records.items())),
            outputs=self._state.outputs if outputs is None else outputs,
            snapshots={kind: ids for kind, ids in self._snapshots.items() if kind in names},
            used_plans=tuple(replace(item, done=item.done or item.seal == carried_out) for item in self._used_plans),
            durations={**known, **last},
        )


def _unanswered(records: Iterable[Record]) -> Iterator[Record]:
    """Those that a create without an answer may have made."""
    return (record for record in records if record.pending and not record.id)


def _snapshot_name(record: Record) -> str:
    return (record.pending.snapshot if record.pending else "") or record.address.type
