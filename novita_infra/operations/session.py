"""A session: a project opened with its state and its account."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from novita_infra.api.heartbeat import Heartbeat
from novita_infra.api.known_secrets import OF_THIS_RUN
from novita_infra.api.protocol import ApiClient
from novita_infra.catalogue.products import PARTS
from novita_infra.lookups.answers import LookUp, LookupAnswers, LookupQuestion, LookupsWanted
from novita_infra.lookups.found import Answer, FoundLookup, NoAnswer
from novita_infra.manifests.language.expressions import secrets_of_environment
from novita_infra.manifests.project.discovery import ManifestFiles, check_not_empty, find
from novita_infra.manifests.project.loading import OwnerMarkSettings, Project, load
from novita_infra.manifests.project.locating import Located, locate
from novita_infra.manifests.project.provenance import Provenance
from novita_infra.manifests.project.rules.plan_rules import rules_at
from novita_infra.manifests.secrets.answers import SecretAnswers
from novita_infra.manifests.secrets.asking import with_secrets
from novita_infra.model.clock import Clock
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import Identity
from novita_infra.model.refactoring import StateEdits
from novita_infra.operations.identity import check_not_inside, check_state, identity_of, with_recorded_name
from novita_infra.operations.opening.account import SIMULATOR, AccountOpener, account_opener
from novita_infra.operations.opening.simulated import silence_of
from novita_infra.planning.refactoring import state_edits
from novita_infra.state.locks.locking import locked
from novita_infra.state.opening import open_backend
from novita_infra.state.seen_versions import check_newest, remember_version
from novita_infra.state.state import State, edited, new_state
from novita_infra.state.store import StateLost, Store

if TYPE_CHECKING:
    from novita_infra.operations.opening.lookups import LookupsOfRun

MARKET: Final = frozenset(request.path for part in PARTS.values() for request in part.requests)
"""The paths of the catalogue, which a run may read before it holds the lock."""
_FRESH: Final = 60.0
"""Seconds of waiting for a lock after which nothing counts that was read before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectOptions:
    """Which project, environment and account a command is about."""

    path: Path = Path()
    environment: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    var_files: tuple[Path, ...] = ()
    sim: bool = False
    lock_timeout: float = 0.0
    """Seconds to wait for another run's lock."""
    steal: bool = False
    """Whether an object that belongs to others is imported, too."""


@dataclass(slots=True)
class Session:
    """A session: a project opened with its state and its account."""

    where: ProjectOptions
    project: Project
    store: Store
    client: ApiClient
    clock: Clock
    cloud: str
    """What the state calls the account: `simulator`, or the API's host."""
    state: State
    sim: bool = False
    """Whether the account is the simulator in this process."""
    account: str = ""
    """A digest of the API's address and of the key: states name by it the account of a create."""
    cache: Path | None = None
    """The folder of what the runs of this machine share; None if there is none."""
    report: Callable[[str], None] = lambda _: None
    """Shows a message about a wait, or about work that takes long before there is a plan."""
    edits: StateEdits = StateEdits()
    """What the refactorings of the project have changed in `state` since it was read; an apply stores it."""
    heartbeat: Heartbeat = field(init=False)
    """The signs of life while something is awaited."""

    @property
    def identity(self) -> Identity:
        """The identity of the project in this environment, which owner marks name."""
        return identity_of(self.project, self.state)

    def __post_init__(self) -> None:
        self.client.hide(self.project.secrets)
        OF_THIS_RUN.add(self.project.secrets)
        silence = silence_of(sim=self.sim)
        self.heartbeat = Heartbeat(self.clock, self.client.awaited, self.report, silence=silence)


