"""Orphans: live objects of the account that no state records. Finds, adopts and deletes them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

from novita_infra.applying.events import Listener, Result
from novita_infra.applying.records import RunRecords
from novita_infra.applying.run import Run, step_slots
from novita_infra.applying.walk import walk_steps
from novita_infra.applying.walk_input import WalkInput
from novita_infra.catalogue.prices import PriceList, price_list
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, nearest, problem
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import Claim, owner_of
from novita_infra.model.resources import Live, Phase
from novita_infra.operations.account_check import check_owner
from novita_infra.operations.heartbeat import RunHeartbeat
from novita_infra.operations.machines.details import FEW, has_details, read_details
from novita_infra.operations.ownership import state_readers
from novita_infra.operations.session import Session, check_account
from novita_infra.planning.checks.lost_state import claimed_objects, lost_state
from novita_infra.planning.orphans import Orphan
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.steps import Step, StepKind, StepLimits
from novita_infra.planning.priced import dearest_first
from novita_infra.refresh.catalogue import read_catalogue
from novita_infra.refresh.objects import candidates, read_all
from novita_infra.refresh.other_states import ids_of_type
from novita_infra.state.null_journal import NullJournal
from novita_infra.state.state import State


@dataclass(frozen=True, slots=True)
class OrphanSearch:
    """The orphans of an account, as far as it can be read."""

    items: list[Orphan]
    """The most expensive first."""
    unlisted: tuple[str, ...] = ()
    """The types of which the API answered without a list: nobody knows what there is."""
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By type: the ids that are listed, and those that a state records."""


async def find_orphans(session: Session, *, beside: Sequence[Path] = (), detailed: bool | None = None) -> OrphanSearch:
    """The live objects that no state of the project and none of those `beside` records, the most expensive first.

    `detailed` says whether the age and the use of each machine are read; None means where there are FEW.
    Raises Problems if a state cannot be read, because its objects would count as orphans, and if no list can be read.
    Raises ApiError.
    """
    search = await _unowned(session, beside)
    found = search.items
    parts = sorted({part for item in found for part in KINDS[item.kind].market.price_lists})
    prices = await _price_list(session, parts)
    found = dearest_first(_priced(item, prices) for item in found)
    detailable = [has_details(KINDS[item.kind], item.live) for item in found]
    if detailed is False or (detailed is None and sum(detailable) > FEW):
        items = [replace(item, unread=unread) for item, unread in zip(found, detailable, strict=True)]
        return replace(search, items=items)
    return replace(search, items=await together(*(_looked_at(session, item) for item in found)))


def orphan_for(found: Iterable[Orphan], address: Address, *, id: str = "", steal: bool = False) -> Orphan:
    """The orphan to adopt at the address: that of the id, of the owner mark, of the name, or the only one of the kind.

    An object of another project or environment is meant only by its id, or where `steal` insists. Raises Problems if
    none or several fit.
    """
    own = [item for item in found if item.kind == address.type and not item.perhaps]
    foreign = [item for item in own if item.foreign and not steal and not id]
    own = [item for item in own if item not in foreign]
    choices = (
        [[item for item in own if item.live.id == id]]
        if id
        else [
            [item for item in own if item.owner.endswith(f"/{str(address).replace(chr(34), '')}")],
            [item for item in own if item.live.name == address.object_name],
            own,
        ]
    )
    fitting = next((items for items in choices if items), [])
    if len(fitting) == 1:
        return fitting[0]
    if not fitting and foreign:
        others = "; ".join(f"{item.live.id} ({item.live.name}) is of {item.foreign}" for item in foreign)
        raise problem(
            f"there is no orphan of the kind {address.type} that is yours: {others}",
            "to take one over, add --steal",
            address=str(address),
            code=EXIT_REFUSED,
        )
    if not fitting:
        summary = f"there is no orphan {id or f'of the kind {address.type}'}"
        raise problem(summary, nearest(id, [item.live.id for item in own]) if id else "", address=str(address))
    names = ", ".join(f"{item.live.id} ({item.live.name})" for item in fitting)
    raise problem(f"several orphans may be meant: {names}", "name one with --id", address=str(address))


def orphans_named(found: Iterable[Orphan], ids: Iterable[str], *, steal: bool = False) -> list[Orphan]:
    """The orphans of these ids. Raises Problems where one is none, or may not be deleted.

    An object of another project or environment may be deleted only where `steal` insists.
    """
    by_id = {item.live.id: item for item in found}
    named = []
    for id in dict.fromkeys(ids):
        orphan = by_id.get(id)
        if orphan is None:
            hint = nearest(id, list(by_id)) if by_id else "there are none"
            raise problem(f"{id} is no orphan: a state records it, or it does not exist", hint)
        if orphan.perhaps:
            raise problem(
                f"{id} may be what a create of {orphan.perhaps} made, whose answer was lost",
                "apply that environment first: it finds out",
            )
        if orphan.foreign and not steal:
            raise problem(
                f"{id} ({orphan.live.name or 'without a name'}) carries the owner mark of {orphan.foreign}",
                "it may be in use there; delete it there, or, to insist, add --steal",
                code=EXIT_REFUSED,
            )
        undeletable = KINDS[orphan.kind].api.deletion_refusal
        if why := undeletable(orphan.live) if undeletable else "":
            raise problem(f"{id} cannot be deleted: {why}")
        named.append(orphan)
    return named


