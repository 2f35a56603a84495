"""What is read for a plan: every object on record, some of them or none, and what may have befallen them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from novita_infra.account.balance import BALANCE, balance_of
from novita_infra.api.errors import Refused
from novita_infra.api.protocol import ApiClient
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Circumstances
from novita_infra.model.addresses import Address
from novita_infra.operations.session import Session
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.options import PlanOptions, Refresh
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.planner import make_plan
from novita_infra.refresh.observing import Observed, as_recorded, is_unfinished, observe


async def read_at_once(session: Session, asked: PlanOptions, catalogues: Iterable[str]) -> Observed:
    """The parts of the catalogue, and the objects that are read in any case. Raises ApiError."""
    everything = asked.refresh in {Refresh.ALL, Refresh.ONLY}
    records = session.state.records
    # Of a kind all or none: what an unanswered create made is told from what the other records of the kind own.
    kinds = {address.type for address, record in records.items() if everything or is_unfinished(record)}
    return await _observed(session, kinds, catalogues)


async def refresh_inputs(session: Session, seen: PlanInputs) -> PlanInputs:
    """The same with what else is to be read; what is not read is believed to be as the books have it.

    Raises ApiError.
    """
    if seen.asked.refresh in {Refresh.CHANGED, Refresh.NONE}:
        seen = _believing(session, seen)
        if seen.asked.refresh is Refresh.CHANGED:
            plan = make_plan(seen)
            kinds = {change.address.type for change in plan.changes if change.action is not Action.NONE}
            more = await _observed(session, kinds & {address.type for address in seen.unread}, ())
            unread = {address: at for address, at in seen.unread.items() if address not in more.found}
            found, unknown = {**seen.found, **more.found}, {**seen.unknown, **more.unknown}
            seen = replace(seen, found=found, unknown=unknown, unread=unread)
    owes, moved = await asyncio.gather(_in_arrears(session.client, seen), _moved(session.client, seen))
    return replace(seen, circumstances=Circumstances(seen.now, owes, moved))


def _believing(session: Session, seen: PlanInputs) -> PlanInputs:
    unread = {address: record for address, record in session.state.records.items() if address not in seen.found}
    found = {**seen.found, **{address: as_recorded(KINDS[address.type], record) for address, record in unread.items()}}
    return replace(seen, found=found, unread={address: record.seen_at for address, record in unread.items()})


async def _observed(session: Session, kinds: set[str], catalogues: Iterable[str]) -> Observed:
    return await observe(
        session.client,
        kinds=KINDS,
        records={address: record for address, record in session.state.records.items() if address.type in kinds},
        seen=session.state.snapshots,
        clock=session.clock,
        catalogues=catalogues,
        tell=session.tell,
    )


async def _in_arrears(client: ApiClient, seen: PlanInputs) -> bool | None:
    """Whether there is nothing left to pay with; only read where that may be what befell something."""
    if seen.asked.destroys or not any(_may_be_arrears(seen, address) for address in seen.found):
        return None
    try:
        balance = balance_of(await client.send(BALANCE))
    except Refused:
        return None
    return None if balance is None else balance <= 0


async def _moved(client: ApiClient, seen: PlanInputs) -> dict[str, float]:
    """When the platform last moved what it may move, since the books learned of it."""
    found: dict[str, float] = {}
    for prefix, kind in seen.kinds.items() if not seen.asked.destroys else ():
        moves = kind.drift.migrations
        records = [item.record for address, item in seen.found.items() if address.type == prefix and item.record]
        since = [record.seen_at for record in records if moves is not None and moves.possible(record)]
        if moves is None or not since:
            continue
        try:
            told = map(moves.read, await client.walk(moves.pages(min(since))))
        except Refused:
            continue
        found |= dict(sorted(told, key=lambda item: item[1]))
    return found


def _may_be_arrears(seen: PlanInputs, address: Address) -> bool:
    mishap, found = seen.kinds[address.type].drift.platform_event, seen.found[address]
    if mishap is None or found.record is None or not found.record.id or address in seen.unread:
        return False
    paid, unpaid = (mishap(found.record, found.live, Circumstances(seen.now, owes)) for owes in (False, True))
    return paid != unpaid
