"""Reads the facts beside the objects that may explain what the platform did to them."""

from __future__ import annotations

from collections.abc import Iterable

from novita_infra.account.balance import BALANCE, balance_of
from novita_infra.api.errors import Refused
from novita_infra.api.protocol import ApiClient
from novita_infra.kinds.kind import Circumstances, Kind
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.model.resources import Live


@dataclass(frozen=True, slots=True)
class RecordedPair:
    """A record with its live object, of which an event is asked."""

    kind: Kind
    record: Record
    live: Live | None


async def read_arrears(client: ApiClient, pairs: Iterable[RecordedPair], *, now: float) -> bool | None:
    """Whether the balance is used up; None if that explains nothing, so that it is not read, or cannot be read."""
    if not any(_may_be_arrears(pair, now) for pair in pairs):
        return None
    try:
        balance = balance_of(await client.send(BALANCE))
    except Refused:
        return None
    return None if balance is None else balance <= 0


async def read_migrations(client: ApiClient, records: Iterable[tuple[Kind, Record]]) -> dict[str, float]:
    """By id, when the platform last migrated an object since the state recorded it, in Unix seconds."""
    since: dict[str, tuple[Kind, float]] = {}
    for kind, record in records:
        if kind.drift.migrations is not None and kind.drift.migrations.possible(record):
            earliest = since.get(kind.type, (kind, record.seen_at))[1]
            since[kind.type] = kind, min(earliest, record.seen_at)
    migrated: dict[str, float] = {}
    for kind, moment in since.values():
        moves = kind.drift.migrations
        assert moves is not None  # noqa: S101 -- as above
        try:
            items = map(moves.read, await client.walk(moves.pages(moment)))
        except Refused:
            continue
        migrated |= dict(sorted(items, key=lambda item: item[1]))
    return migrated


def _may_be_arrears(pair: RecordedPair, now: float) -> bool:
    """Whether arrears would explain what became of the object."""
    event = pair.kind.drift.platform_event
    if event is None or not pair.record.id:
        return False
    paid, unpaid = (event(pair.record, pair.live, Circumstances(now, owes)) for owes in (False, True))
    return paid != unpaid
