"""The manifest of an imported object: one that our own loader accepts and whose plan is empty.

A first draft holds all that the API shows. The loader and the planner judge it. What they refuse is left out, and so is
what a plan would change, until nothing of that is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from novita_infra.api.redaction import without_secrets
from novita_infra.catalogue.products import Catalogue
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Circumstances, Kind, SpecError
from novita_infra.manifests.export.drafts import Draft, Unwritable
from novita_infra.manifests.export.writing import NOT_RETURNED, draft_of, unwritable
from novita_infra.manifests.project.alone import declare_alone
from novita_infra.manifests.yaml.emitting import NotReadBack
from novita_infra.model.addresses import Address
from novita_infra.model.computing.compute import resolve
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import Identity
from novita_infra.model.lifecycle import Cause, OnDrift
from novita_infra.model.records import Record
from novita_infra.model.resources import Declared, Existing, Live
from novita_infra.model.values import Ref, Value
from novita_infra.operations.session import Session
from novita_infra.planning.changes.equality import written
from novita_infra.planning.inputs import AccountSnapshot, Config, PlanInputs, PriorState
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.review import Review
from novita_infra.planning.planner import make_review

_REFUSED: Final = "novita-infra does not accept its value"
_MOST_DRAFTS: Final = 400
"""The most drafts of one manifest: it may have a hundred variables, each of which may have to be left out."""


@dataclass(frozen=True, slots=True)
class WrittenManifest:
    """A manifest whose plan is empty, and the record that such a plan leaves."""

    draft: Draft
    text: str
    record: Record


@dataclass(frozen=True, slots=True)
class ManifestContext:
    """What the manifests of several objects share."""

    session: Session
    catalogue: Catalogue
    file: str
    """Where they are written, relative to the project."""
    schema: bool
    """Whether the project has its own schema for editors."""
    secrets: frozenset[str]
    owners: dict[tuple[str, str], Address]
    """By type and id, the resource that a manifest may name."""
    ids: dict[Address, str]

    @classmethod
    def of(cls, session: Session, catalogue: Catalogue, file: str, *, schema: bool) -> ManifestContext:
        """The context, in which what is recorded and declared may be named."""
        declared = {item.address for item in session.project.declared}
        context = cls(session, catalogue, file, schema, session.project.secrets(), {}, {})
        for address, record in session.state.records.items():
            context.ids[address] = record.id
            if address in declared and not address.module:
                context.owners[address.type, record.id] = address
        return context

    @property
    def environment(self) -> str:
        """The environment in which the resources exist: an object is one of one environment. Empty for the only one."""
        return self.session.project.one_of_several

    def add(self, address: Address, id: str) -> None:
        """Adds a resource that later manifests may name."""
        self.owners[address.type, id], self.ids[address] = address, id

    def named(self, prefix: str, id: str) -> str:
        """What a manifest writes for the resource with the id; empty if there is none that it may name."""
        address = self.owners.get((prefix, id))
        return str(address).partition(".")[2] if address else ""


@dataclass(frozen=True, slots=True)
class _Importing:
    """One object that is being imported."""

    context: ManifestContext
    address: Address
    live: Live

    @property
    def kind(self) -> Kind:
        return KINDS[self.address.type]


def manifest_for(context: ManifestContext, address: Address, live: Live) -> WrittenManifest:
    """The manifest of a live object that no manifest declares. Raises Problems where there can be none."""
    this = _Importing(context, address, live)
    if missing := unwritable(this.kind, live):
        raise _impossible(this, f"the API does not return {' and '.join(missing)}")
    if address.key:
        raise _impossible(this, "an address with a key comes from a manifest")
    draft = draft_of(
        this.kind,
        address,
        live,
        owner=context.named,
        redacted=lambda text: without_secrets(text, context.secrets),
    )
    for _ in range(_MOST_DRAFTS):
        try:
            better, finished = _judged(this, draft)
        except Unwritable as error:
            raise _impossible(this, str(error)) from None
        if finished is not None:
            return finished
        draft = better
    raise _impossible(this, "too much of it is not accepted")


def _judged(this: _Importing, draft: Draft) -> tuple[Draft, WrittenManifest | None]:
    """The next draft; or the manifest, where nothing is wrong with this one. Raises Unwritable and Problems."""
    try:
        text = draft.text(schema=this.context.schema)
    except NotReadBack as error:
        name, key = draft.unemittable() or ("", "")
        if not name:
            raise Unwritable(str(error)) from None
        return draft.without(name, key=key, reason=_REFUSED), None
    declared, errors = declare_alone(text, this.context.file, this.context.session.project.root)
    if errors or declared is None:
        return _mended(this, draft, errors), None
    record = _record(this, draft, declared)
    review = lone_plan(this.context, [declared], {this.address: Existing(record, this.live)})
    (change,) = review.plan.changes
    if change.action in {Action.NONE, Action.RESUME} and not review.problems:
        updated = next(iter(review.plan.record_updates), record)
        record = replace(updated, needs=declared.needs, source=this.context.file)
        text = draft.text(schema=this.context.schema, environment=this.context.environment)
        return draft, WrittenManifest(draft, text, record)
    return _without_differences(this, draft, declared, review), None


def _mended(this: _Importing, draft: Draft, errors: tuple[SpecError, ...]) -> Draft:
    """The draft without the values that are errors."""
    if not errors:
        raise _impossible(this, "it is no manifest")
    done: set[tuple[str, str]] = set()
    for error in errors:
        name, *inner = map(str, error.path or ("",))
        if name not in this.kind.by_name:
            raise _impossible(this, error.summary)
        key = inner[0] if inner and this.kind.field(name).secret_items else ""
        if done & {(name, ""), (name, key)}:
            continue
        done.add((name, key))
        if error.lacks:
            draft = draft.ignoring(error.lacks, NOT_RETURNED)
        else:
            draft = draft.without(name, key=key, reason=_REFUSED)
    return draft


def _without_differences(this: _Importing, draft: Draft, declared: Declared, review: Review) -> Draft:
    """The draft without the values that a plan refuses or would change, or that tolerates the state of the object."""
    healed = frozenset(item.cause for item in review.plan.drift if item.on_drift is OnDrift.HEAL)
    if causes := healed - draft.tolerated - {Cause.EDITED}:
        return draft.tolerating(causes)
    by_place = {place: name for name, place in declared.places.items()}
    refused = [by_place[item.origin] for item in review.problems if item.origin in by_place]
    refused = [name for name in refused if name not in draft.ignored]  # what only a new object needs
    changed = [item.name for change in review.plan.changes for item in change.fields]
    for name in (*refused, *changed):
        return draft.without(name, reason=_REFUSED)
    why = [*(item.summary for item in review.problems), *(change.why for change in review.plan.changes)]
    raise _impossible(this, why[0])


def _record(this: _Importing, draft: Draft, declared: Declared) -> Record:
    """The record of the object with the live values of what the draft declares and compares."""
    spec = {}
    for name, value in this.live.values.items():
        if name not in draft.spec or name in draft.ignored:
            continue
        item = this.kind.field(name)
        wanted = draft.spec[name]
        spec[name] = {key: value[key] for key in wanted if key in value} if item.secret_items else value
    return Record(
        this.address,
        this.live.id,
        spec=written(spec, this.context.session.state.key),
        outputs=dict(this.live.outputs),
        needs=declared.needs,
        source=this.context.file,
        seen_at=this.context.session.clock.now(),
    )


def lone_plan(
    context: ManifestContext,
    declared: Iterable[Declared],
    existing: Mapping[Address, Existing],
    *,
    identity: Identity | None = None,
) -> Review:
    """The plan of some manifests by themselves; what they refer to has its known id.

    `identity` is that of the project after the import, if it differs.
    """
    session, state = context.session, context.session.state

    def known(ref: Ref) -> Value:
        return context.ids.get(ref.address, ref) if ref.attribute == "id" else ref

    def resolved(item: Declared) -> Declared:
        spec = {name: resolve(value, known, lambda computation, _: computation) for name, value in item.spec.items()}
        return replace(item, spec=spec, needs=())

    return make_review(
        PlanInputs(
            config=Config(identity=identity or session.identity, declared=tuple(map(resolved, declared))),
            prior=PriorState(lineage=state.lineage, serial=state.serial, key=state.key),
            world=AccountSnapshot(
                existing=existing, catalogue=context.catalogue, circumstances=Circumstances(session.clock.now())
            ),
            kinds=KINDS,
        )
    )


def _impossible(this: _Importing, why: str) -> Problems:
    return problem(
        f"a manifest of {this.address} cannot be written: {why}",
        f"declare {this.address} in a manifest, then import it",
        address=str(this.address),
    )
