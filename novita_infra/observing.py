"""What is live: the records' objects, what an unanswered create may have made, and what the account can rent.

Reads only. Lists, not a get for each object: the calls are the pages of the kinds in use. Absence counts only when a
second read misses the object too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from novita_infra.api.client import Client
from novita_infra.api.errors import ApiError, NotFound, Refused
from novita_infra.api.request import Request
from novita_infra.kinds.catalogue import PARTS, Catalogue, Product, catalogue
from novita_infra.kinds.kind import Kind, Local
from novita_infra.kinds.shapes import values_at
from novita_infra.kinds.stock import Ask
from novita_infra.resources import Address, Declared, Found, Live, Phase, Record, Spec, Value
from novita_infra.timing import ANSWER, GRACE, Clock, in_words, moment

AGAIN: Final = 3.0
"""Seconds between the two reads that it takes in any case."""
LOOKS_BACK: Final = (GRACE / 6, GRACE / 3, GRACE / 2, *(GRACE for _ in range(int(ANSWER / GRACE))))
"""Seconds between the reads that look for what a call of an earlier run did. When that went out is not known (it had to
wait after it was put on record, or was sent again), so the service may be at it still when they begin."""
NAMED: Final = 3
"""Resources that are named of those that are waited for together."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What was read for a plan."""

    found: Mapping[Address, Found] = field(default_factory=dict)
    """For every record."""
    catalogue: Catalogue = Catalogue()
    unknown: Mapping[str, tuple[Live, ...]] = field(default_factory=dict)
    """By prefix of each kind that was read, its live objects that no record knows."""


