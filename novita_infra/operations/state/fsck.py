"""Checks the state: its files and its history, and its records against the account."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress

from novita_infra.api.limits.shared_limits import cache_folder
from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address
from novita_infra.model.clock import moment
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import Diagnostic, Problems, Severity
from novita_infra.model.identity import owner_of
from novita_infra.model.records import Record
from novita_infra.model.resources import Live, Phase
from novita_infra.operations.identity import check_state
from novita_infra.operations.lost_state import MARKED, lists_of, own_objects
from novita_infra.operations.ownership import recorded_ids
from novita_infra.operations.session import ProjectOptions, Session, check_account, located, open_session
from novita_infra.operations.state.edits import Report, ignored, store_of
from novita_infra.refresh.objects import read_one
from novita_infra.state.recovery.checking import faults
from novita_infra.state.recovery.kept import read_kept
from novita_infra.state.seen_versions import check_newest


def check_stored(where: ProjectOptions) -> list[Diagnostic]:
    """Everything that is wrong with what is stored, the worst first. Takes no lock, and reads no account."""
    store, project = store_of(where), located(where)
    kept = read_kept(store.storage)
    found = faults(kept, types=KINDS)
    present = kept[-1].result
    if present is not None:
        try:
            check_state(project, present, place=store.describe())
            store.load()
            check_newest(cache_folder(os.environ), store)
        except Problems as error:
            found += error.diagnostics
    elif not found:
        try:
            store.load()
        except Problems as error:
            found += error.diagnostics
    return sorted(found, key=lambda item: item.severity is not Severity.ERROR)


async def check_live(
    where: ProjectOptions, environ: Mapping[str, str], *, report: Report = ignored
) -> list[Diagnostic]:
    """Records whose object does not exist, and objects of this project that no record holds. Only reads the account.

    Raises Problems if the state cannot be loaded, and ApiError.
    """
    async with open_session(where, environ, destroys=True, empty=True, report=report) as session:
        check_account(session)
        records = session.state.records
        lists = await lists_of(session.client, {*MARKED, *(address.type for address in records)} & KINDS.keys())
        known = recorded_ids(session)
        unrecorded = {
            type_: tuple(live for live in lives if (type_, live.id) not in known) for type_, lives in lists.items()
        }
        gone = await together(*(_absence(session, record, lists) for record in records.values()))
        own = await own_objects(
            session.client, session.clock, session.identity, unrecorded, declared=session.project.declared
        )
    missing = [_unrecorded(item.kind, item.live, where) for item in own]
    return [*missing, *(item for item in gone if item is not None), *_unanswered(records)]


async def _absence(session: Session, record: Record, lists: Mapping[str, tuple[Live, ...]]) -> Diagnostic | None:
    """The finding on a record whose object does not exist; None if it does. A list may lag: a get is asked, too."""
    if not record.id or record.address.type not in KINDS:
        return None
    if KINDS[record.address.type].api.completes and record.pending is None:
        return None  # a job that ended well may be in no list any more
    live = next((item for item in lists[record.address.type] if item.id == record.id), None)
    if live is None:
        live = await read_one(session.client, KINDS[record.address.type], record.id)
    if live is not None and live.phase not in {Phase.GONE, Phase.LEAVING}:
        return None
    what = f"{record.id} does not exist" if live is None else f"{record.id} is being deleted"
    hint = "what the next apply does about it: novita-infra plan"
    return Diagnostic(what, hint, address=str(record.address), severity=Severity.WARNING)


def _unrecorded(type_: str, live: Live, where: ProjectOptions) -> Diagnostic:
    owner = owner_of(live.mark)
    address = "ADDR"
    with suppress(ValueError):
        address = str(Address.parse(owner.address)) if owner else address
    words = ["novita-infra", "orphans", "--adopt", address, "--id", live.id]
    words += ["--env", where.environment] if where.environment else []
    return Diagnostic(
        f"{type_} {live.id} ({live.name or 'without a name'}) carries the owner mark of this project, and no record "
        "holds it",
        f"to adopt it: {shlex.join(words)}; to delete it: novita-infra orphans --terminate {shlex.quote(live.id)}",
    )


def _unanswered(records: Mapping[Address, Record]) -> Iterator[Diagnostic]:
    for address, record in records.items():
        if not record.id and record.pending is not None:
            text = f"a create got no answer at {moment(record.pending.since)}: its object may exist"
            hint = "the next apply looks for it: novita-infra apply"
            yield Diagnostic(text, hint, address=str(address), severity=Severity.WARNING)
