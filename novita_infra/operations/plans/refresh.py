"""Reads the recorded objects for a plan: all, some or none of them, and the causes of their drift."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from novita_infra.account.balance import BALANCE, balance_of
from novita_infra.api.errors import Refused
from novita_infra.api.protocol import ApiClient
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Circumstances
from novita_infra.model.addresses import Address
from novita_infra.model.concurrency import together
from novita_infra.operations.ownership import StatesOfOthers
from novita_infra.operations.session import Session
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.options import PlanOptions, Refresh
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.planner import make_plan
from novita_infra.refresh.observing import Observed, as_recorded, is_unfinished, observe


async def read_at_once(session: Session, asked: PlanOptions, catalogues: Iterable[str]) -> Observed:
    """The parts of the catalogue, and the objects that are read in any case. Raises ApiError."""
    everything = reads_all(asked)
    records = session.state.records
    # Of a kind all or none: the object of a create without an answer is one that no other record of the kind owns.
    kinds = {address.type for address, record in records.items() if everything or is_unfinished(record)}
    return await _observed(session, kinds, catalogues)


def reads_all(asked: PlanOptions) -> bool:
    """Whether every type that has a record is read."""
    return asked.refresh in {Refresh.ALL, Refresh.ONLY}


async def refresh_inputs(session: Session, inputs: PlanInputs) -> PlanInputs:
    """The inputs with all other objects that must be read. An object that is not read counts as recorded.

    Raises ApiError.
    """
    if inputs.options.refresh in {Refresh.CHANGED, Refresh.NONE}:
        inputs = _with_recorded(session, inputs)
        if inputs.options.refresh is Refresh.CHANGED:
            plan = make_plan(inputs)
            kinds = {change.address.type for change in plan.changes if change.action is not Action.NONE}
            more = await _observed(session, kinds & {address.type for address in inputs.world.unread}, ())
            unread = {address: at for address, at in inputs.world.unread.items() if address not in more.found}
            found, unknown = {**inputs.world.existing, **more.found}, {**inputs.world.unrecorded, **more.unknown}
            world = replace(inputs.world, existing=found, unrecorded=unknown, unread=unread)
            inputs = replace(inputs, world=world)
    owes, moved = await together(_in_arrears(session.client, inputs), _moved(session.client, inputs))
    return replace(inputs, world=replace(inputs.world, circumstances=Circumstances(inputs.now, owes, moved)))


def _with_recorded(session: Session, inputs: PlanInputs) -> PlanInputs:
    """The inputs with each object that is not read as it is recorded."""
    existing = inputs.world.existing
    unread = {address: record for address, record in session.state.records.items() if address not in existing}
    assumed = {address: as_recorded(KINDS[address.type], record) for address, record in unread.items()}
    times = {address: record.seen_at for address, record in unread.items()}
    return replace(inputs, world=replace(inputs.world, existing={**existing, **assumed}, unread=times))


async def _observed(session: Session, kinds: set[str], catalogues: Iterable[str]) -> Observed:
    return await observe(
        session.client,
        kinds=KINDS,
        records={address: record for address, record in session.state.records.items() if address.type in kinds},
        not_made_by=session.state.not_made_by,
        clock=session.clock,
        catalogues=catalogues,
        tell=session.report,
        others=StatesOfOthers(session).read,
    )


async def _in_arrears(client: ApiClient, inputs: PlanInputs) -> bool | None:
    """Whether the balance is used up; None if that explains no drift, so that it is not read, or cannot be read."""
    if inputs.options.destroys or not any(_may_be_arrears(inputs, address) for address in inputs.world.existing):
        return None
    try:
        balance = balance_of(await client.send(BALANCE))
    except Refused:
        return None
    return None if balance is None else balance <= 0


async def _moved(client: ApiClient, inputs: PlanInputs) -> dict[str, float]:
    """By id, when the platform last migrated an object since the state recorded it, in Unix seconds."""
    migrated: dict[str, float] = {}
    for prefix, kind in inputs.kinds.items() if not inputs.options.destroys else ():
        moves = kind.drift.migrations
        records = [
            item.record for address, item in inputs.world.existing.items() if address.type == prefix and item.record
        ]
        since = [record.seen_at for record in records if moves is not None and moves.possible(record)]
        if moves is None or not since:
            continue
        try:
            items = map(moves.read, await client.walk(moves.pages(min(since))))
        except Refused:
            continue
        migrated |= dict(sorted(items, key=lambda item: item[1]))
    return migrated


def _may_be_arrears(inputs: PlanInputs, address: Address) -> bool:
    """Whether arrears would explain the drift of the resource."""
    event, existing = inputs.kinds[address.type].drift.platform_event, inputs.world.existing[address]
    if event is None or existing.record is None or not existing.record.id or address in inputs.world.unread:
        return False
    paid, unpaid = (event(existing.record, existing.live, Circumstances(inputs.now, owes)) for owes in (False, True))
    return paid != unpaid
