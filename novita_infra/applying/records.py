"""The records while a run is under way: every change is in the journal before anyone acts on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.records import Record
from novita_infra.model.values import Ref, Value
from novita_infra.state.state import MOST_USED_PLANS, State, UsedPlan, rolled, with_gone
from novita_infra.state.store import Journal

DURATIONS_KEPT: Final = 20
"""Durations that the state keeps of each call of a resource type."""


class RunRecords:
    """The state of one run, in memory and in its journal alike."""

    def __init__(self, state: State, journal: Journal, *, now: Callable[[], float]) -> None:
        """`now` returns Unix seconds."""
        self._state = state
        self._journal = journal
        self._now = now
        self._records: dict[Address, Record] = dict(state.records)
        self._snapshots: dict[str, tuple[str, ...]] = dict(state.snapshots)
        self._in_doubt = {record.address.type for record in _unanswered(state.records.values())}
        self._used_plans = state.used_plans
        self._gone = state.gone
        self._rolling = state.rolling
        self._ids: dict[str, set[str]] = {}
        """Every id that the state has recorded since the run began, by resource type."""
        for record in state.records.values():
            self._remember_ids(record)

    @property
    def key(self) -> str:
        """The hex key of the digests that stand for secrets."""
        return self._state.key

    async def use_plan(self, plan: UsedPlan) -> None:
        """Records that the run carries out this approved plan; returns when that is on disk."""
        self._used_plans = (*self._used_plans, plan)[-MOST_USED_PLANS:]
        await self._journal.use_plan(plan)

    @property
    def rolling(self) -> Mapping[Address, float]:
        """See `State.rolling`."""
        return self._rolling

    async def roll(self, members: Mapping[Address, float | None]) -> None:
        """Changes `State.rolling`; None removes a member. Returns when that is on disk."""
        self._rolling = rolled(self._rolling, members)
        await self._journal.roll(members)

    def get(self, address: Address) -> Record | None:
        """The record of the resource."""
        return self._records.get(address)

    async def put(self, record: Record, event: str) -> None:
        """Replaces the record; returns when that is on disk. `event` says why, for a person."""
        checked = "" if record.pending is not None else record.checked  # what changes must pass its check again
        record = replace(record, checked=checked, seen_at=round(self._now(), 3))
        self._gone = with_gone(self._gone, self._records.get(record.address), record)
        self._records[record.address] = record
        self._remember_ids(record)
        await self._journal.put(record, event)

    async def drop(self, address: Address, event: str) -> None:
        """Removes the record; returns when that is on disk."""
        self._gone = with_gone(self._gone, self._records.pop(address, None), None)
        await self._journal.drop(address, event)

    async def put_snapshot(self, name: str, ids: tuple[str, ...]) -> None:
        """Records the ids that were live before the run created any object; returns when that is on disk."""
        self._snapshots[name] = ids
        await self._journal.snapshot(name, ids)

    def snapshot(self, name: str) -> frozenset[str]:
        """The ids of the snapshot; none if it is not recorded."""
        return frozenset(self._snapshots.get(name, ()))

    def snapshot_name(self, prefix: str) -> str:
        """The name under which this run records the ids of the resource type that were live before its creates.

        It differs from that of an earlier run with a create without an answer: the object of that create is live now,
        and was not live before that create.
        """
        return f"{prefix}#{self._state.serial}" if prefix in self._in_doubt else prefix

    def owned_ids(self, prefix: str) -> frozenset[str]:
        """The ids of the type that are or were recorded: a list may still show a deleted object."""
        return frozenset((*self._ids.get(prefix, ()), *self._gone.get(prefix, ())))

    def known(self, ref: Ref) -> Value:
        """The recorded value of the reference; the Ref itself if there is none."""
        record = self._records.get(ref.address)
        if record is None or not record.id:
            return ref
        return record.id if ref.attribute == "id" else record.outputs.get(ref.attribute, ref)

    def final_state(
        self,
        *,
        outputs: Mapping[str, Value] | None,
        used: UsedPlan | None = None,
        done: bool = False,
        durations: Mapping[str, Iterable[float]] | None = None,
    ) -> State:
        """The state to save at the end of the run. It keeps a snapshot only while a create of it has no answer.

        `outputs` is None if they stay as they are. `used` is the approved plan that the run carried out; its steps
        remain recorded until it is `done`.
        `durations` are the seconds of the steps that are done, by `instance.create`.
        """
        snapshots = {_snapshot_of(record) for record in _unanswered(self._records.values())}
        known = self._state.durations
        last = {name: (*known.get(name, ()), *seconds)[-DURATIONS_KEPT:] for name, seconds in (durations or {}).items()}
        return replace(
            self._state,
            records=dict(sorted(self._records.items())),
            outputs=self._state.outputs if outputs is None else outputs,
            snapshots={name: ids for name, ids in self._snapshots.items() if name in snapshots},
            gone=self._gone,
            rolling=self._rolling,
            used_plans=tuple(
                item if item == used and not done else _settled(item, done=done and item == used)
                for item in self._used_plans
            ),
            durations={**known, **last},
        )

    def _remember_ids(self, record: Record) -> None:
        self._ids.setdefault(record.address.type, set()).update(filter(None, (record.id, *record.retired)))


def _settled(plan: UsedPlan, *, done: bool) -> UsedPlan:
    """The used plan, which no run continues any more."""
    return replace(plan, done=plan.done or done, steps=(), outputs="")


def _unanswered(records: Iterable[Record]) -> Iterator[Record]:
    """The records of creates whose answer is lost: their objects may exist."""
    return (record for record in records if record.pending and not record.id)


def _snapshot_of(record: Record) -> str:
    return (record.pending.snapshot if record.pending else "") or record.address.type
