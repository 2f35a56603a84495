"""Reads the recorded objects for a plan: all, some or none of them, and the causes of their drift."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from novita_infra.api.protocol import ApiClient
from novita_infra.catalogue.images import full_name
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Circumstances
from novita_infra.model.concurrency import together
from novita_infra.operations.ownership import StatesOfOthers
from novita_infra.operations.plans.job_files import read_job_files
from novita_infra.operations.plans.time_rules import read_ages, read_use
from novita_infra.operations.session import Session
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.options import PlanOptions, Refresh
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.planner import make_plan
from novita_infra.refresh.circumstances import RecordedPair, read_arrears, read_migrations
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
    (circumstances, aged), files = await together(
        together(_circumstances(session.client, inputs), read_ages(session.client, inputs)),
        read_job_files(session, inputs),
    )
    existing = {**inputs.world.existing, **aged}
    return replace(inputs, world=replace(inputs.world, existing=existing, circumstances=circumstances, files=files))


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


async def _circumstances(client: ApiClient, inputs: PlanInputs) -> Circumstances:
    """The facts that may explain drift, and the use that rules of time need; a destroy needs none."""
    if inputs.options.destroys:
        return Circumstances(inputs.now)
    recorded = {at: item.record for at, item in inputs.world.existing.items() if item.record}
    pairs = [
        RecordedPair(inputs.kinds[at.type], record, inputs.world.existing[at].live)
        for at, record in recorded.items()
        if at not in inputs.world.unread
    ]
    (owes, moved), used = await together(
        together(
            read_arrears(client, pairs, now=inputs.now),
            read_migrations(client, ((inputs.kinds[at.type], record) for at, record in recorded.items())),
        ),
        read_use(client, inputs),
    )
    listed = inputs.world.catalogue.images
    names = None if listed is None else frozenset(full_name(name) for image in listed for name in image.names)
    return Circumstances(inputs.now, owes, moved, used, names)
