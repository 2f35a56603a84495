"""Imports a live object into the state, with a manifest if none declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind
from novita_infra.manifests.export.writing import SCHEMA, manifest_of, unwritable, written_fields
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, nearest, problem
from novita_infra.model.identity import Claim
from novita_infra.model.records import Record
from novita_infra.model.resources import Declared, Live
from novita_infra.model.values import Value
from novita_infra.operations.account_check import check_owner
from novita_infra.operations.identity import identified
from novita_infra.operations.lost_state import MARKED, lists_of, own_objects
from novita_infra.operations.ownership import accepting, claimed_by
from novita_infra.operations.session import Session, check_account
from novita_infra.planning.changes.equality import masked, without_known_secrets, written
from novita_infra.planning.checks.lost_state import lost_state
from novita_infra.refresh.objects import read_one
from novita_infra.state.process_identity import this_process
from novita_infra.state.state import LastRun


async def import_object(session: Session, address: Address, id: str, *, steal: bool = False) -> Record:
    """Records a live object at the address. Needs the lock. Raises Problems if it cannot be imported.

    An object of another project, environment or address is refused, unless `steal` insists. With it, a record of this
    id at the address is accepted as it is, and its owner mark with it.

    Values that the API does not return come from the manifest that declares the address. If none does, one is written;
    the record's source names it.
    """
    if address.type not in KINDS:
        raise problem(f"there is no kind {address.type}", nearest(address.type, list(KINDS)), address=str(address))
    check_account(session)
    await check_owner(session)
    state, kind = session.state, KINDS[address.type]
    recorded = state.records.get(address)
    accepts = steal and recorded is not None and recorded.id == id
    if recorded and recorded.id and not accepts:
        raise problem(
            f"{address} is already recorded as {recorded.id}",
            "remove that with `state rm` first",
            address=str(address),
        )
    other = next((item for item in state.records.values() if item.address.type == address.type and item.id == id), None)
    if other is not None and not accepts:
        raise problem(
            f"{id} is already recorded as {other.address}", "one object has one address", address=str(address)
        )
    live = await read_one(session.client, kind, id)
    if live is None:
        raise problem(f"there is no {kind.name} with the id {id}", "look it up in the console", address=str(address))
    if not steal and (claim := claimed_by(session, live, address)):
        raise problem(
            f"{id} ({live.name or 'without a name'}) {claim}",
            "it is theirs: a destroy here would delete it there; to insist, add --steal",
            address=str(address),
            code=EXIT_REFUSED,
        )
    if not state.searched and kind.api.mark_place and session.identity.claim(live.mark) is Claim.NONE and not steal:
        await _check_not_lost(session)
    identity = accepting(session, live, address)
    if recorded and accepts:
        session.state = session.store.save(replace(state, identity=identity, last_run=_this_import(session)))
        return recorded
    declared = next((item for item in session.project.declared if item.address == address), None)
    source = declared.origin.file if declared else _write_manifest(session, kind, address, live)
    known = written_fields(kind, live)
    # A value that the API does not return is assumed to be as declared; fields that are not declared are left out.
    spec = {name: known.get(name, value) for name, value in declared.spec.items()} if declared else known
    spec = {
        name: _recorded(session, kind, declared, name, value) if name in known else value
        for name, value in spec.items()
    }
    record = Record(
        address,
        live.id,
        spec=written(_plain_items(kind.type, spec), state.key),
        outputs=dict(live.outputs),
        needs=declared.needs if declared else (),
        source=source,
        seen_at=session.clock.now(),
    )
    records = dict(sorted({**state.records, address: record}.items()))
    state = replace(state, records=records, identity=identity, last_run=_this_import(session))
    state = identified(state, session.project, cloud=session.cloud)
    session.state = session.store.save(state)
    return record


def _recorded(session: Session, kind: Kind, declared: Declared | None, name: str, value: Value) -> Value:
    """A live value for the record: a Digest where the manifest has a secret, and for a text that holds a known one."""
    wanted, key = declared.spec.get(name) if declared else None, session.state.key
    if value == wanted:
        return value
    value = masked(value, recorded=None, wanted=wanted, field=kind.field(name), key=key)
    return without_known_secrets(value, session.project.secrets(), key=key)


def _this_import(session: Session) -> LastRun:
    return LastRun("import", this_process(), session.clock.now())


async def _check_not_lost(session: Session) -> None:
    """Raises Problems if an earlier state is lost: its own objects are adopted first, and no other beside them."""
    lists = await lists_of(session.client, MARKED)
    if lost := await own_objects(
        session.client, session.clock, session.identity, lists, declared=session.project.declared
    ):
        partly = bool(session.state.serial)
        finding = lost_state(lost, session.identity, place=session.store.describe(), partly=partly)
        raise Problems([finding.diagnostic], code=finding.code)


def _plain_items(prefix: str, values: Mapping[str, object]) -> dict[str, object]:
    """The values that may be recorded in clear: fields that may hold secrets are left out."""
    kind = KINDS[prefix]
    hidden = {item.name for item in kind.fields if item.secret or item.secret_items}
    return {name: value for name, value in values.items() if name not in hidden}


def _write_manifest(session: Session, kind: Kind, address: Address, live: Live) -> str:
    missing = unwritable(kind, live)
    if missing:
        raise problem(
            f"a manifest of {address} cannot be written: the API does not return {' and '.join(missing)}",
            f"declare {address} in a manifest, then import it",
            address=str(address),
        )
    names = {(item.address.type, item.id): item.address.name for item in session.state.records.values() if item.id}
    name = f"{address.type}-{address.name}.yaml"
    path = session.project.root / name
    schema = (session.project.root / SCHEMA).is_file()
    text = manifest_of(kind, address, live, owner=lambda prefix, id: names.get((prefix, id), ""), schema=schema)
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise problem(f"{path} exists already", f"declare {address} in it, then import again") from None
    return name
