"""Imports a live object into the state, with a manifest if none declares it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from novita_infra.encoding import digest
from novita_infra.encoding.files import read_file
from novita_infra.kinds import KINDS
from novita_infra.kinds.field import Secrecy
from novita_infra.kinds.kind import Kind
from novita_infra.manifests.export.drafts import SCHEMA
from novita_infra.manifests.language.secrets import lacking_secret
from novita_infra.manifests.project.discovery import find
from novita_infra.manifests.validation.documents import head
from novita_infra.manifests.yaml.decoding import LARGEST
from novita_infra.manifests.yaml.parsing import read
from novita_infra.model.addresses import Address
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, nearest, problem, reason
from novita_infra.model.identity import Claim
from novita_infra.model.records import Record
from novita_infra.model.refactoring import ImportBlock, StateEdits
from novita_infra.model.resources import PRESENT, Declared, Live
from novita_infra.model.values import Secret, Value
from novita_infra.operations.account_check import check_owner
from novita_infra.operations.identity import identified
from novita_infra.operations.imported_manifests import ManifestContext, manifest_for
from novita_infra.operations.lost_state import MARKED, lists_of, own_objects
from novita_infra.operations.ownership import OtherOwners, OthersClaim, accepting
from novita_infra.operations.session import Session, check_account
from novita_infra.planning.changes.equality import masked, without_known_secrets, written
from novita_infra.planning.checks.lost_state import lost_state
from novita_infra.refresh.catalogue import read_catalogue
from novita_infra.refresh.objects import read_one
from novita_infra.state.locks.lock_holders import run_of_ci
from novita_infra.state.process_identity import this_process
from novita_infra.state.state import LastRun, edited, is_recorded

_THEIRS: Final = "it is theirs: a destroy here would delete it there; to insist"
_EVERYWHERE: Final = "the entry holds for every environment"
_LISTED: Final = "`novita-infra orphans` lists the objects that are in no state"


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
    live = await importable(session, address, id, steal=steal, owners=OtherOwners(session))
    if not steal and _may_be_lost(session, address, live):
        await check_not_lost(session)
    identity = accepting(session, {address: live})
    if recorded is not None and recorded.id == id:  # only with `steal`
        session.state = session.store.save(replace(state, identity=identity, last_run=this_import(session)))
        return recorded
    declared = _declared(session, address)
    if declared is not None:
        record, file = _declared_record(session, kind, declared, live), None
    else:
        record, file = await _write_manifest(session, kind, address, live)
    records = dict(sorted({**state.records, address: record}.items()))
    state = replace(state, records=records, identity=identity, last_run=this_import(session))
    state = identified(state, session.project, cloud=session.cloud)
    try:
        session.state = session.store.save(state)
    except BaseException:
        if file is not None:
            _remove_unrecorded(session, address, file)
        raise
    return record


async def importable(
    session: Session,
    address: Address,
    id: str,
    *,
    steal: bool,
    owners: OtherOwners,
    hint_of_claim: Callable[[OthersClaim], str] = lambda _: f"{_THEIRS}, add --steal",
) -> Live:
    """The object that may be recorded at the address. Raises Problems if there is none, or it belongs to others.

    `hint_of_claim` says what to do about an object of others.
    """
    state, kind = session.state, KINDS[address.type]
    recorded = state.records.get(address)
    accepts = steal and recorded is not None and recorded.id == id
    if recorded and recorded.id and not accepts:
        if recorded.id == id:
            raise problem(
                f"{id} is recorded at this address already", "nothing is left to import", address=str(address)
            )
        raise problem(
            f"another object is recorded at this address: {recorded.id}",
            f"import {id} at another address, or give that record another one: novita-infra state mv {address} TARGET; "
            f"if this address shall have {id} instead, remove the record first, whose object remains: "
            f"novita-infra state rm {address}",
            address=str(address),
        )
    other = next((item for item in state.records.values() if item.address.type == address.type and item.id == id), None)
    if other is not None and not accepts:
        raise problem(
            f"{id} is already recorded as {other.address}",
            f"one object has one address; to give it this one: novita-infra state mv {other.address} {address}",
            address=str(address),
        )
    live = await read_one(session.client, kind, id)
    if live is None:
        raise problem(
            f"there is no {kind.name} with the id {id}",
            _LISTED,
            address=str(address),
        )
    if not steal and (claim := owners.claim(live, address)):
        raise problem(
            f"{id} ({live.name or 'without a name'}) {claim.words}",
            hint_of_claim(claim),
            address=str(address),
            code=EXIT_REFUSED,
        )
    if live.phase not in PRESENT:
        raise problem(f"{id} is being deleted", "there is nothing to import", address=str(address))
    return live


async def record_imports(session: Session) -> None:
    """Records the objects of `import` in the session's state; only a run that saves the state stores that.

    An address that is recorded is left as it is, whatever its id: its object may have been replaced. An object that was
    recorded and is deleted is not looked for: its entry is done. Raises Problems.
    """
    declared = {item.address: item for item in session.project.declared}
    blocks = [
        block
        for block in session.project.written.refactoring.imports
        if block.target in declared
        and not is_recorded(session.state, block.target)
        and block.id not in session.state.gone.get(block.target.type, ())
    ]
    owners = OtherOwners(session)
    found = await together(*(_read_block(session, block, owners) for block in blocks))
    errors = [item for item in found if isinstance(item, Problems)]
    if errors:
        code = max(error.code for error in errors)
        raise Problems([item for error in errors for item in error.diagnostics], code=code)
    read = [(block, live) for block, live in zip(blocks, found, strict=True) if isinstance(live, Live)]
    if any(not block.steal and _may_be_lost(session, block.target, live) for block, live in read):
        await check_not_lost(session)
    for block, live in read:
        item, before = declared[block.target], session.state.identity
        after, name = accepting(session, {item.address: live}), str(item.address)
        edits = StateEdits(
            imported=(_declared_record(session, KINDS[item.address.type], item, live, saved=False),),
            accepted={name: after.accepted[name]} if name in after.accepted else {},
            former=after.former if after.former != before.former else (),
        )
        session.state, session.edits = edited(session.state, edits), session.edits.with_imports(edits)


async def _read_block(session: Session, block: ImportBlock, owners: OtherOwners) -> Live | Problems:
    """The object of an entry, or what is wrong with it, at the place of the entry."""
    environment = session.project.environment
    several = block.everywhere and session.project.one_of_several

    def hint_of_claim(claim: OthersClaim) -> str:
        if not several or not claim.environment:
            return f"{_THEIRS}, add `steal: true` to the entry"
        return (
            f"{_EVERYWHERE}: add `environments: [{claim.environment}]` to it, or take the id from a variable that is "
            f"empty in {environment}; to take the object over instead, add `steal: true` to the entry"
        )

    gone = "leave the entry out if it was deleted, or look the id up in the console"
    if several:
        other = "if the object is one of another, add `environments:` with its name to the entry"
        gone = f"{_EVERYWHERE}: {other}; {gone}"
    try:
        return await importable(
            session, block.target, block.id, steal=block.steal, owners=owners, hint_of_claim=hint_of_claim
        )
    except Problems as error:
        hints = {_LISTED: gone}
        items = [replace(item, origin=block.origin, hint=hints.get(item.hint, item.hint)) for item in error.diagnostics]
        return Problems(items, code=error.code)


def _remove_unrecorded(session: Session, address: Address, file: Path) -> None:
    """Removes a manifest whose record was not saved: it would create the object a second time.

    A state that cannot be read may hold the record. Without its manifest the object would be deleted.
    """
    with suppress(Problems, OSError):
        if address not in session.store.load().records:
            file.unlink(missing_ok=True)


def writes_manifest(session: Session, address: Address) -> bool:
    """Whether an import at the address writes a manifest: it is neither declared nor recorded."""
    return _declared(session, address) is None and address not in session.state.records


def _declared(session: Session, address: Address) -> Declared | None:
    return next((item for item in session.project.declared if item.address == address), None)


def _declared_elsewhere(session: Session, address: Address) -> str:
    """The manifest file outside of the scope that declares the address; empty if there is none."""
    root = session.project.root
    for name in find(root).manifests if session.project.scope else ():
        with suppress(OSError, ValueError):
            documents = read(read_file(root / name, most=LARGEST), name).documents
            if any(found.address == address for found, _ in map(head, documents) if found):
                return name
    return ""


def _declared_record(session: Session, kind: Kind, declared: Declared, live: Live, *, saved: bool = True) -> Record:
    """The record of a declared object: its live values, and the declared ones of fields that the API does not return.

    So a credential, the months of a subscription and a tool count as declared. Secrets are Digests. Raises Problems if
    such a field lacks its value and the record is `saved`: a later plan would take the real one for a change.
    """
    rules = declared.lifecycle.ignored
    lacking = {rule.path[0] for rule in rules if rule.lacking} - {
        rule.path[0] for rule in rules if not rule.lacking and len(rule.path) == 1
    }
    if saved and (unknown := sorted(lacking.difference(live.values))):
        raise problem(
            f"{', '.join(unknown)} of {declared.address} is not set, and the API does not return it",
            "set it, then import again: the state keeps a digest of it",
            origin=declared.places.get(unknown[0]) or declared.origin,
        )
    spec = {name: _recorded(session, kind, live, name, value) for name, value in declared.spec.items()}
    for name in sorted(lacking.intersection(live.values).difference(spec)):
        value = live.values[name]
        # What was to be there may be secret; a number is none.
        wanted = lacking_secret() if isinstance(value, (str, list, dict)) else None
        spec[name] = _recorded(session, kind, live, name, wanted)
    return Record(
        declared.address,
        live.id,
        spec=written(spec, session.state.key),
        outputs=dict(live.outputs),
        needs=declared.needs,
        source=declared.origin.file,
        labels=declared.labels,
        seen_at=session.clock.now(),
    )


def _recorded(session: Session, kind: Kind, live: Live, name: str, wanted: Value) -> Value:
    """A value for the record: a Digest where the manifest has a secret, and for a live text that may hold one.

    A live value that differs from the declared one may be a secret where the declared one is none.
    """
    value, key, item = live.values.get(name, wanted), session.state.key, kind.field(name)
    if name not in live.values or value == wanted:
        return wanted
    if item.secrecy is Secrecy.TEXT:
        return digest(Secret(str(value), "live"), key)
    if item.secret_items:
        declared = wanted if isinstance(wanted, dict) else {}
        return {
            other: text if text == declared.get(other) else digest(Secret(str(text), "live"), key)
            for other, text in value.items()
        }
    value = masked(value, recorded=None, wanted=wanted, field=item, key=key)
    return without_known_secrets(value, session.project.secrets(), key=key)


def this_import(session: Session) -> LastRun:
    """The entry of an import among the runs of a state."""
    return LastRun("import", this_process(), session.clock.now(), ci=run_of_ci(os.environ))


def _may_be_lost(session: Session, address: Address, live: Live) -> bool:
    """Whether the object may be one that an earlier state recorded: it has no owner mark, and could have one."""
    marks = KINDS[address.type].api.mark_place
    return bool(marks) and not session.state.searched and session.identity.claim(live.mark) is Claim.NONE


async def check_not_lost(session: Session) -> None:
    """Raises Problems if an earlier state is lost: its own objects are adopted first, and no other beside them."""
    lists = await lists_of(session.client, MARKED)
    if lost := await own_objects(
        session.client, session.clock, session.identity, lists, declared=session.project.declared
    ):
        partly = bool(session.state.serial)
        finding = lost_state(lost, session.identity, place=session.store.describe(), partly=partly)
        raise Problems([finding.diagnostic], code=finding.code)


async def _write_manifest(session: Session, kind: Kind, address: Address, live: Live) -> tuple[Record, Path]:
    """Writes a manifest whose plan is empty; returns the record that agrees with it, and the file.

    Raises Problems if there is none, or the file exists.
    """
    root = session.project.root
    if elsewhere := _declared_elsewhere(session, address):
        raise problem(
            f"{address} is declared in {elsewhere}, and only {session.project.scope} was read",
            "name the project's folder",
            address=str(address),
        )
    name = f"{address.type}-{address.name}.yaml"
    catalogue = await read_catalogue(session.client, kind.resolution.catalogues)
    context = ManifestContext.of(session, catalogue, name, schema=(root / SCHEMA).is_file())
    made = manifest_for(context, address, live)
    path = root / name
    try:
        with path.open("x", encoding="utf-8") as stream:
            try:
                stream.write(made.text)
                stream.flush()
            except OSError:
                path.unlink(missing_ok=True)
                raise
    except FileExistsError:
        raise problem(f"{path} exists already", f"declare {address} in it, then import again") from None
    except OSError as error:
        raise problem(f"{path} cannot be written: {reason(error)}") from None
    return made.record, path
