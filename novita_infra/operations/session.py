"""A session: a project opened with its state and its account."""

from __future__ import annotations

import hmac
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from novita_infra.api.heartbeat import SILENCE, Heartbeat
from novita_infra.api.known_secrets import OF_THIS_RUN
from novita_infra.api.protocol import ApiClient
from novita_infra.manifests.language.expressions import secrets_of_environment
from novita_infra.manifests.project.discovery import ManifestFiles, check_not_empty, find
from novita_infra.manifests.project.loading import OwnerMarkSettings, Project, load
from novita_infra.manifests.project.locating import Located, locate
from novita_infra.manifests.project.provenance import Provenance
from novita_infra.manifests.project.rules.plan_rules import rules_at
from novita_infra.manifests.secrets.answers import SecretAnswers
from novita_infra.manifests.secrets.asking import with_secrets
from novita_infra.model.clock import Clock, RealClock
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import Identity
from novita_infra.model.refactoring import StateEdits
from novita_infra.operations.identity import check_not_inside, check_state, identity_of, with_recorded_name
from novita_infra.operations.simulated import SIM_SCALE, simulated
from novita_infra.planning.refactoring import state_edits
from novita_infra.state.locks.locking import locked
from novita_infra.state.opening import open_backend
from novita_infra.state.state import State, edited, new_state
from novita_infra.state.store import StateLost, Store

if TYPE_CHECKING:
    import httpx


API_URL: Final = "https://api.novita.ai"
SIMULATOR: Final = "simulator"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


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
        silence = SILENCE * SIM_SCALE if self.sim else SILENCE  # a minute of a person, not of the simulator
        self.heartbeat = Heartbeat(self.clock, self.client.awaited, self.report, silence=silence)


def validate_project(
    where: ProjectOptions,
    environ: Mapping[str, str],
    *,
    lenient: bool = False,
    provenance: Provenance | None = None,
    answers: SecretAnswers | None = None,
) -> Project:
    """The project as declared, without reading the account. Raises Problems with every error of the manifests.

    `lenient` needs no secret and no variable; `provenance` records the sources of values; `answers` are those of
    sources of secrets; see `load`.
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
    project = await project_at(where, environ, destroys=destroys, empty=empty, lenient=lenient, report=report)
    async with with_project(where, project, environ, in_flight=in_flight, report=report) as session:
        yield session


async def project_at(
    where: ProjectOptions,
    environ: Mapping[str, str],
    *,
    destroys: bool,
    empty: bool = False,
    lenient: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> Project:
    """The project; without its declarations if they cannot be read and `open_session` does not need them.

    Asks the sources of secrets that something declared needs. A command that destroys does without.
    """
    try:
        load = partial(validate_project, where, environ, lenient=lenient)
        known = frozenset({environ.get("NOVITA_API_KEY", ""), *secrets_of_environment(environ)} - {""})
        return await with_secrets(load, environ, secrets=known, destroys=destroys, report=report)
    except Problems:
        if not destroys and not (empty and _is_empty(where)):
            raise
        project = _unread(where, environ)
        if destroys and not _store(project).load().serial:
            check_not_empty(where.path)
        return project


@asynccontextmanager
async def state_locked(session: Session, operation: str) -> AsyncIterator[None]:
    """Holds the lock of the state from the plan to the end of the apply; the state is read again under the lock."""
    async with locked(session.store, operation, max_wait=session.where.lock_timeout, report=session.report):
        session.state, session.edits = session.store.load(), StateEdits()
        check_state(session.project, session.state, place=session.store.describe())
        move_records(session)
        yield


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
    environ: Mapping[str, str],
    *,
    in_flight: int | None,
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
    sim = where.sim or environ.get("NOVITA_INFRA_SIM", "") not in {"", "0"}
    async with AsyncExitStack() as stack:
        transport: httpx.AsyncBaseTransport | None = None
        clock: Clock = RealClock()
        url, key = environ.get("NOVITA_API_URL", "").strip() or API_URL, environ.get("NOVITA_API_KEY", "")
        if sim:
            transport, clock = stack.enter_context(simulated(project.root))
            url, key = "http://simulator.invalid", "sk_simulator"
        elif not key.strip():
            raise problem("there is no API key", "set NOVITA_API_KEY, or add --sim to use the built-in simulator")
        from novita_infra.api.client import Client  # noqa: PLC0415 -- httpx takes 100 ms; not every command calls
        from novita_infra.api.limits.shared_limits import cache_folder  # noqa: PLC0415 -- likewise

        cache = None if sim else cache_folder(environ)
        client = Client(
            url=url,
            key=key,
            clock=clock,
            random=random.Random(),  # noqa: S311 -- jitter, no secret
            transport=transport,
            in_flight=in_flight,
            shared=cache,
        )
        await stack.enter_async_context(client)
        client.hide(partial(secrets_of_environment, environ))
        host = urlsplit(url).hostname or url
        cloud = SIMULATOR if sim or host in _LOOPBACK else host
        if lost:
            from novita_infra.operations.lost_state import with_lost_objects  # noqa: PLC0415 -- rare

            raise await with_lost_objects(lost, client, clock, identity_of(project, state), declared=project.declared)
        session = Session(where, project, store, client, clock, cloud, state, sim=sim, cache=cache, report=report)
        session.account = _account(url, key)
        async with session.heartbeat.while_reading():
            yield session


def _store(project: Project) -> Store:
    return open_backend(project.state).store(project.environment, project=project.name)


def _account(url: str, key: str) -> str:
    """The digest of address and key. A key is long and random, so the digest does not reveal it."""
    return hmac.digest(key.strip().encode(), url.rstrip("/").encode(), "sha256").hex()[:16]


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
