"""Random states and journal changes, and what a state must be after such changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from hypothesis import strategies as st

from novita_infra.model.addresses import Address
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.values import Digest, Ref, joined_text
from novita_infra.state.format.journal import drop_line, put_line, roll_line, snapshot_line, use_plan_line
from novita_infra.state.state import State, UsedPlan
from novita_infra.state.store import Journal

A, B, C = (Address("instance", name) for name in "abc")
TRAINER = Address("instance", "trainer")
NET = Address("vpc", "net")

TEXTS = st.text(max_size=6)
SPECS = st.dictionaries(
    st.sampled_from(["image", "env", "$odd"]),
    st.one_of(
        st.none(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS, st.just(Digest("0a")),
        st.just(joined_text(("a", Ref(NET)))), st.lists(TEXTS, max_size=2),
        st.dictionaries(st.sampled_from(["A", "$ref"]), TEXTS),
    ),
    max_size=3,
)  # fmt: skip
_ADDRESSES = st.sampled_from([TRAINER, NET, Address("instance", "w", "eu"), Address("instance", "w", "us 1")])
_PENDING = st.builds(
    PendingCall, operation=TEXTS, call=TEXTS, since=st.floats(0, 1e10), sent=SPECS, before=SPECS, snapshot=TEXTS,
    deletes_never_ready=st.booleans(),
)  # fmt: skip
RECORDS = st.builds(
    Record, address=_ADDRESSES, id=TEXTS, spec=SPECS, outputs=SPECS, needs=st.lists(_ADDRESSES, max_size=2).map(tuple),
    pending=st.one_of(st.none(), _PENDING), retired=st.lists(TEXTS, max_size=2).map(tuple), protect=st.booleans(),
    retired_unready=st.lists(TEXTS, max_size=2).map(tuple), recreate_reason=TEXTS, source=TEXTS,
)  # fmt: skip
USED_PLANS = st.builds(UsedPlan, st.text(max_size=4), st.floats(0, 1e10), st.text(max_size=4), st.booleans())
STATES = st.builds(
    State, lineage=TEXTS, key=st.just("scrypt-1:00"), serial=st.integers(0, 10**6), project=TEXTS, environment=TEXTS,
    cloud=TEXTS,
    records=st.lists(RECORDS, max_size=3).map(lambda records: {record.address: record for record in records}),
    outputs=SPECS, snapshots=st.dictionaries(TEXTS, st.lists(TEXTS, max_size=2).map(tuple), max_size=2),
    gone=st.dictionaries(TEXTS, st.lists(TEXTS, max_size=2).map(tuple), max_size=2),
    used_plans=st.lists(USED_PLANS, max_size=2).map(tuple),
    rolling=st.dictionaries(_ADDRESSES, st.floats(0, 1e10), max_size=2),
)  # fmt: skip

Change: TypeAlias = Record | Address | UsedPlan | tuple[str, tuple[str, ...]] | dict[Address, float | None]
"""A put, a drop, a used plan, a snapshot with its ids, or members that a rollout takes down."""
CHANGED = st.sampled_from([A, B, C, Address("instance", "w", "e u\u00e9")])
CHANGES = st.lists(
    st.one_of(
        st.builds(Record, CHANGED, st.text(max_size=4)),
        CHANGED,
        USED_PLANS,
        st.tuples(st.sampled_from(["vpc", "instance"]), st.lists(st.text(max_size=3), max_size=2).map(tuple)),
        st.dictionaries(CHANGED, st.one_of(st.none(), st.floats(0, 1e10)), max_size=2),
    ),
    max_size=6,
)


def with_record(state: State, *, id: str) -> State:
    """The state with one record of that id."""
    return replace(state, records={TRAINER: Record(TRAINER, id)})


async def write_changes(journal: Journal, changes: Sequence[Change]) -> None:
    """Writes the changes to the journal, one after another."""
    for change in changes:
        match change:
            case Record():
                await journal.put(change, "changed")
            case Address():
                await journal.drop(change, "gone")
            case UsedPlan():
                await journal.use_plan(change)
            case dict():
                await journal.roll(change)
            case (name, ids):
                await journal.snapshot(name, ids)


def line_of(change: Change) -> bytes:
    """The journal line of the change."""
    match change:
        case Record():
            return put_line(change, "changed")
        case Address():
            return drop_line(change, "gone")
        case UsedPlan():
            return use_plan_line(change)
        case dict():
            return roll_line(change)
        case (name, ids):
            return snapshot_line(name, ids)


def after(state: State, changes: Sequence[Change]) -> State:
    """What the state must be after the changes; every change is a version."""
    records, snapshots, used_plans = dict(state.records), dict(state.snapshots), state.used_plans
    gone, rolling = {prefix: list(ids) for prefix, ids in state.gone.items()}, dict(state.rolling)
    for change in changes:
        match change:
            case Record():
                old = records.get(change.address)
                if old and old.id and change.id != old.id:
                    gone.setdefault(change.address.type, []).append(old.id)
                records[change.address] = change
            case Address():
                if (old := records.pop(change, None)) and old.id:
                    gone.setdefault(change.type, []).append(old.id)
            case UsedPlan():
                used_plans = (*used_plans, change)
            case dict():
                rolling = {at: ready for at, ready in {**rolling, **change}.items() if ready is not None}
            case (name, ids):
                snapshots[name] = ids
    return replace(
        state,
        serial=state.serial + len(changes),
        records=records,
        snapshots=snapshots,
        used_plans=used_plans,
        rolling=rolling,
        gone={prefix: tuple(ids) for prefix, ids in gone.items()},
    )
