"""Imports the objects of an account that no state records: manifests whose plan is empty, and their records.

Lists are read, and by itself only an object whose list does not show what it refers to. Objects that equal each other
but for the name share a manifest with `forEach`; what refers to a managed object names its resource.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from itertools import chain, count
from pathlib import Path
from typing import Final

from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind
from novita_infra.manifests.export.drafts import SCHEMA, Draft
from novita_infra.manifests.export.groups import grouped
from novita_infra.manifests.project.loading import Project
from novita_infra.model.addresses import Address, fits_wildcards
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import Problems, nearest, problem, reason
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import Claim, Identity, owner_of
from novita_infra.model.records import Record
from novita_infra.model.refactoring import StateEdits
from novita_infra.model.resources import PRESENT, Declared, Existing, Live
from novita_infra.operations.account.beyond_v1 import beyond_v1
from novita_infra.operations.account_check import check_owner
from novita_infra.operations.identity import identified
from novita_infra.operations.imported_manifests import ManifestContext, lone_plan, manifest_for
from novita_infra.operations.importing import check_not_lost, this_import
from novita_infra.operations.imports.naming import FreeNames
from novita_infra.operations.ownership import StatesOfOthers, accepting, recorded_ids
from novita_infra.operations.session import Session, check_account
from novita_infra.planning.plan.changes import Action
from novita_infra.refresh.catalogue import read_catalogue
from novita_infra.refresh.objects import read_lists, read_one
from novita_infra.state.state import edited

DEFAULT_FILE: Final = "imported.yaml"


@dataclass(frozen=True, slots=True)
class ImportSelection:
    """The objects that are imported."""

    kinds: tuple[str, ...] = ()
    """Types, such as `instance`; empty for all."""
    match: str = ""
    """A pattern of their names, in which `*` stands for any characters; empty for all."""
    steal: bool = False
    """Whether objects that belong to others are imported, too."""


@dataclass(frozen=True, slots=True)
class ImportedObject:
    """An object of the account, and what became of it."""

    type: str
    id: str
    name: str
    address: Address | None = None
    """None if it was left out."""
    why: str = ""
    """The reason for which it was left out."""


@dataclass(frozen=True, slots=True)
class AccountImport:
    """The result of an import."""

    objects: tuple[ImportedObject, ...]
    text: str
    """The manifests."""
    file: str
    """Where they are written, relative to the project."""
    variables: tuple[str, ...] = ()
    """The environment variables that a new object needs, and a plan does not."""


@dataclass(frozen=True, slots=True)
class _Found:
    """One object with its manifest."""

    live: Live
    draft: Draft
    record: Record


@dataclass(slots=True)
class _Written:
    """What an import writes."""

    texts: list[str] = field(default_factory=list)
    found: dict[Address, _Found] = field(default_factory=dict)
    left_out: list[ImportedObject] = field(default_factory=list)


async def import_account(
    session: Session, chosen: ImportSelection, file: str, *, loaded: Callable[[], Project], dry_run: bool = False
) -> AccountImport:
    """Imports the chosen objects, and writes their manifests into a new file of the project. Needs the lock.

    An empty `file` stands for one that does not exist yet. `loaded` loads the project again. With `dry_run` nothing is
    written and recorded. Raises Problems and ApiError.
    """
    check_account(session)
    await check_owner(session)
    unknown = [name for name in chosen.kinds if name not in KINDS]
    if unknown:
        raise problem(f"there is no kind {unknown[0]}", nearest(unknown[0], list(KINDS)))
    if session.project.scope:
        raise problem("import --all is about a whole project", "name the folder of the project")
    root = session.project.root
    file = _new_file(root, file)
    if not session.state.searched and not chosen.steal:
        await check_not_lost(session)
    # Jobs end by themselves: one is imported only where its kind is asked for.
    wanted = chosen.kinds or [kind.type for kind in KINDS.values() if not kind.api.completes]
    kinds = [kind for kind in _in_order(KINDS.values()) if kind.type in wanted]
    parts = {part for kind in kinds for part in kind.resolution.catalogues}
    lists = await read_lists(session.client, kinds)
    catalogue = await read_catalogue(session.client, sorted(parts))
    context = ManifestContext.of(session, catalogue, file, schema=(root / SCHEMA).is_file())
    written = _Written()
    taken = [*session.state.records, *(item.address for item in session.project.declared)]
    owned, others = recorded_ids(session), StatesOfOthers(session).read()
    for kind in kinds:
        lives = sorted(lists[kind.type], key=lambda live: (_natural(live.name), live.id))
        recorded = others.ids(kind.type)
        chosen_lives = []
        for live in lives:
            if (kind.type, live.id) in owned or not fits_wildcards(chosen.match or "*", live.name):
                continue
            why = "" if chosen.steal else _others_claim(session, live, recorded)
            if live.phase not in PRESENT:
                why = "it is being deleted"
            if why:
                written.left_out.append(ImportedObject(kind.type, live.id, live.name, why=why))
            else:
                chosen_lives.append(live)
        existing = {type_ for type_ in KINDS if type_ not in lists or lists[type_]} | {type_ for type_, _ in owned}
        chosen_lives = await together(*(_whole(session, kind, live, existing) for live in chosen_lives))
        _write(context, kind, chosen_lives, FreeNames(kind.type, taken), written)
    written.left_out += await _only_in_v2(session, kinds, lists, chosen, owned)
    text = "---\n".join(written.texts)
    if written.found and not dry_run:
        _record(session, context, written, text, loaded)
    objects = [
        ImportedObject(address.type, one.live.id, one.live.name, address) for address, one in written.found.items()
    ]
    return AccountImport((*objects, *written.left_out), text, file, _variables(written))


async def _only_in_v2(
    session: Session,
    kinds: Iterable[Kind],
    lists: Mapping[str, Sequence[Live]],
    chosen: ImportSelection,
    owned: Collection[tuple[str, str]],
) -> list[ImportedObject]:
    """What only the lists of v2 show: nothing here can read it as its kind."""
    known = {kind.type: frozenset(live.id for live in lists[kind.type]) for kind in kinds}
    return [
        ImportedObject(item.list.type, item.id, item.name, why="only the lists of v2 show it")
        for item in (await beyond_v1(session.client, known)).items
        if fits_wildcards(chosen.match or "*", item.name) and (item.list.type, item.id) not in owned
    ]


def _new_file(root: Path, file: str) -> str:
    """The name of the new file, relative to the root: the given one, or one that is free. Raises Problems."""
    names = chain([DEFAULT_FILE], (f"{Path(DEFAULT_FILE).stem}-{number}.yaml" for number in count(2)))
    free = next(name for name in names if not os.path.lexists(root / name))
    if file and os.path.lexists(root / file):
        raise problem(f"{root / file} exists already", f"leave out --into, for {free}, or name another file")
    return file or free


def _in_order(kinds: Iterable[Kind]) -> list[Kind]:
    """The kinds, each after those that its fields refer to."""
    left, ordered = {kind.type: kind for kind in kinds}, list[Kind]()
    while left:
        ready = [kind for kind in left.values() if not any(item.refers in left for item in kind.fields if item.refers)]
        ordered += ready or list(left.values())
        left = {name: kind for name, kind in left.items() if kind not in ordered}
    return ordered


async def _whole(session: Session, kind: Kind, live: Live, existing: Collection[str]) -> Live:
    """The object with what it refers to. A list does not show each reference: only then it is read by itself."""
    hidden = [item for item in kind.fields if item.refers in existing and item.name not in live.values]
    return (await read_one(session.client, kind, live.id) if hidden else None) or live


def _natural(name: str) -> tuple[str, ...]:
    """A key that sorts numbers by their size."""
    return tuple(f"{len(part):03}{part}" if part.isdigit() else part for part in re.split(r"(\d+)", name))


def _others_claim(session: Session, live: Live, recorded: frozenset[str]) -> str:
    """Who else owns the object, in words; empty for nobody."""
    owner, claim = owner_of(live.mark), session.identity.claim(live.mark)
    if owner is not None and (claim is Claim.FOREIGN or (claim is Claim.DOUBTFUL and session.state.searched)):
        return f"it carries the owner mark of {owner.in_words(other_than=session.project.name)}"
    return "another state on this machine records it" if live.id in recorded else ""


def _write(context: ManifestContext, kind: Kind, lives: Sequence[Live], free: FreeNames, written: _Written) -> None:
    """Writes the manifests of the objects of one kind."""
    found: dict[Address, _Found] = {}
    for live in lives:
        address = Address(kind.type, free.take(live.name))
        try:
            made = manifest_for(context, address, live)
        except Problems as error:
            why = error.diagnostics[0].summary
            written.left_out.append(ImportedObject(kind.type, live.id, live.name, why=why))
            continue
        found[address] = _Found(live, made.draft, made.record)
    for group in grouped([one.draft for one in found.values()], free.take_for):
        written.texts.append(group.text(schema=context.schema and not written.texts, environment=context.environment))
        for draft, address in zip(group.drafts, group.addresses, strict=True):
            one = found[draft.address]
            written.found[address] = replace(one, record=replace(one.record, address=address))
            context.add(address, one.live.id)


def _record(
    session: Session, context: ManifestContext, written: _Written, text: str, loaded: Callable[[], Project]
) -> None:
    """Writes the manifests and records the objects. Raises Problems, and then leaves nothing behind."""
    path = session.project.root / context.file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise problem(f"{path} cannot be written: {reason(error)}") from None
    try:
        identity = accepting(session, {address: one.live for address, one in written.found.items()})
        _check(context, written, loaded().declared, replace(session.identity, accepted=identity.accepted))
        edits = StateEdits(imported=tuple(one.record for one in written.found.values()))
        state = replace(edited(session.state, edits), identity=identity, last_run=this_import(session))
        session.state = session.store.save(identified(state, session.project, cloud=session.cloud))
    except BaseException:
        with suppress(Problems, OSError):
            if not written.found.keys() & session.store.load().records.keys():
                path.unlink(missing_ok=True)
        raise


def _check(context: ManifestContext, written: _Written, declared: Iterable[Declared], identity: Identity) -> None:
    """Raises Problems unless the manifests declare each object, and a plan leaves each as it is."""
    own = [item for item in declared if item.address in written.found]
    if len(own) < len(written.found):
        hint = "name a file that is: a .yaml file of the project, in no folder that is ignored"
        raise problem(f"nothing in {context.file} is read as a manifest", hint)
    existing = {address: Existing(one.record, one.live) for address, one in written.found.items()}
    review = lone_plan(context, own, existing, identity=identity)
    changed = [item for item in review.plan.changes if item.action not in {Action.NONE, Action.RESUME}]
    if review.problems:
        raise Problems(review.problems, code=review.code)
    if changed:
        raise problem(
            f"a plan would {changed[0].action.value} it after the import: {changed[0].why or 'its manifest differs'}",
            "import it by itself, and report this: it is a bug of novita-infra",
            address=str(changed[0].address),
        )


def _variables(written: _Written) -> tuple[str, ...]:
    pointers = (value for one in written.found.values() for value in one.draft.spec.values() if isinstance(value, dict))
    return tuple(str(value["fromEnv"]) for value in pointers if set(value) == {"fromEnv"})
