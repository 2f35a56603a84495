"""The account of a command that needs no manifests, beside the states of the project in whose folder it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import field
from pathlib import Path

from novita_infra.api.heartbeat import Heartbeat
from novita_infra.api.protocol import ApiClient
from novita_infra.manifests.project.discovery import find
from novita_infra.manifests.project.locating import Located, locate
from novita_infra.model.clock import Clock
from novita_infra.model.diagnostics import Problems
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.recorded import RecordedObjects, recorded_in
from novita_infra.operations.opening.account import account_opener
from novita_infra.operations.opening.simulated import silence_of
from novita_infra.state.opening import open_backend
from novita_infra.state.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOptions:
    """Which account a command is about, and which project names its objects."""

    project: Path = Path()
    """A folder of a project, or a folder inside of one; there need not be one."""
    environment: str = ""
    """The environment whose objects are meant; empty for those of all."""
    sim: bool = False
    names_objects: bool = True
    """Whether the addresses of objects are needed: only then the states are read."""


@dataclass(slots=True)
class AccountView:
    """An open account, and what the states of the project record of it."""

    where: AccountOptions
    place: Located | None
    """The project; None where there is none."""
    client: ApiClient
    clock: Clock
    cloud: str
    """What states call the account: `simulator`, or the API's host."""
    digest: str
    """A digest of the API's address and of the key."""
    sim: bool
    recorded: RecordedObjects
    report: Callable[[str], None] = lambda _: None
    """Shows a message about a wait."""
    heartbeat: Heartbeat = field(init=False)

    def __post_init__(self) -> None:
        silence = silence_of(sim=self.sim)
        self.heartbeat = Heartbeat(self.clock, self.client.awaited, self.report, silence=silence)


@asynccontextmanager
async def open_account_view(
    where: AccountOptions, environ: Mapping[str, str], *, report: Callable[[str], None] = lambda _: None
) -> AsyncIterator[AccountView]:
    """The account and the recorded objects. Raises Problems if there is no key, or the environment does not exist.

    A state that cannot be read is reported: its objects have no addresses then. `report` shows a message.
    """
    place = _located(where, environ)
    states = list(_states(place, where.environment, report)) if place and where.names_objects else []
    async with account_opener(environ, sim=where.sim, in_flight=None) as opener:
        opened = await opener.open(place.root if place else where.project)
        recorded = recorded_in(state for state in states if state.cloud in {"", opened.cloud})
        view = AccountView(
            where, place, opened.client, opened.clock, opened.cloud, opened.digest, opened.sim, recorded, report
        )
        async with view.heartbeat.while_reading():
            yield view


def _located(where: AccountOptions, environ: Mapping[str, str]) -> Located | None:
    """The project. Without an environment to choose, any serves: the states of all are read."""
    found = find(where.project)
    if not (found.project_file or found.manifests):
        return None
    if where.environment:
        return locate(where.project, environment=where.environment, environ=environ)
    with suppress(Problems):
        return locate(where.project, environ=environ)
    return None


def _states(place: Located, environment: str, report: Callable[[str], None]) -> Iterator[State]:
    """The states of the project that exist; those of one environment if it is named."""
    try:
        backend = open_backend(place.state)
        names = [environment] if environment else list(backend.environments())
        for name in names:
            try:
                yield backend.store(name).load()
            except Problems as problems:
                report(f"The addresses of the environment {name} are not shown: {problems}")
    except Problems as problems:
        report(f"The addresses of the project are not shown: {problems}")
