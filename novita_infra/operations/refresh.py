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


async def refresh_inputs(session: Session, inputs: PlanInputs) -> PlanInputs:
    """The same with what else is to be read; what is not read is believed to be as the books have it.

    Raises ApiError.
    """
    if inputs.options.refresh in {Refresh.CHANGED, Refresh.NONE}:
        inputs = _believing(session, inputs)
        if inputs.options.refresh is Refresh.CHANGED:
            plan = make_plan(inputs)
            kinds = {change.address.type for change in plan.changes if change.action is not Action.NONE}
            more = await _observed(session, kinds & {address.type for address in inputs.world.unread}, ())
            unread = {address: at for address, at in inputs.world.unread.items() if address not in more.found}
            found, unknown = {**inputs.world.existing, **more.found}, {**inputs.world.unrecorded, **more.unknown}
            world = replace(inputs.world, existing=found, unrecorded=unknown, unread=unread)
            inputs = replace(inputs, world=world)
    owes, moved = await asyncio.gather(_in_arrears(session.client, inputs), _moved(session.client, inputs))
    return replace(inputs, world=replace(inputs.world, circumstances=Circumstances(inputs.now, owes, moved)))


def _believing(session: Session, inputs: PlanInputs) -> PlanInputs:
    existing = inputs.world.existing
    unread = {address: record for address, record in session.state.records.items() if address not in existing}
    believed = {address: as_recorded(KINDS[address.type], record) for address, record in unread.items()}
    times = {address: record.seen_at for address, record in unread.items()}
    return replace(inputs, world=replace(inputs.world, existing={**existing, **believed}, unread=times))


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


async def _in_arrears(client: ApiClient, inputs: PlanInputs) -> bool | None:
    """Whether there is nothing left to pay with; only read where that may be what befell something."""
    if inputs.options.destroys or not any(_may_be_arrears(inputs, address) for address in inputs.world.existing):
        return None
    try:
        balance = balance_of(await client.send(BALANCE))
    except Refused:
        return None
    return None if balance is None else balance <= 0


async def _moved(client: ApiClient, inputs: PlanInputs) -> dict[str, float]:
    """When the platform last moved what it may move, since the books learned of it."""
    found: dict[str, float] = {}
    for prefix, kind in inputs.kinds.items() if not inputs.options.destroys else ():
        moves = kind.drift.migrations
        records = [
            item.record for address, item in inputs.world.existing.items() if address.type == prefix and item.record
        ]
        since = [record.seen_at for record in records if moves is not None and moves.possible(record)]
        if moves is None or not since:
            continue
        try:
            told = map(moves.read, await client.walk(moves.pages(min(since))))
        except Refused:
            continue
        found |= dict(sorted(told, key=lambda item: item[1]))
    return found


def _may_be_arrears(inputs: PlanInputs, address: Address) -> bool:
    mishap, found = inputs.kinds[address.type].drift.platform_event, inputs.world.existing[address]
    if mishap is None or found.record is None or not found.record.id or address in inputs.world.unread:
        return False
    paid, unpaid = (mishap(found.record, found.live, Circumstances(inputs.now, owes)) for owes in (False, True))
    return paid != unpaid