def validate_project(
    where: ProjectOptions,
    environ: Mapping[str, str],
    *,
    lenient: bool = False,
    provenance: Provenance | None = None,
    answers: SecretAnswers | None = None,
    lookups: LookupAnswers | None = None,
) -> Project:
    """The project as declared, without reading the account. Raises Problems with every error of the manifests.

    `lenient` needs no secret and no variable; `provenance` records the sources of values; `answers` are those of
    sources of secrets, `lookups` those of the lookups; see `load`.
    """
    return load(
        where.path,
        environment=where.environment,
        variables=where.variables,
        var_files=where.var_files,
        environ=environ,
        provenance=provenance,
        lenient=lenient,
        answers=answers,
        lookups=lookups,
    )


def unset_in(project: Project) -> tuple[Diagnostic, ...]:
    """The warnings about variables and secrets that are not set or not asked, for a command that needs none."""
    return tuple(item for item in project.warnings if item.unset)


def located(where: ProjectOptions, environ: Mapping[str, str] | None = None) -> Located:
    """The project, found without reading its manifests. `environ` is by default that of this process.

    Raises Problems if it cannot be found.
    """
    return locate(
        where.path,
        environment=where.environment,
        variables=where.variables,
        var_files=where.var_files,
        environ=environ,
    )


def place_of(where: ProjectOptions) -> Located | None:
    """The project, found without reading its manifests; None if it cannot be found."""
    with suppress(Problems):
        return located(where)
    return None


@asynccontextmanager
async def open_session(
    where: ProjectOptions,
    environ: Mapping[str, str],
    *,
    destroys: bool = False,
    empty: bool = False,
    lenient: bool = False,
    in_flight: int | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Session]:
    """The project, its state and its account. Raises Problems if one of them cannot be opened.

    `destroys` accepts manifests that cannot be read (a secret is not set): the state alone says what exists and what is
    protected. `empty` accepts a folder without manifests, for an import. `report` shows a message about a wait,
    or about work that takes long before there is a plan.
    """
    async with account_opener(environ, sim=where.sim, in_flight=in_flight) as account:
        lookups = None if destroys else _looking_up(account, environ, report)
        project = await project_at(
            where, environ, destroys=destroys, empty=empty, lenient=lenient, lookups=lookups, report=report
        )
        async with with_project(where, project, account, report=report) as session:
            yield session