async def observe(
    client: Client,
    *,
    kinds: Mapping[str, Kind],
    records: Mapping[Address, Record],
    seen: Mapping[str, tuple[str, ...]],
    clock: Clock,
    catalogues: Iterable[str] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> Observed:
    """Reads every kind that has a record, and the named parts of the catalogue, all at once.

    `seen` are the ids that were live before unanswered creates, by kind; `tell` hears of what takes long and why.
    Raises ApiError.
    """
    by_kind: dict[str, dict[Address, Record]] = {}
    for address, record in records.items():
        by_kind.setdefault(address.kind, {})[address] = record
    reading = [
        _observe_kind(client, kinds[prefix], own, seen=seen, clock=clock, tell=tell) for prefix, own in by_kind.items()
    ]
    offers, parts = await asyncio.gather(read_catalogue(client, sorted(set(catalogues))), asyncio.gather(*reading))
    return Observed(
        {address: found for part, _ in parts for address, found in part.items()},
        offers,
        {prefix: unknown for prefix, (_, unknown) in zip(by_kind, parts, strict=True)},
    )


def as_recorded(record: Record) -> Found:
    """What is known of an object that is not read: it is believed to be as the books have it."""
    live = Live(
        record.id,
        name=str(record.spec.get("name", "")),
        phase=Phase.STOPPED if record.spec.get("power") == "stopped" else Phase.READY,
        status=str(record.outputs.get("status", "")),
        values=record.spec,
        outputs=record.outputs,
    )
    return Found(record, live=live)


def is_unfinished(record: Record) -> bool:
    """Whether an earlier run left something of it open, so that the books alone do not tell enough."""
    return not record.id or record.underway is not None or bool(record.retired)


async def read_catalogue(client: Client, names: Iterable[str]) -> Catalogue:
    """The named parts of what the account can rent."""
    names = list(names)
    requests = [(name, request) for name in names for request in PARTS[name].requests]
    answers = await asyncio.gather(*(_read_part(client, name, request) for name, request in requests))
    pages: dict[str, list[Any]] = {name: [] for name in names}
    for (name, _), found in zip(requests, answers, strict=True):
        pages[name] += found
    return catalogue(pages)


async def read_stock(client: Client, asks: Iterable[Ask]) -> dict[Ask, tuple[Product, ...] | Refused]:
    """What is free, as asked; or the refusal where this key may not ask. Raises other ApiErrors."""
    asks = sorted(asks)
    return dict(zip(asks, await asyncio.gather(*(_asked(client, ask) for ask in asks)), strict=True))


async def read_prices(client: Client, names: Iterable[str]) -> Catalogue:
    """The named parts, of which only prices are wanted: where they cannot be read, nobody is kept from deleting."""
    try:
        return await read_catalogue(client, names)
    except ApiError:
        return Catalogue()


async def read_all(client: Client, kind: Kind) -> dict[str, Live]:
    """Every live object of the kind, by id; those that are gone left out."""
    parse = kind.reading.parse
    lives = (parse(item) for item in await client.walk(kind.reading.pages))
    return {live.id: live for live in lives if live.phase is not Phase.GONE}


async def read_one(client: Client, kind: Kind, id: str) -> Live | None:
    """One object, or None where it does not exist."""
    if kind.reading.get is None:
        return (await read_all(client, kind)).get(id)
    try:
        answer = await client.send(kind.reading.get(id))
    except NotFound:
        return None
    found: Mapping[str, Any] | None = kind.reading.unwrap(answer) if kind.reading.unwrap else answer
    if not found:
        return None
    live = kind.reading.parse(found)
    if live.phase is Phase.GONE or (live.id and live.id != id):
        return None
    return live if live.id else replace(live, id=id)


async def read_lists(client: Client, kinds: Iterable[Kind]) -> dict[str, tuple[Live, ...]]:
    """Every live object of these kinds, by the kind's prefix. Raises ApiError."""
    kinds = list(kinds)
    lists = await asyncio.gather(*(read_all(client, kind) for kind in kinds))
    return {kind.prefix: tuple(by_id.values()) for kind, by_id in zip(kinds, lists, strict=True)}


async def staying(client: Client, kind: Kind, lives: tuple[Live, ...], *, clock: Clock) -> tuple[Live, ...]:
    """Those of a list that are there and stay, in truth: what was deleted a moment ago may still be listed."""
    if only_listed(kind):
        await clock.sleep(GRACE)
        again = await read_all(client, kind)
        got = [again.get(live.id) for live in lives]
    else:
        got = await asyncio.gather(*(read_one(client, kind, live.id) for live in lives))
    return tuple(live for live, now in zip(lives, got, strict=True) if now and now.phase is not Phase.LEAVING)


def only_listed(kind: Kind) -> bool:
    """Whether one object is read from a list too, which may lag behind a write; a get of its own does not."""
    return kind.reading.get is None or kind.reading.get("any").path == kind.reading.pages.path


def candidates(
    kind: Kind, spec: Spec, lives: Iterable[Live], *, known: frozenset[str], mark: str = ""
) -> tuple[Live, ...]:
    """The objects that a create of this spec may have made: not known before, of the same name and place.

    Where the create wrote an owner mark, only an object that carries it counts.
    """
    return tuple(
        live
        for live in lives
        if live.id not in known
        and live.phase not in {Phase.LEAVING, Phase.GONE}
        and (live.mark == mark if mark else kind.same(spec, live))
    )


async def still_there(client: Client, kind: Kind, lives: tuple[Live, ...]) -> tuple[Live, ...]:
    """Those that are there in truth: a list that lags shows what was deleted since, a get does not."""
    if only_listed(kind):
        return lives
    got = await asyncio.gather(*(read_one(client, kind, live.id) for live in lives))
    return tuple(live for live, there in zip(lives, got, strict=True) if there is not None)


async def with_live_templates(
    client: Client, *, declared: tuple[Declared, ...], kinds: Mapping[str, Kind]
) -> tuple[Declared, ...]:
    """The declared resources with what they take from objects that are named by id (`template: {id: ...}`)."""
    wanted: dict[tuple[str, str], Spec] = {}
    for item in declared:
        for prefix, id in _given_by_id(kinds[item.address.kind], item.spec, kinds):
            wanted[prefix, id] = {}
    if not wanted:
        return declared
    lives = await asyncio.gather(*(read_one(client, kinds[prefix], id) for prefix, id in wanted))
    for key, live in zip(wanted, lives, strict=True):
        wanted[key] = live.values if live else {}

    def lookup(prefix: str, value: Value) -> Spec | None:
        id = value.get("id") if isinstance(value, dict) else value
        return wanted.get((prefix, id)) if isinstance(id, str) else None

    filled = []
    for item in declared:
        kind = kinds[item.address.kind]
        given = kind.inherit is not None and _given_by_id(kind, item.spec, kinds)
        filled.append(replace(item, spec=kind.inherit(item.spec, lookup)) if given and kind.inherit else item)
    return tuple(filled)


def _given_by_id(kind: Kind, spec: Spec, kinds: Mapping[str, Kind]) -> list[tuple[str, str]]:
    """What it takes values from, by kind and id: its template, and what it must be beside where its place is open."""
    found = []
    for item in kind.fields:
        if not item.refers or item.name not in spec:
            continue
        beside = "cluster" in kind.by_name and "cluster" not in spec and kinds[item.refers].sited
        if not beside and not isinstance(item.change, Local):
            continue
        for value in values_at(spec[item.name], item.refers_at):
            id = value.get("id") if isinstance(value, dict) else value
            if isinstance(id, str):
                found.append((item.refers, id))
    return found


async def _observe_kind(
    client: Client,
    kind: Kind,
    records: Mapping[Address, Record],
    *,
    seen: Mapping[str, tuple[str, ...]],
    clock: Clock,
    tell: Callable[[str], None],
) -> tuple[dict[Address, Found], tuple[Live, ...]]:
    """What became of the records of one kind, and the live objects that none of them knows."""
    lives = await read_all(client, kind)
    owned = frozenset(id for record in records.values() for id in (record.id, *record.retired) if id)
    for look, pause in enumerate(LOOKS_BACK):
        if not (undecided := _undecided(kind, records, lives)):
            break
        if not look:
            told = "an earlier call got no answer; looking for what it did"
            tell(_waiting(undecided, told, seconds=sum(LOOKS_BACK), clock=clock))
        await clock.sleep(pause)
        lives |= await read_all(client, kind)
    lives |= await _read_missing(client, kind, owned - lives.keys(), records.values(), clock=clock, tell=tell)
    found = {}
    for address, record in records.items():
        old = tuple(lives[id] for id in record.retired if id in lives)
        if record.id or record.underway is None:
            found[address] = Found(record, live=lives.get(record.id), old=old)
            continue
        fitting = candidates(
            kind,
            record.underway.sent,
            lives.values(),
            known=owned.union(seen.get(record.underway.sight or kind.prefix, ())),
            mark=record.underway.mark,
        )
        fitting = await still_there(client, kind, fitting)
        found[address] = Found(record, candidates=fitting, old=old)
    known = owned.union(live.id for item in found.values() for live in item.candidates)
    return found, tuple(live for live in lives.values() if live.id not in known)


def _undecided(kind: Kind, records: Mapping[Address, Record], lives: Mapping[str, Live]) -> list[Address]:
    """The resources of which an earlier run's call may still take effect, or did and no list shows it yet.

    A mark tells what a create made for certain; without one there may be another object that is not shown yet.
    """
    marks = {live.mark for live in lives.values()}
    undecided = []
    for address, record in records.items():
        if record.underway is None:
            continue
        live = lives.get(record.id)
        made = bool(record.id) or (bool(record.underway.mark) and record.underway.mark in marks)
        acted = not record.underway.before or live is None or kind.took_effect(record, live)
        if not (made and acted):
            undecided.append(address)
    return undecided


async def _read_part(client: Client, name: str, request: Request) -> list[Any]:
    pages = []
    following: Request | None = request
    while following is not None:
        pages.append(await client.send(following))
        following = PARTS[name].following(following, pages[-1])
    return pages


async def _asked(client: Client, ask: Ask) -> tuple[Product, ...] | Refused:
    try:
        pages = await _read_part(client, ask.part, ask.request)
    except Refused as refusal:
        return refusal
    products: tuple[Product, ...] = PARTS[ask.part].parse(pages)
    return products


async def _read_missing(
    client: Client,
    kind: Kind,
    missing: frozenset[str],
    records: Iterable[Record],
    *,
    clock: Clock,
    tell: Callable[[str], None],
) -> dict[str, Live]:
    """What the list missed and a second read finds. A list that lags is given time from the last write on."""
    if not missing:
        return {}
    if only_listed(kind):
        unseen = [record for record in records if not missing.isdisjoint((record.id, *record.retired))]
        over = max(record.seen_at or clock.now() for record in unseen) + GRACE
        left = max(AGAIN, over - clock.now())
        if left > AGAIN:
            told = "not in the list, which may lag; reading it again"
            tell(_waiting([record.address for record in unseen], told, seconds=left, clock=clock))
        await clock.sleep(left)
        again = await read_all(client, kind)
        return {id: live for id, live in again.items() if id in missing}
    lives = await asyncio.gather(*(read_one(client, kind, id) for id in sorted(missing)))
    return {live.id: live for live in lives if live is not None}


def _waiting(addresses: Sequence[Address], told: str, *, seconds: float, clock: Clock) -> str:
    """What is waited for, and how long at most, for a person."""
    more = f" and {len(addresses) - NAMED} more" if len(addresses) > NAMED else ""
    until = f"until {moment(clock.now() + seconds)} (at most {in_words(seconds)})"
    return f"{', '.join(map(str, addresses[:NAMED]))}{more}: {told} {until}"
