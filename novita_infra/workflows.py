"""The parts put together, one function for what each command does. No terminal, no exit code."""

from __future__ import annotations

import asyncio
import random
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from novita_infra.diagnostics import Problems, nearest, problem
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind
from novita_infra.manifests.locating import locate
from novita_infra.manifests.project import Project, load
from novita_infra.planning.plan import OnFailure, Plan
from novita_infra.planning.saving import Setting, is_plan_file, write_plan
from novita_infra.planning.saving import read_plan as read_plan_file
from novita_infra.resources import Address, Live, Record, Secret, Value, leaves
from novita_infra.state.book import State
from novita_infra.state.local import LocalStore
from novita_infra.timing import Clock, FastClock, RealClock

if TYPE_CHECKING:
    import httpx

    from novita_infra.api.client import Client
    from novita_infra.applying.events import Listener, Result

API_URL: Final = "https://api.novita.ai"
SIM_SCALE: Final = 60.0
"""How many simulated seconds pass in one real second with `--sim`."""
SIMULATOR: Final = "simulator"
_SPACE: Final = re.compile(r"[^\w.-]+")
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which project, environment and account a command is about."""

    path: Path = Path()
    environment: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    var_files: tuple[Path, ...] = ()
    sim: bool = False
    lock_timeout: float = 0.0
    """Seconds to wait for another run's lock."""


@dataclass(slots=True)
class Session:
    """A project opened together with its books and its account."""

    where: Where
    project: Project
    store: LocalStore
    client: Client
    clock: Clock
    cloud: str
    """What the state calls the account: `simulator`, or the API's host."""
    state: State
    sim: bool = False
    """Whether the account is the simulator in this process."""


# --- without the cloud ------------------------------------------------------------------------------------------------


def validate(where: Where, environ: Mapping[str, str]) -> Project:
    """Everything that can be known of the manifests without the cloud. Raises Problems with all that is wrong."""
    return load(
        where.path,
        environment=where.environment,
        variables=where.variables,
        var_files=where.var_files,
        environ=environ,
    )


def store_of(where: Where) -> LocalStore:
    """The books of the environment, found without evaluating a manifest."""
    place = locate(where.path, environment=where.environment)
    return _store(place.state_folder, place.environment, place.name)


def load_state(where: Where) -> State:
    """The books as they are. Takes no lock."""
    return store_of(where).load()


def forget(where: Where, addresses: tuple[Address, ...]) -> State:
    """Takes the records out of the books; the objects stay. Raises Problems where one is not on record."""
    store = store_of(where)
    with store.lock("state rm", timeout=where.lock_timeout):
        state = store.load()
        for address in addresses:
            _recorded(state, address)
        left = {address: record for address, record in state.records.items() if address not in addresses}
        return store.save(replace(state, records=left))


def move(where: Where, source: Address, target: Address) -> State:
    """Gives a record another address of the same kind, and every need that names it too."""
    store = store_of(where)
    with store.lock("state mv", timeout=where.lock_timeout):
        state = store.load()
        record = _recorded(state, source)
        if target.kind != source.kind:
            raise problem(f"{source} is a {source.kind} and cannot become a {target.kind}", "move within one kind")
        if target in state.records:
            raise problem(f"{target} is already on record", "remove it with `state rm` first, or choose another name")
        records = {address: item for address, item in state.records.items() if address != source}
        records[target] = replace(record, address=target)
        renamed = {
            address: replace(item, needs=tuple(sorted(target if need == source else need for need in item.needs)))
            for address, item in records.items()
        }
        return store.save(replace(state, records=dict(sorted(renamed.items()))))


def recorded(where: Where, address: Address) -> Record:
    """The record of one resource. Raises Problems where there is none."""
    return _recorded(load_state(where), address)


def reset_sim(where: Where) -> Path:
    """Empties the simulator's account of the project; returns the file that held it."""
    path = _sim_db(locate(where.path, environment=where.environment).root)
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    return path


# --- with the cloud ---------------------------------------------------------------------------------------------------


@asynccontextmanager
async def opened(where: Where, environ: Mapping[str, str], *, in_flight: int = 10) -> AsyncIterator[Session]:
    """The project, its books and its account. Raises Problems where any of them cannot be had."""
    async with _opened(where, validate(where, environ), environ, in_flight=in_flight) as session:
        yield session


@contextmanager
def locked(session: Session, operation: str) -> Iterator[None]:
    """Holds the books from the plan to the end of the apply, and reads them anew under the lock."""
    with session.store.lock(operation, timeout=session.where.lock_timeout):
        session.state = session.store.load()
        yield


