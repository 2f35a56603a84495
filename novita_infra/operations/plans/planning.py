"""Makes the plan of a project from its manifests, its state and its live objects."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import replace

from novita_infra import __version__
from novita_infra.api.traces.tracing import span
from novita_infra.catalogue.images import AccountImage
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Circumstances
from novita_infra.manifests.project.discovery import why_unread
from novita_infra.model.addresses import Address
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Problems, problem
from novita_infra.model.identity import new_project_id
from novita_infra.model.resources import Existing, Live
from novita_infra.operations.account_check import check_owner
from novita_infra.operations.lost_state import MARKED, lists_of, own_objects
from novita_infra.operations.plans.former_place import check_former_place
from novita_infra.operations.plans.preflight import run_preflight
from novita_infra.operations.plans.refresh import read_at_once, reads_all, refresh_inputs
from novita_infra.operations.session import Session, check_account, move_records
from novita_infra.planning.inputs import AccountSnapshot, Config, PlanInputs, PriorState
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.plan import OnFailure
from novita_infra.planning.plan.review import Review
from novita_infra.planning.targeting import misnamed, names_labels, with_labels
from novita_infra.refresh.catalogue import read_prices
from novita_infra.refresh.references import with_live_templates
from novita_infra.refresh.saved_images import with_image_id
from novita_infra.state.seen_versions import check_newest, remember_version
from novita_infra.state.state import State


async def plan_project(session: Session, asked: PlanOptions = PlanOptions()) -> Review:
    """What apply would do, and what is said about it. Only reads the cloud. Raises Problems and ApiError."""
    with span("plan", project=session.project.name, environment=session.project.environment):
        review = await run_preflight(session, await read_inputs(session, asked))
    return replace(review, lookups=session.project.given.lookups)


def _check_kinds(state: State) -> None:
    """Raises Problems if the state records a resource of a kind that this version does not have."""
    unknown = [address for address in state.records if address.type not in KINDS]
    if unknown:
        names = ", ".join(str(address) for address in unknown)
        raise problem(
            f"the state records {names}, and novita-infra {__version__} has no such kind",
            "use the version that recorded it; to forget it and keep the object: `state rm`",
        )


async def read_inputs(session: Session, asked: PlanOptions) -> PlanInputs:
    """Everything that a plan is made from, as it is now. Raises Problems and ApiError."""
    check_account(session)
    check_newest(session.cache, session.store)
    remember_version(session.cache, session.store)
    if not asked.new_state:
        check_former_place(session)
    await check_owner(session)
    move_records(session)
    if session.project.written.refactoring.imports and not asked.destroys:
        from novita_infra.operations.importing import record_imports  # noqa: PLC0415 -- it writes manifests: 6 % of plan --help

        await record_imports(session)
    project, state, now = session.project, session.state, session.clock.now()
    _check_kinds(state)
    asked = _with_labels(session, asked)
    check_named(asked, [item.address for item in project.declared], state)
    check_sources(session, asked)
    declared = project.declared
    catalogues = {
        part
        for item in declared
        for part in KINDS[item.address.type].resolution.parts_for(item.spec)
        if not asked.destroys
    }
    prices = {part for address in state.records for part in KINDS[address.type].market.price_lists} - catalogues
    observed, lists, priced, declared = await together(
        read_at_once(session, asked, catalogues),
        _search(session, asked),
        read_prices(session.client, sorted(prices)),
        with_live_templates(session.client, declared=() if asked.destroys else declared, kinds=KINDS),
    )
    declared = project.declared if asked.destroys else declared  # protected resources are not deleted
    lists |= observed.unknown
    identity, catalogue = session.identity, observed.catalogue.filled_from(priced)
    lost = (
        await own_objects(session.client, session.clock, identity, lists, declared=project.declared)
        if _searches(session, asked)
        else ()
    )
    inputs = PlanInputs(
        config=Config(
            identity=identity,
            declared=declared,
            outputs=project.outputs,
            groups={name: OnFailure(word) for name, word in project.groups.items()},
            rules=project.rules,
            scope=project.scope,
            project_options=_project_options(session),
            edits=session.edits,
            refactoring=project.written.refactoring,
            absent=_absent(session),
            marks=project.owner_marks.enabled,
        ),
        prior=PriorState(
            lineage=state.lineage,
            serial=state.serial,
            key=state.key,
            outputs=state.outputs,
            rolling=state.rolling,
            place=session.store.describe(),
            searched=state.searched,
        ),
        world=AccountSnapshot(
            existing=_with_image_ids(observed.found, catalogue.images),
            unrecorded=lists,
            lost=lost,
            catalogue=catalogue,
            circumstances=Circumstances(now),
        ),
        kinds=KINDS,
        options=asked,
    )
    return await refresh_inputs(session, inputs)


def _with_image_ids(
    found: Mapping[Address, Existing], images: Collection[AccountImage] | None
) -> dict[Address, Existing]:
    """The objects, with the ids of the images that they have saved."""
    return {
        address: replace(item, live=with_image_id(KINDS[address.type], item.live, images)) if item.live else item
        for address, item in found.items()
    }


def _absent(session: Session) -> dict[Address, str]:
    """By address of a record that is declared no longer, the reason, where the manifests give one."""
    project = session.project
    declared = {item.address for item in project.declared}
    gone = [address for address in session.state.records if address not in declared]
    named = {address: project.written.names.why_absent(address) for address in gone}
    for address in gone:
        if not named[address] and (source := session.state.records[address].source) in project.files.elsewhere:
            named[address] = f"{source} is read in other environments only"
    return {address: why for address, why in named.items() if why}


def _project_options(session: Session) -> tuple[str, ...]:
    """The words that name the environment and the project for a command in the same folder."""
    environment, path = session.identity.environment, str(session.where.path)
    named = session.where.environment or environment != "default"
    words = ("--env", environment) if named else ()
    return words if path == "." else (*words, "--", path) if path.startswith("-") else (*words, path)


def _searches(session: Session, asked: PlanOptions) -> bool:
    """Whether objects that the state should record are looked for: while it is new, and before all is destroyed."""
    destroys_all = asked.destroys and not asked.targets and reads_all(asked)
    return not asked.new_state and (not session.state.searched or destroys_all)


async def _search(session: Session, asked: PlanOptions) -> dict[str, tuple[Live, ...]]:
    """The lists beside those that are read anyway: of objects of a lost or an old state, and of named ids."""
    state = session.state
    if asked.new_state and not state.searched and not session.project.id:
        # A new id: the marks of the objects that are left behind are not those of the new state.
        session.state = replace(state, identity=replace(state.identity, id=new_project_id()))
    read_anyway = {address.type for address in state.records} if reads_all(asked) else set()
    if not _searches(session, asked):
        return await lists_of(session.client, _named_by_id(session, asked) - read_anyway)
    declared = {item.address.type for item in session.project.declared} if asked.destroys else set()
    return await lists_of(session.client, {*MARKED, *declared} - read_anyway)


def _named_by_id(session: Session, asked: PlanOptions) -> set[str]:
    """The types of objects that a create needs running, and that the manifests name by their ids."""
    declared = () if asked.destroys else session.project.declared
    found = set()
    for item in declared:
        kind = KINDS[item.address.type]
        name = kind.api.create.needs_running
        if name and item.address not in session.state.records and isinstance(item.spec.get(name), str):
            found.add(kind.field(name).refers)
    return found


def _with_labels(session: Session, asked: PlanOptions) -> PlanOptions:
    """The options with addresses in the place of labels. Raises Problems if no resource has one."""
    if not names_labels(asked):
        return asked
    recorded = {address: record.labels for address, record in session.state.records.items()}
    labels = recorded | {item.address: item.labels for item in session.project.declared}
    options, diagnostics = with_labels(asked, labels)
    if diagnostics:
        raise Problems(diagnostics)
    return options


def check_named(asked: PlanOptions, declared: Collection[Address], state: State) -> None:
    """Raises Problems if the command line names an unknown resource."""
    diagnostics = misnamed(asked, declared=declared, recorded=state.records)
    if diagnostics:
        raise Problems(diagnostics)


def check_sources(session: Session, asked: PlanOptions) -> None:
    """Raises Problems if a resource would be deleted only because its manifest, which exists, is not read."""
    project, records = session.project, session.state.records
    refactoring = project.written.refactoring
    if project.scope or asked.destroys:
        return
    declared = {item.address for item in project.declared}
    sources = {record.source for address, record in records.items() if address not in declared} - {""}
    unread = {source: why_unread(project.files, source) for source in sources.difference(project.files.manifests)}
    diagnostics = [
        Diagnostic(
            f"it would be deleted, but its manifest {record.source} exists and is not read: {unread[record.source]}",
            "let the file be read again, or remove it if the resource is to be deleted "
            f"(to forget the resource and keep the object: `state rm {shlex.quote(str(address))}`)",
            address=str(address),
        )
        for address, record in sorted(records.items())
        if address not in declared and unread.get(record.source) and refactoring.removal_of(address) is None
    ]
    if diagnostics:
        raise Problems(diagnostics, code=EXIT_REFUSED)