async def project_at(
    where: ProjectOptions,
    environ: Mapping[str, str],
    *,
    destroys: bool,
    empty: bool = False,
    lenient: bool = False,
    lookups: LookUp | Sequence[FoundLookup] | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Project:
    """The project; without its declarations if they cannot be read and `open_session` does not need them.

    Asks the sources of secrets that something declared needs. `lookups` makes its lookups, or is what a plan file holds
    of them. A command that destroys does without.
    """
    found = None if lookups is None else LookupAnswers() if callable(lookups) else LookupAnswers(lookups)
    load = partial(validate_project, where, environ, lenient=lenient, lookups=found)
    known = frozenset({environ.get("NOVITA_API_KEY", ""), *secrets_of_environment(environ)} - {""})
    ask = partial(with_secrets, load, environ, secrets=known, destroys=destroys, report=report, answers=SecretAnswers())
    try:
        while True:
            try:
                return await ask()
            except LookupsWanted as wanted:
                if found is None or not callable(lookups):
                    raise
                found.add(await lookups(wanted.questions, wanted.root))
    except Problems:
        if not destroys and not (empty and _is_empty(where)):
            raise
        project = _unread(where, environ)
        if destroys and not _store(project).load().serial:
            check_not_empty(where.path)
        return project


def _looking_up(account: AccountOpener, environ: Mapping[str, str], report: Callable[[str], None]) -> LookUp:
    """The function that makes the lookups of a run."""
    run: LookupsOfRun | None = None

    async def look_up(questions: Sequence[LookupQuestion], root: Path) -> Mapping[bytes, Answer | NoAnswer]:
        nonlocal run
        from novita_infra.operations.opening.lookups import LookupsOfRun  # noqa: PLC0415 -- few projects have lookups

        run = run or LookupsOfRun(account.open, environ, report)
        return await run.answers(questions, root)

    return look_up


@asynccontextmanager
async def state_locked(session: Session, operation: str) -> AsyncIterator[None]:
    """Holds the lock of the state from the plan to the end of the apply; the state is read again under the lock.

    Raises Problems if this machine has seen a newer version of it.
    """
    began = session.clock.now()
    async with locked(session.store, operation, max_wait=session.where.lock_timeout, report=session.report):
        session.client.kept.clear(but=MARKET if session.clock.now() - began < _FRESH else ())
        session.state, session.edits = session.store.load(), StateEdits()
        check_state(session.project, session.state, place=session.store.describe())
        check_newest(session.cache, session.store)
        move_records(session)
        try:
            yield
        finally:
            remember_version(session.cache, session.store)


def report_other_run(session: Session) -> None:
    """Reports that a run holds the lock of the state: what is read now may change meanwhile."""
    if holder := session.store.lock_holder():
        session.report(f"the state is being changed by {holder}; what is shown here may change with it")


def move_records(session: Session) -> None:
    """Moves the records of the session's state as `moved` says; only a run that saves the state stores it.

    Does nothing where that is done. Raises Problems where two records would have one address.
    """
    project, state = session.project, session.state
    if not project.written.refactoring.moves:
        return
    declared = {item.address for item in project.declared}
    edits, diagnostics = state_edits(project.written.refactoring, state.records, declared, scope=project.scope)
    if diagnostics:
        raise Problems(diagnostics, code=EXIT_REFUSED)
    session.edits = replace(session.edits, moved=(*session.edits.moved, *edits.moved))
    session.state = edited(state, edits)


@asynccontextmanager
async def with_project(
    where: ProjectOptions,
    project: Project,
    account: AccountOpener,
    *,
    report: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Session]:
    """The session of a loaded project. Raises Problems if its state or its account cannot be opened."""
    store = _store(project)
    lost: StateLost | None = None
    try:
        state = store.load()
    except StateLost as error:  # reported with the objects of the lost state, for which the account is opened
        lost, state = error, new_state(project.name, project.environment)
    check_state(project, state, place=store.describe())
    project = with_recorded_name(project, state)
    if project.id is None and not state.serial:
        check_not_inside(project)
    opened = await account.open(project.root)
    client, clock = opened.client, opened.clock
    if lost:
        from novita_infra.operations.lost_state import with_lost_objects  # noqa: PLC0415 -- rare

        raise await with_lost_objects(lost, client, clock, identity_of(project, state), declared=project.declared)
    session = Session(
        where, project, store, client, clock, opened.cloud, state, sim=opened.sim, cache=opened.cache, report=report
    )
    session.account = opened.digest
    async with session.heartbeat.while_reading():
        yield session


def _store(project: Project) -> Store:
    return open_backend(project.state).store(project.environment, project=project.name)


def _is_empty(where: ProjectOptions) -> bool:
    files = find(where.path)
    return not files.manifests and not files.project_file


def _unread(where: ProjectOptions, environ: Mapping[str, str]) -> Project:
    """The project without its declarations."""
    place = located(where, environ)
    return Project(
        name=place.name,
        owner_marks=OwnerMarkSettings(place.id),
        root=place.root,
        environment=place.environment,
        environments=(),
        declared=(),
        outputs={},
        state=place.state,
        files=ManifestFiles(place.root, place.scope),
        rules=rules_at(place.root, place.environment),
    )


def check_account(session: Session) -> None:
    """Raises Problems if the state is about another account than that of the session."""
    known = session.state.cloud
    if known and known != session.cloud and session.state.records:
        at_home = "run it with --sim, or with NOVITA_API_URL at that simulator"
        other = at_home if known == SIMULATOR else "run it without --sim, with that account's key"
        raise problem(
            f"{session.store.describe()} is about {known}, and this command would talk to {session.cloud}",
            f"{other}, or use another environment",
            code=EXIT_REFUSED,
        )
