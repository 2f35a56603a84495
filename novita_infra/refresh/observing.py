"""Reads the live objects of all records, the candidates of unanswered creates, and the catalogue.

Reads only. It lists, without a get for each object: the calls are the pages of the types in use. An object counts as
absent only when a second read misses it too.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Final

from novita_infra.api.protocol import ApiClient
from novita_infra.catalogue.products import Catalogue
from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.clock import ANSWER, GRACE, Clock, moment
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Problems, first_of
from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.model.resources import Existing, Live, Phase
from novita_infra.refresh.catalogue import read_catalogue
from novita_infra.refresh.objects import candidates, only_listed, read_all, read_one, redact_outputs, still_there
from novita_infra.refresh.other_states import OtherStates, not_of_others

AGAIN: Final = 3.0
"""Seconds between the two reads that it takes in any case."""
LOOKS_BACK: Final = (GRACE / 6, GRACE / 3, GRACE / 2, *(GRACE for _ in range(int(ANSWER / GRACE))))
"""Seconds between the reads that look for the effect of an earlier run's call. It is not known when the call went out
(it waited after it was recorded, or was sent again), so the service may still be working on it."""
NAMED: Final = 3
"""The number of resources that one message names."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The objects and the catalogue that were read for a plan."""

    found: Mapping[Address, Existing] = field(default_factory=dict)
    """For every record."""
    catalogue: Catalogue = Catalogue()
    unknown: Mapping[str, tuple[Live, ...]] = field(default_factory=dict)
    """By type that was read, its live objects that no record knows."""


async def observe(
    client: ApiClient,
    *,
    kinds: Mapping[str, Kind],
    records: Mapping[Address, Record],
    not_made_by: Callable[[Record], frozenset[str]],
    clock: Clock,
    catalogues: Iterable[str] = (),
    tell: Callable[[str], None] = lambda _: None,
    others: Callable[[], OtherStates] = OtherStates,
) -> Observed:
    """Reads every type that has a record, and the named parts of the catalogue, all at once.

    `not_made_by` is that of the state; `tell` hears of what takes long and why. `others` returns what other states
    record at that moment. Raises ApiError.
    """
    by_kind: dict[str, dict[Address, Record]] = {}
    for address, record in records.items():
        by_kind.setdefault(address.type, {})[address] = record
    reading = [
        _observe_kind(client, kinds[prefix], own, not_made_by=not_made_by, clock=clock, tell=tell, others=others)
        for prefix, own in by_kind.items()
    ]
    offers, parts = await together(read_catalogue(client, sorted(set(catalogues))), together(*reading))
    return Observed(
        {address: found for part, _ in parts for address, found in part.items()},
        offers,
        {prefix: unknown for prefix, (_, unknown) in zip(by_kind, parts, strict=True)},
    )


def as_recorded(kind: Kind, record: Record) -> Existing:
    """The record and the object of a resource that is not read: it is believed to be as it is recorded."""
    job = kind.api.job
    live = Live(
        record.id,
        name=str(record.spec.get("name", "")),
        phase=job.phase(record.outputs) if job else _lasting_phase(kind, record),
        status=str(record.outputs.get("status", "")),
        values=record.spec,
        outputs=record.outputs,
    )
    return Existing(record, live=live)


def _lasting_phase(kind: Kind, record: Record) -> Phase:
    return Phase.STOPPED if kind.is_stopped(record.spec) else Phase.READY


def is_unfinished(record: Record) -> bool:
    """Whether an earlier run left a call or an old object behind, so that the record alone does not say enough."""
    return not record.id or record.pending is not None or bool(record.retired)


async def _observe_kind(
    client: ApiClient,
    kind: Kind,
    records: Mapping[Address, Record],
    *,
    not_made_by: Callable[[Record], frozenset[str]],
    clock: Clock,
    tell: Callable[[str], None],
    others: Callable[[], OtherStates],
) -> tuple[dict[Address, Existing], tuple[Live, ...]]:
    """The objects of the records of one type, and the live objects that no record knows."""
    recorded = {record.id: record.outputs for record in records.values() if record.id}
    lives = await read_all(client, kind, recorded=recorded)
    owned = frozenset(id for record in records.values() for id in (record.id, *record.retired) if id)
    for look, pause in enumerate(LOOKS_BACK):
        if not (undecided := _undecided(kind, records, lives)):
            break
        if not look:
            message = "an earlier call got no answer; looking for what it did"
            tell(_waiting(undecided, message, seconds=sum(LOOKS_BACK), clock=clock))
        await clock.sleep(pause)
        lives |= await read_all(client, kind, recorded=recorded)
    lives |= _ended_jobs(kind, records.values(), lives)
    lives |= await _read_missing(client, kind, owned - lives.keys(), records.values(), clock=clock, tell=tell)
    found = {}
    for address, record in records.items():
        old = tuple(live for id in record.retired if (live := lives.get(id)) and not kind.is_over(live))
        if record.id or record.pending is None:
            found[address] = Existing(record, live=_kept(kind, record, lives.get(record.id)), replaced=old)
            continue
        fitting = candidates(
            kind,
            record.pending.sent,
            lives.values(),
            known=owned | not_made_by(record),
            mark=record.pending.mark,
        )
        if fitting and not record.pending.mark:
            # The states are read after the list: a run records its create before it sends it.
            fitting = not_of_others(kind, record.pending, fitting, others())
        fitting = tuple(redact_outputs(client, await still_there(client, kind, fitting)))
        found[address] = Existing(record, candidates=fitting, replaced=old)
    known = owned.union(live.id for item in found.values() for live in item.candidates)
    return found, tuple(live for live in lives.values() if live.id not in known and not kind.is_history(live))