async def make_plan(session: Session, *, destroys: bool = False, targets: tuple[Address, ...] = ()) -> Plan:
    """What apply would do. Reads the cloud, changes nothing. Raises Problems and ApiError."""
    from novita_infra.observing import observe, with_live_templates  # noqa: PLC0415 -- not every command plans
    from novita_infra.planning import planner  # noqa: PLC0415

    project, state = session.project, session.state
    _check_account(session)
    _check_targets(targets, project, state)
    declared = project.declared if not destroys else ()
    catalogues = {part for item in declared for part in KINDS[item.address.kind].catalogues}
    observed, declared = await asyncio.gather(
        observe(
            session.client,
            kinds=KINDS,
            records=state.records,
            seen=state.seen,
            clock=session.clock,
            catalogues=catalogues,
        ),
        with_live_templates(session.client, declared=declared, kinds=KINDS),
    )
    return planner.make_plan(
        planner.Seen(
            project=project.name,
            environment=project.environment,
            declared=declared,
            found=observed.found,
            kinds=KINDS,
            catalogue=observed.catalogue,
            key=state.key,
            lineage=state.lineage,
            serial=state.serial,
            outputs=project.outputs,
            outputs_before=state.outputs,
            groups={name: OnFailure(word) for name, word in project.groups.items()},
            scope=project.scope,
            destroys=destroys,
            targets=targets,
        )
    )


async def apply_plan(
    session: Session, plan: Plan, *, parallelism: int = 10, emit: Listener, stop: asyncio.Event
) -> Result:
    """Does the plan and saves the books, whatever happens. Needs the lock (`locked`).

    Raises Problems where the plan has some, and where the books moved since it was made.
    """
    from novita_infra.applying.books import Books  # noqa: PLC0415 -- not every command applies
    from novita_infra.applying.desk import Desk  # noqa: PLC0415
    from novita_infra.applying.walking import walk  # noqa: PLC0415

    state = session.state
    if plan.problems:
        raise Problems(plan.problems, code=plan.code)
    _check_basis(plan, state)
    outputs = None
    with session.store.journal(state) as journal:
        books = Books(state, journal)
        desk = Desk(
            kinds=KINDS,
            client=session.client,
            books=books,
            clock=session.clock,
            emit=emit,
            stop=stop,
            calls=asyncio.Semaphore(parallelism),
            operation=lambda: str(uuid.uuid4()),
            mark=partial(_mark, session.project),
        )
        try:
            result, outputs = await walk(plan, desk)
        finally:
            # What a run knows is saved however it ends; a crash here leaves the journal, which says the same.
            session.state = session.store.save(
                books.closed(
                    cloud=session.cloud,
                    project=session.project.name,
                    environment=session.project.environment,
                    outputs=None if plan.partial else outputs,
                )
            )
    return result


async def import_object(session: Session, address: Address, id: str) -> Record:
    """Takes a live object into the books. Needs the lock. Raises Problems where it cannot be.

    What the API does not return is taken from the manifest that declares the address. Where none does, one is written;
    the record's source names it.
    """
    from novita_infra.observing import read_one  # noqa: PLC0415
    from novita_infra.planning.comparing import written  # noqa: PLC0415

    if address.kind not in KINDS:
        raise problem(f"there is no kind {address.kind}", nearest(address.kind, list(KINDS)), address=str(address))
    _check_account(session)
    state, kind = session.state, KINDS[address.kind]
    if address in state.records and state.records[address].id:
        raise problem(
            f"{address} is already on record as {state.records[address].id}",
            "remove that with `state rm` first",
            address=str(address),
        )
    owner = next((item for item in state.records.values() if item.address.kind == address.kind and item.id == id), None)
    if owner is not None:
        raise problem(
            f"{id} is already on record as {owner.address}", "one object has one address", address=str(address)
        )
    live = await read_one(session.client, kind, id)
    if live is None:
        raise problem(f"there is no {kind.name} with the id {id}", "look it up in the console", address=str(address))
    declared = next((item for item in session.project.declared if item.address == address), None)
    unread = {name: value for name, value in (declared.spec if declared else {}).items() if name not in live.values}
    record = Record(
        address,
        live.id,
        spec=written({**_plain_items(kind.prefix, live.values), **unread}, state.key),
        outputs=dict(live.outputs),
        needs=declared.needs if declared else (),
        source=declared.origin.file if declared else _write_manifest(session, kind, address, live),
    )
    records = dict(sorted({**state.records, address: record}.items()))
    session.state = session.store.save(
        replace(
            state,
            records=records,
            cloud=session.cloud,
            project=session.project.name,
            environment=session.project.environment,
        )
    )
    return record


