"""What other states of the same account record: their objects, and creates whose answer was lost.

An object without an owner mark does not say who created it. Runs that share their states create such objects one after
another (`applying.calling`), and each knows the objects that were live before its create. So a create that began
later made every object that it did not know, and none of those can come from an earlier create.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Final

from novita_infra.kinds.kind import Kind
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec
from novita_infra.state.state import State

SETTLED: Final = 3600.0
"""Seconds after its last change from which a record's create has no effect any more that no list shows."""


@dataclass(frozen=True, slots=True)
class UnansweredCreate:
    """A create without an answer and without an owner mark, which another state records."""

    record: Record
    pending: PendingCall
    excluded: frozenset[str]
    """The ids that its object does not have: they were live before it, or its state records them."""


@dataclass(frozen=True, slots=True)
class OtherStates:
    """What other states record."""

    records: tuple[Record, ...] = ()
    """Their records with an object."""
    unanswered: tuple[UnansweredCreate, ...] = field(default=())
    """Their creates without an answer, as far as they belong to the same account."""

    def ids(self, prefix: str) -> frozenset[str]:
        """The recorded ids of a resource type."""
        return frozenset(id for record in self.records if record.address.type == prefix for id in _ids(record))

    def ids_named(self, prefix: str, spec: Spec) -> frozenset[str]:
        """The recorded ids of a resource type whose objects have the name of the spec."""
        named = (record for record in self.records if record.address.type == prefix and _alike(record.spec, spec))
        return frozenset(id for record in named for id in _ids(record))

    def unsettled(self, prefix: str, spec: Spec, *, now: float) -> tuple[UnansweredCreate, ...]:
        """The creates of an object of this type and name that may have an effect which no list shows yet.

        `now` is in Unix seconds.
        """
        return tuple(
            create
            for create in self.unanswered
            if create.record.address.type == prefix
            and _alike(create.pending.sent, spec)
            and abs(now - create.record.seen_at) < SETTLED
        )

    def makers(self, kind: Kind, live: Live) -> Iterator[UnansweredCreate]:
        """The creates that may have made the object."""
        for create in self.unanswered:
            is_possible = create.record.address.type == kind.type and live.id not in create.excluded
            if is_possible and kind.api.matches(create.pending.sent, live):
                yield create


def not_of_others(kind: Kind, pending: PendingCall, lives: Iterable[Live], others: OtherStates) -> tuple[Live, ...]:
    """The objects that this create without a mark may have made, without those that other states record or made."""
    recorded = others.ids(kind.type)
    return tuple(
        live
        for live in lives
        if live.id not in recorded
        and not any(_rank(create.pending) > _rank(pending) for create in others.makers(kind, live))
    )


def other_states(states: Iterable[State], *, account: str) -> OtherStates:
    """The content of these states for a run on the account."""
    records: list[Record] = []
    unanswered: list[UnansweredCreate] = []
    for state in states:
        for address, record in state.records.items():
            if any(_ids(record)):
                records.append(record)
            pending = record.pending
            if record.id or pending is None or pending.mark or pending.account != account:
                continue
            excluded = state.not_made_by(record).union(ids_of_type(state, address.type))
            unanswered.append(UnansweredCreate(record, pending, excluded))
    return OtherStates(tuple(records), tuple(unanswered))


def ids_of_type(state: State, prefix: str) -> Iterator[str]:
    """The recorded ids of a resource type, replaced objects included."""
    return (id for type_, id in recorded_objects(state) if type_ == prefix)


def recorded_objects(state: State) -> Iterator[tuple[str, str]]:
    """The types and ids of the recorded objects, replaced ones included."""
    for address, record in state.records.items():
        yield from ((address.type, id) for id in _ids(record))


def _ids(record: Record) -> Iterator[str]:
    yield from filter(None, (record.id, *record.retired))


def _alike(spec: Spec, other: Spec) -> bool:
    return spec.get("name") == other.get("name")


def _rank(pending: PendingCall) -> tuple[float, str]:
    """The order of creates: the later one is the greater."""
    return pending.since, pending.operation