async def orphans_to_terminate(session: Session, ids: Iterable[str], *, beside: Sequence[Path] = ()) -> list[Orphan]:
    """The orphans of these ids, as `orphans_named`. Raises Problems also where they may be those of a lost state."""
    found = (await find_orphans(session, beside=beside, detailed=False)).items
    state, steal = session.state, session.where.steal
    lists = {prefix: [item.live for item in found if item.kind == prefix] for prefix in KINDS}
    claimed = {live.id for _, live in claimed_objects(lists, session.identity, session.project.declared)}
    own = [item for item in found if item.live.id in claimed]
    if own and not state.searched and not steal:
        finding = lost_state(own, session.identity, place=session.store.describe(), partly=bool(state.serial))
        hint = f"{finding.diagnostic.hint.rpartition('; or leave')[0]}; to delete one nevertheless, add --steal"
        raise Problems([replace(finding.diagnostic, hint=hint)], code=finding.code)
    return orphans_named(found, ids, steal=steal)


async def terminate(
    session: Session,
    chosen: Sequence[Orphan],
    *,
    beside: Sequence[Path] = (),
    steal: bool = False,
    emit: Listener,
    stop: asyncio.Event,
) -> Result:
    """Deletes the orphans and waits until they are gone.

    Raises Problems if one of them is no orphan any more: it was adopted since it was found.
    """
    orphans_named((await _unowned(session, beside)).items, (item.live.id for item in chosen), steal=steal)
    steps = tuple(
        Step(
            f"{item.kind}.{item.live.id}/delete",
            Address(item.kind, item.live.id),
            StepKind.DELETE,
            id=item.live.id,
            says=KINDS[item.kind].api.delete.summary,
            limits=StepLimits(timeout=KINDS[item.kind].timeouts.delete),
        )
        for item in chosen
    )
    heartbeat = RunHeartbeat(session.heartbeat, emit)
    run = Run(
        kinds=KINDS,
        client=session.client,
        records=RunRecords(State(lineage="", key=""), NullJournal(), now=session.clock.now),
        clock=session.clock,
        emit=heartbeat.listen,
        stop=stop,
        slots=step_slots(None),
        operation=lambda: "",
        mark=lambda _address, _operation: "",
    )
    changes = tuple(Change(step.address, Action.DELETE, id=step.id) for step in steps)
    async with heartbeat.beating():
        walked = await walk_steps(WalkInput(steps=steps), run)
    return Result(walked.ends, changes, destroys=True, interrupted=walked.interrupted)


async def _unowned(session: Session, beside: Sequence[Path]) -> OrphanSearch:
    check_account(session)
    await check_owner(session)
    lists = await together(*(read_all(session.client, kind) for kind in KINDS.values()))
    unlisted = tuple(kind.type for kind, by_id in zip(KINDS.values(), lists, strict=True) if not by_id.is_certain)
    if len(unlisted) == len(KINDS):
        raise problem("the API answered without any list, so nobody knows what the account holds", "run it again later")
    # The states are read after the lists: a run records an object in its journal before it creates it.
    states = [reader.load() for reader in state_readers(session, beside)]
    found = []
    known: dict[str, frozenset[str]] = {}
    for kind, by_id in zip(KINDS.values(), lists, strict=True):
        owned = frozenset(id for state in states for id in ids_of_type(state, kind.type))
        known[kind.type] = owned.union(by_id)
        left = {id: live for id, live in by_id.items() if id not in owned and live.phase is not Phase.LEAVING}
        claims = {id: claim for state in states for id, claim in _claims(kind, state, left, owned)}
        found += [
            Orphan(kind.type, live, perhaps=claims.get(id, ""), foreign=_foreign_owner(session, live))
            for id, live in left.items()
            if not kind.api.completes
        ]
    return OrphanSearch(found, unlisted, known)


def _foreign_owner(session: Session, live: Live) -> str:
    """The owner that the mark names, in words, unless it surely is this project and environment; empty without one."""
    owner = owner_of(live.mark)
    claim = session.identity.claim(live.mark)
    if owner is None or claim is Claim.OWN or (claim is Claim.DOUBTFUL and not session.state.searched):
        return ""
    return owner.in_words(other_than=session.project.name)


def _claims(kind: Kind, state: State, lives: Mapping[str, Live], owned: frozenset[str]) -> Iterable[tuple[str, str]]:
    """The ids of objects that a create without an answer may have made, each with the resource of that create."""
    for address, record in state.records.items():
        pending = record.pending
        if address.type != kind.type or record.id or pending is None:
            continue
        for live in candidates(
            kind, pending.sent, lives.values(), known=owned | state.not_made_by(record), mark=pending.mark
        ):
            yield live.id, f"{address} of {state.project or 'a project'}, environment {state.environment}"


def _priced(orphan: Orphan, prices: PriceList) -> Orphan:
    costs = KINDS[orphan.kind].market.costs
    return replace(orphan, costs=costs(orphan.live.values, prices)) if costs else orphan


async def _price_list(session: Session, parts: Sequence[str]) -> PriceList:
    return price_list(await read_catalogue(session.client, parts))


async def _looked_at(session: Session, orphan: Orphan) -> Orphan:
    """With its age and its use, where the service tells them."""
    live, use = await read_details(session.client, session.clock, KINDS[orphan.kind], orphan.live)
    return replace(orphan, live=live, use=use)