def _kept(kind: Kind, record: Record, live: Live | None) -> Live | None:
    """The object of a record. A job that a delete has ended is gone.

    One that vanished before its end was recorded has failed: nothing shows how it ended, and it may have cost.
    """
    if kind.api.job is None or not record.id or record.pending is None:
        return live
    if record.pending.call == "delete":
        return None if live is None or kind.is_over(live) else live
    recorded = as_recorded(kind, record).live
    if live is None and recorded is not None:
        return replace(recorded, phase=Phase.FAILED, trouble="the service does not show it any more")
    return live


def _ended_jobs(kind: Kind, records: Iterable[Record], lives: Mapping[str, Live]) -> dict[str, Live]:
    """The jobs that ended well and that no list shows any more: they are as they are recorded."""
    done = (record for record in records if kind.api.completes and record.id and record.pending is None)
    found = (as_recorded(kind, record).live for record in done if record.id not in lives)
    return {live.id: live for live in found if live is not None}


def _undecided(kind: Kind, records: Mapping[Address, Record], lives: Mapping[str, Live]) -> list[Address]:
    """The resources with an earlier call that may still take effect, or whose effect no list shows yet.

    A mark says for certain what a create made; without one there may be another object that is not listed yet.
    """
    marks = {live.mark for live in lives.values()}
    undecided = []
    for address, record in records.items():
        if record.pending is None:
            continue
        live = lives.get(record.id)
        made = bool(record.id) or (bool(record.pending.mark) and record.pending.mark in marks)
        acted = not record.pending.before or live is None or kind.took_effect(record, live)
        if not (made and acted):
            undecided.append(address)
    return undecided


async def _read_missing(
    client: ApiClient,
    kind: Kind,
    missing: frozenset[str],
    records: Iterable[Record],
    *,
    clock: Clock,
    tell: Callable[[str], None],
) -> dict[str, Live]:
    """Objects that the list missed and a second read finds. A list that lags gets time from the last write on.

    Raises Problems if the second answer is no list either: then it is not known whether the objects exist.
    """
    if not missing:
        return {}
    if only_listed(kind):
        unseen = [record for record in records if not missing.isdisjoint((record.id, *record.retired))]
        over = max(record.seen_at or clock.now() for record in unseen) + GRACE
        left = min(max(AGAIN, over - clock.now()), GRACE)  # a record of the future was written by another clock
        if left > AGAIN:
            message = "not in the list, which may lag; reading it again"
            tell(_waiting([record.address for record in unseen], message, seconds=left, clock=clock))
        await clock.sleep(left)
        again = await read_all(client, kind)
        if not again.is_certain and not missing <= again.keys():
            raise _unknown(kind, [record for record in unseen if missing.isdisjoint(again)])
        return {id: live for id, live in again.items() if id in missing}
    lives = await together(*(read_one(client, kind, id) for id in sorted(missing)))
    return {live.id: live for live in lives if live is not None}


def _unknown(kind: Kind, records: Sequence[Record]) -> Problems:
    """The refusal of a plan for records of which no answer said whether their objects exist."""
    where = kind.api.read.pages
    return Problems(
        [
            Diagnostic(
                f"GET {where.path} was answered twice without a list ({where.items[0]}), "
                f"so it is not known whether {record.id} exists",
                "check NOVITA_API_URL and the proxy settings, and run the same command again later; if the object is "
                f"really gone: `state rm {shlex.quote(str(record.address))}`",
                address=str(record.address),
            )
            for record in records
        ],
        code=EXIT_REFUSED,
    )


def _waiting(addresses: Sequence[Address], message: str, *, seconds: float, clock: Clock) -> str:
    """The message on a wait: the resources, the reason, and the time at most."""
    until = f"until {moment(clock.now() + seconds)} (at most {in_words(seconds)})"
    return f"{first_of(addresses, NAMED)}: {message} {until}"
