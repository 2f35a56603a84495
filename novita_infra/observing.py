"""What is live: the records' objects, what an unanswered create may have made, and what the account can rent.

Reads only. Lists, not a get for each object: the calls are the pages of the kinds in use. Absence counts only when a
second read misses the object too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from novita_infra.api.client import Client
from novita_infra.api.errors import NotFound
from novita_infra.api.request import Request
from novita_infra.kinds.catalogue import PARTS, Catalogue, catalogue
from novita_infra.kinds.kind import Kind, Local
from novita_infra.resources import Address, Declared, Found, Live, Phase, Record, Spec, Value
from novita_infra.timing import Clock

GRACE: Final = 30.0
"""Seconds after a write before an object that no list shows counts as absent: lists may lag behind a write."""
AGAIN: Final = 3.0
"""Seconds between the two reads that it takes in any case."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What was read for a plan."""

    found: Mapping[Address, Found] = field(default_factory=dict)
    """For every record."""
    catalogue: Catalogue = Catalogue()


async def observe(
    client: Client,
    *,
    kinds: Mapping[str, Kind],
    records: Mapping[Address, Record],
    seen: Mapping[str, tuple[str, ...]],
    clock: Clock,
    catalogues: Iterable[str] = (),
) -> Observed:
    """Reads every kind that has a record, and the named parts of the catalogue, all at once.

    `seen` are the ids that were live before unanswered creates, by kind. Raises ApiError.
    """
    by_kind: dict[str, dict[Address, Record]] = {}
    for address, record in records.items():
        by_kind.setdefault(address.kind, {})[address] = record
    reading = [
        _observe_kind(client, kinds[prefix], own, seen=frozenset(seen.get(prefix, ())), clock=clock)
        for prefix, own in by_kind.items()
    ]
    offers, parts = await asyncio.gather(read_catalogue(client, sorted(set(catalogues))), asyncio.gather(*reading))
    return Observed({address: found for part in parts for address, found in part.items()}, offers)


async def read_catalogue(client: Client, names: Iterable[str]) -> Catalogue:
    """The named parts of what the account can rent."""
    names = list(names)
    requests = [(name, request) for name in names for request in PARTS[name].requests]
    answers = await asyncio.gather(*(_read_part(client, name, request) for name, request in requests))
    pages: dict[str, list[Any]] = {name: [] for name in names}
    for (name, _), found in zip(requests, answers, strict=True):
        pages[name] += found
    return catalogue(pages)


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
        for prefix, id in _given_by_id(kinds[item.address.kind], item.spec):
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
        given = kind.inherit is not None and _given_by_id(kind, item.spec)
        filled.append(replace(item, spec=kind.inherit(item.spec, lookup)) if given and kind.inherit else item)
    return tuple(filled)


def _given_by_id(kind: Kind, spec: Spec) -> list[tuple[str, str]]:
    found = []
    for item in kind.fields:
        if not item.refers or not isinstance(item.change, Local):
            continue
        value = spec.get(item.name)
        id = value.get("id") if isinstance(value, dict) else value
        if isinstance(id, str):
            found.append((item.refers, id))
    return found


async def _observe_kind(
    client: Client, kind: Kind, records: Mapping[Address, Record], *, seen: frozenset[str], clock: Clock
) -> dict[Address, Found]:
    lives = await read_all(client, kind)
    owned = frozenset(id for record in records.values() for id in (record.id, *record.retired) if id)
    unanswered = [record.underway for record in records.values() if record.underway and not record.id]
    if unanswered:
        # From the moment of the call on, and once more in any case: absence counts when two reads miss the object.
        over = max(underway.since for underway in unanswered) + GRACE
        await clock.sleep(max(AGAIN, over - clock.now()))
        lives |= await read_all(client, kind)
    lives |= await _read_missing(client, kind, set(owned - lives.keys()), clock=clock)
    found = {}
    for address, record in records.items():
        leftovers = tuple(id for id in record.retired if id in lives)
        if record.id or record.underway is None:
            found[address] = Found(record, live=lives.get(record.id), leftovers=leftovers)
            continue
        fitting = candidates(kind, record.underway.sent, lives.values(), known=seen | owned, mark=record.underway.mark)
        fitting = await still_there(client, kind, fitting)
        found[address] = Found(record, candidates=fitting, leftovers=leftovers)
    return found


async def _read_part(client: Client, name: str, request: Request) -> list[Any]:
    pages = []
    following: Request | None = request
    while following is not None:
        pages.append(await client.send(following))
        following = PARTS[name].following(following, pages[-1])
    return pages


async def _read_missing(client: Client, kind: Kind, missing: set[str], *, clock: Clock) -> dict[str, Live]:
    """What the list missed and a second read finds."""
    if not missing:
        return {}
    if only_listed(kind):
        await clock.sleep(GRACE)
        again = await read_all(client, kind)
        return {id: live for id, live in again.items() if id in missing}
    lives = await asyncio.gather(*(read_one(client, kind, id) for id in sorted(missing)))
    return {live.id: live for live in lives if live is not None}