# --- saved plans ------------------------------------------------------------------------------------------------------


def is_plan(path: Path) -> bool:
    """Whether the path is a plan that `save_plan` wrote."""
    return is_plan_file(path)


def save_plan(session: Session, plan: Plan, path: Path) -> str:
    """Writes the plan so that `opened_saved` can apply it as it was shown; returns its digest."""
    where, project = session.where, session.project
    setting = Setting(
        root=str(project.root.resolve()),
        environment=project.environment,
        state=str(session.store.path.resolve()),
        created=session.clock.now(),
        variables={name: text for name, text in where.variables.items() if name in project.variables},
        options={
            "sim": session.sim,
            "scope": project.scope,
            "ownerMarks": project.owner_marks,
            "varFiles": [str(file.resolve()) for file in where.var_files],
        },
    )
    return write_plan(plan, path, key=session.state.key, setting=setting)


def read_plan(path: Path) -> Plan:
    """A saved plan for showing: no key, no network, no secret is needed."""
    return read_plan_file(path).plan


@asynccontextmanager
async def opened_saved(
    where: Where, environ: Mapping[str, str], *, in_flight: int = 10
) -> AsyncIterator[tuple[Session, Plan]]:
    """A saved plan with the books and the account that it was made for; its secrets are read again.

    Raises Problems where a secret is missing or has changed since.
    """
    setting = read_plan_file(where.path).setting
    saved = read_plan_file(where.path, _reading_again(setting, environ))
    where = replace(
        where,
        path=Path(setting.root),
        environment=setting.environment,
        sim=where.sim or bool(setting.options.get("sim")),
    )
    project = Project(
        name=saved.plan.project,
        root=Path(setting.root),
        environment=setting.environment,
        environments=(),
        declared=(),
        outputs={},
        state_folder=Path(setting.state).parent,
        scope=str(setting.options.get("scope", "")),
        owner_marks=setting.options.get("ownerMarks") is not False,
    )
    async with _opened(where, project, environ, in_flight=in_flight) as session:
        _check_basis(saved.plan, session.state)
        yield session, saved.plan


def _reading_again(setting: Setting, environ: Mapping[str, str]) -> Callable[[str], str]:
    """Reads the source of a secret again, as a plan file names it: by loading the project as it was loaded then."""
    known: dict[str, str] = {}

    def read(source: str) -> str:
        if not known:
            known.update(_secrets_of(_loaded_again(setting, environ)))
        if source not in known:
            raise problem(f"the plan needs the secret from {source}, which is there no more", "make a new plan")
        return known[source]

    return read


def _loaded_again(setting: Setting, environ: Mapping[str, str]) -> Project:
    root, scope = Path(setting.root), str(setting.options.get("scope", ""))
    return load(
        root / scope if scope else root,
        environment=setting.environment,
        variables={name: str(text) for name, text in setting.variables.items()},
        var_files=[Path(str(file)) for file in setting.options.get("varFiles", ())],
        environ=environ,
    )


def _secrets_of(project: Project) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting: list[Value] = [*(dict(item.spec) for item in project.declared), dict(project.outputs)]
    for secret in (leaf for value in waiting for leaf in leaves(value) if isinstance(leaf, Secret)):
        found[secret.source] = secret.value
        found.update({part.source: part.value for part in secret.parts if isinstance(part, Secret)})
    return found


# --- the parts --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _opened(
    where: Where, project: Project, environ: Mapping[str, str], *, in_flight: int
) -> AsyncIterator[Session]:
    store = _store(project.state_folder, project.environment, project.name)
    state = store.load()
    sim = where.sim or environ.get("NOVITA_INFRA_SIM", "") not in {"", "0"}
    async with AsyncExitStack() as stack:
        transport: httpx.AsyncBaseTransport | None = None
        clock: Clock = RealClock()
        url, key = environ.get("NOVITA_API_URL", "").strip() or API_URL, environ.get("NOVITA_API_KEY", "")
        if sim:
            transport, clock = stack.enter_context(_simulated(project.root))
            url, key = "http://simulator.invalid", "sk_simulator"
        elif not key.strip():
            raise problem("there is no API key", "set NOVITA_API_KEY, or add --sim to use the built-in simulator")
        from novita_infra.api.client import Client  # noqa: PLC0415 -- httpx takes 100 ms; not every command calls

        client = Client(
            url=url,
            key=key,
            clock=clock,
            random=random.Random(),  # noqa: S311 -- jitter, no secret
            transport=transport,
            in_flight=in_flight,
        )
        await stack.enter_async_context(client)
        host = urlsplit(url).hostname or url
        cloud = SIMULATOR if sim or host in _LOOPBACK else host
        yield Session(where, project, store, client, clock, cloud, state, sim=sim)


