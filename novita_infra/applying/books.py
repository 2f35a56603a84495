"""The records while a run is under way: every change is in the journal before anyone acts on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from novita_infra.resources import Address, Record, Ref, Value
from novita_infra.state.book import Journal, State


class Books:
    """The state of one run, in memory and in its journal alike."""

    def __init__(self, state: State, journal: Journal) -> None:
        self._state = state
        self._journal = journal
        self._records: dict[Address, Record] = dict(state.records)
        self._seen: dict[str, tuple[str, ...]] = dict(state.seen)
        self._ids: dict[str, set[str]] = {}
        """Every id that the books have known since the run began, by kind."""
        for record in state.records.values():
            self._learn(record)

    @property
    def key(self) -> str:
        """The hex key of the digests that stand for secrets."""
        return self._state.key

    def record(self, address: Address) -> Record | None:
        """What the books say of the resource."""
        return self._records.get(address)

    async def put(self, record: Record, event: str) -> None:
        """The record is now this; returns when it is on disk."""
        self._records[record.address] = record
        self._learn(record)
        await self._journal.put(record, event)

    async def drop(self, address: Address, event: str) -> None:
        """The resource has no record any more; returns when that is on disk."""
        self._records.pop(address, None)
        await self._journal.drop(address, event)

    async def saw(self, kind: str, ids: tuple[str, ...]) -> None:
        """These objects were live before the run created any of the kind; returns when that is on disk."""
        self._seen[kind] = tuple(sorted({*self._seen.get(kind, ()), *ids}))
        await self._journal.saw(kind, self._seen[kind])

    def seen(self, kind: str) -> frozenset[str]:
        """What was live before creates of the kind that have no answer yet."""
        return frozenset(self._seen.get(kind, ()))

    def unanswered(self, *, but: Collection[Address]) -> frozenset[str]:
        """The kinds of which a create has no answer, and is none of these."""
        records = self._records.values()
        return frozenset(
            item.address.kind for item in records if item.underway and not item.id and item.address not in but
        )

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
        self._ids.setdefault(record.address.kind, set()).update(filter(None, (record.id, *record.retired)))

    def closed(self, *, cloud: str, project: str, environment: str, outputs: Mapping[str, Value] | None) -> State:
        """The state to save at the end of the run. What was seen is kept only while a create has no answer."""
        open_kinds = {record.address.kind for record in self._records.values() if record.underway and not record.id}
        return replace(
            self._state,
            cloud=cloud,
            project=project,
            environment=environment,
            records=dict(sorted(self._records.items())),
            outputs=self._state.outputs if outputs is None else outputs,
            seen={kind: ids for kind, ids in self._seen.items() if kind in open_kinds},
        )