@contextmanager
def _simulated(root: Path) -> Iterator[tuple[httpx.AsyncBaseTransport, Clock]]:
    """The simulator in this process, its account kept in a file of the project."""
    from novita_infra.api.in_process import InProcess  # noqa: PLC0415 -- only with --sim
    from novita_infra.simulator import AccountInUse, LostAnswer, UnknownFormat, build_app, open_world  # noqa: PLC0415

    path = _sim_db(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    clock = FastClock(start=time.time(), scale=SIM_SCALE)
    try:
        world = open_world(path, now=clock.now)
    except AccountInUse:
        raise problem(f"the simulator's account in {path} is in use", "wait for the other command to end") from None
    except UnknownFormat:
        raise problem(f"{path} is no account of this simulator", "empty it with `novita-infra sim reset`") from None
    try:
        yield InProcess(build_app(world), lost=LostAnswer), clock
    finally:
        world.close()


def _sim_db(root: Path) -> Path:
    return root / ".novita-infra" / "sim.db"


def _store(folder: Path, environment: str, project: str) -> LocalStore:
    return LocalStore(folder / f"{environment}.json", project=project, environment=environment)


def _recorded(state: State, address: Address) -> Record:
    record = state.records.get(address)
    if record is None:
        raise problem(f"there is no record of {address}", nearest(str(address), [str(item) for item in state.records]))
    return record


def _mark(project: Project, address: Address, operation: str) -> str:
    """The owner mark: who made the object, for a person, and by which operation, for certain."""
    if not project.owner_marks:
        return ""
    return "/".join((_SPACE.sub("-", project.name), project.environment, str(address).replace('"', ""), operation))


def _plain_items(prefix: str, values: Mapping[str, object]) -> dict[str, object]:
    """Live values fit for the books: a map that may hold secrets is left to the API to tell."""
    kind = KINDS[prefix]
    hidden = {item.name for item in kind.fields if item.secret or item.secret_items}
    return {name: value for name, value in values.items() if name not in hidden}


def _write_manifest(session: Session, kind: Kind, address: Address, live: Live) -> str:
    from novita_infra.manifests.writing import manifest_of, unreadable  # noqa: PLC0415 -- only an import writes YAML

    missing = unreadable(kind, live)
    if missing:
        raise problem(
            f"a manifest of {address} cannot be written: the API does not tell {' and '.join(missing)}",
            f"declare {address} in a manifest, then import it",
            address=str(address),
        )
    names = {(item.address.kind, item.id): item.address.name for item in session.state.records.values() if item.id}
    name = f"{address.kind}-{address.name}.yaml"
    path = session.project.root / name
    text = manifest_of(kind, address, live, owner=lambda prefix, id: names.get((prefix, id), ""))
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise problem(f"{path} is already there", f"declare {address} in it, then import again") from None
    return name


def _check_account(session: Session) -> None:
    known = session.state.cloud
    if known and known != session.cloud and session.state.records:
        other = "run it with --sim" if known == SIMULATOR else "run it without --sim, with that account's key"
        raise problem(
            f"{session.store.path} is about {known}, and this command would talk to {session.cloud}",
            f"{other}, or use another environment",
        )


def _check_basis(plan: Plan, state: State) -> None:
    if plan.basis.lineage != state.lineage and state.records:
        raise problem("the plan was made from other books than these", "make a new plan")
    if plan.basis.serial != state.serial:
        raise problem(
            f"the books moved since the plan was made: from version {plan.basis.serial} to {state.serial}",
            "make a new plan",
        )


def _check_targets(targets: tuple[Address, ...], project: Project, state: State) -> None:
    known = {item.address for item in project.declared} | set(state.records)
    for target in targets:
        if target not in known and not any(replace(item, key="") == target for item in known):
            raise problem(f"there is no resource {target}", nearest(str(target), [str(item) for item in sorted(known)]))
