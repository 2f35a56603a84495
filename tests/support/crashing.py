"""A real `apply` in a process of its own that SIGKILL ends at an exact instant, and what must hold after the next one.

Between the command and the simulator stands a proxy that sees every request: it knows when one was sent, had its effect
or was answered. What only the command knows (that it is about to write) is found where it calls the system.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import re
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Final

import forking
import httpx
import yaml
from audit_logs import whole_log
from crash_cases import Case
from edits import Resource
from processes import LIMIT, environment
from sights import LASTING, WRITES, seen
from state_backends import BACKENDS, manifest_part
from virtual import VirtualClock

from novita_infra.api.client import Client
from novita_infra.api.transport.in_process import InProcess
from novita_infra.model.addresses import Address
from novita_infra.model.clock import FastClock
from novita_infra.operations.applying import apply_plan
from novita_infra.operations.opening.account import SIMULATOR, OpenAccount
from novita_infra.operations.plans.approved_plans import run_of_saved
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.plans.saved_plans import opened_saved, save_plan
from novita_infra.operations.session import (
    ProjectOptions,
    Session,
    open_session,
    state_locked,
    validate_project,
    with_project,
)
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.review import Review
from novita_infra.simulator import PROFILES, World, open_world
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.lost_answers import LostAnswer
from novita_infra.simulator.http.serving import background
from novita_infra.simulator.routes.registry import OPERATIONS
from novita_infra.simulator.world.engine.settings import Timings
from novita_infra.state.guarded import GuardedStore
from novita_infra.state.state import State

TIME_SCALE: Final = 60
"""Of the cloud while the command runs: slow enough that an object is still on its way when the next run begins."""
PULL: Final = (8, 12)
"""The seconds that an image takes; each of them costs polls."""
HURRY: Final = 30
"""How many seconds pass in one for a run that is not killed and talks to a served cloud: it waits out grace times."""
SECRETS: Final = {"OLD": "old-secret", "NEW": "new-secret"}


class Point(enum.Enum):
    """The instant of death."""

    SENDING = "before the send"
    """What is wanted is on disk; the cloud knows nothing of it."""
    ANSWERING = "after the effect, before the answer"
    JOURNAL = "after the answer, before the journal"
    STATE = "between journal and state"
    """The run is done; the state file is not written."""
    WAITING = "during the wait"


class NotKilled(AssertionError):
    """The run never got to the instant."""


def happens(case: Case, point: Point) -> bool:
    """Whether the case has such an instant: what is done when it is answered is not waited for."""
    return point is not Point.WAITING or case.waits


def survives(
    case: Case, point: Point, folder: Path, *, saved: bool = False, profile: str = "live", backend: str = "local"
) -> None:
    """Kills the case's run at the point, runs it again, and checks all that must hold. Raises AssertionError.

    With `saved`, both runs are those of a saved plan. `profile` is the simulator's; `backend` keeps the state.
    """
    project, account = folder / "project", folder / "account.db"
    state = None if backend == "local" else manifest_part(backend, folder / "place")
    declare = partial(declare_in, state=state)
    with _served(account, profile) as cloud:
        declare(project, case.before)
        _apply(project, cloud)
        calls = dict(cloud.world.calls)
        moved = {case.was: f"{case.kind}.it"} if case.was else {}
        declare(project, case.after, moved=moved, check=case.check)
        plan = folder / "it.niplan"
        with cloud.running():
            if saved:
                _save_plan(project, cloud.address, plan)
            words = ("apply", str(plan), "--project", str(project)) if saved else apply_words(project)
            _kill(project, cloud.address, words, at=case.at, point=point, armed=folder / "armed", backend=backend)
            if saved:
                apply_saved_hurried(plan, project, cloud.address)
        if not saved:
            _apply(project, cloud)
        made = {name: count - calls.get(name, 0) for name, count in cloud.world.calls.items()}
        _assert_nothing_to_do(project, cloud)
        cloud.clock.advance(60)
        cloud.world.advance()
    place = project if state is None else folder / "place"
    store = BACKENDS[backend].open(place).store("default")
    recorded = store.load()
    assert isinstance(store, GuardedStore)
    noted = {entry.call.path for entry in whole_log(store)}
    plain = (item for item in OPERATIONS if item.name in WRITES and "{" not in item.path)
    assert noted >= {item.path for item in plain if made.get(item.name)}
    most = 1 if case.single else 2
    assert 1 <= made[case.operation] <= most, f"{case.operation} reached the cloud {made[case.operation]} times"
    _assert_on_record_once(recorded, account, case)


@contextlib.contextmanager
def _served(account: Path, profile: str) -> Iterator[_Cloud]:
    """A simulator whose account is kept in the file, served by a thread of this process."""
    cloud = _Cloud(account, profile)
    try:
        with background(build_app(cloud.world)) as server:
            cloud.address = server.url
            yield cloud
    finally:
        cloud.world.close()


class _Cloud:
    """A world whose time runs while the command does. Else it jumps to the end of each wait of this process.

    Its time is ahead of `clock`, which is that of the runs.
    """

    def __init__(self, account: Path, profile: str) -> None:
        quirks = replace(PROFILES[profile], cluster_rests=False, endpoint_pause=0.0)  # whose refusals count as calls
        timings = replace(Timings(), **{**quirks.timings, "pull": PULL})
        self.address = ""
        self.clock = VirtualClock(time.time())
        self._ahead = 0.0
        self._began: float | None = None
        self.world = open_world(account, now=self._now, quirks=quirks, timings=timings)

    def _now(self) -> float:
        if self._began is None:
            return self.clock.now() + self._ahead
        return self._paused + TIME_SCALE * (time.monotonic() - self._began)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Time runs."""
        self._paused, begin = self._now(), time.monotonic()
        self._began = begin
        try:
            yield
        finally:
            passed = time.monotonic() - begin
            self.clock.advance(passed)
            self._ahead += passed * (TIME_SCALE - 1)
            self._began = None

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[OpenAccount]:
        """The account, as a command opens it."""
        transport = InProcess(build_app(self.world, wait=self.clock.sleep), lost=LostAnswer)
        async with Client(
            url=self.address, key="sk_test", clock=self.clock, random=Random(0), transport=transport
        ) as client:
            yield OpenAccount(client, self.clock, SIMULATOR, "0" * 16, sim=False, cache=None)


def declare_in(
    project: Path,
    resources: tuple[Resource, ...],
    *,
    moved: Mapping[str, str] | None = None,
    state: Mapping[str, Any] | None = None,
    check: Mapping[str, Any] | None = None,
) -> None:
    """The project declares exactly these, with a check of `it`, and keeps its state at the place of these settings."""
    project.mkdir(exist_ok=True)
    head = {
        **({"state": dict(state)} if state else {}),
        "apiVersion": "novita-infra/v1",
        "kind": "Project",
        "metadata": {"name": "crashing"},
        "moved": [{"from": source, "to": target} for source, target in (moved or {}).items()],
    }
    (project / "novita-infra.yaml").write_text(yaml.safe_dump(head), encoding="utf-8")
    documents = [
        {
            "apiVersion": "novita-infra/v1",
            "kind": kind,
            "metadata": {"name": name},
            **({"check": dict(check)} if check and name == "it" else {}),
            "spec": dict(spec),
        }
        for kind, name, spec in resources
    ]
    (project / "main.yaml").write_text(yaml.safe_dump_all(documents), encoding="utf-8")


# --- the next run, and what must hold after it ------------------------------------------------------------------------


def apply_hurried(project: Path, server: str) -> None:
    """Applies, without the proxy and on hurried time. Raises AssertionError where a step does not succeed."""
    asyncio.run(_applied(_hurried(project, server)))


def _apply(project: Path, cloud: _Cloud) -> None:
    cloud.clock.run(_applied(_opened(project, cloud)))


async def _applied(opened: AbstractAsyncContextManager[Session]) -> None:
    async with opened as session:
        plan = await plan_project(session, PlanOptions(allow_data_loss=("*",)))
        result = await apply_plan(session, plan, emit=lambda _: None, stop=asyncio.Event())
    assert result.succeeded, [f"{end.step.key}: {end.reason}" for end in result.ends if end.reason]


def apply_words(project: Path) -> tuple[str, ...]:
    """The command that applies the project."""
    return ("apply", str(project), "--auto-approve", "--allow-data-loss", "*")


def _save_plan(project: Path, server: str, plan: Path) -> None:
    asked = PlanOptions(allow_data_loss=("*",))

    async def work() -> None:
        async with _hurried(project, server) as session:
            save_plan(session, await plan_project(session, asked), plan, asked=asked)

    asyncio.run(work())


def apply_saved_hurried(plan: Path, project: Path, server: str) -> None:
    """Applies the saved plan as `apply_hurried` applies the project; twice, the second time with nothing left."""

    async def work(*, left: bool) -> None:
        environ = _account(server, project)
        async with opened_saved(plan, ProjectOptions(path=project), environ) as (session, saved):
            session.clock = FastClock(start=time.time(), scale=HURRY)
            async with state_locked(session, "apply"):
                run = await run_of_saved(session, saved)
                assert run.used.done is not left
                if left:
                    result = await apply_plan(
                        session, run.review, emit=lambda _: None, stop=asyncio.Event(), used=run.used
                    )
                    assert result.succeeded, [f"{end.step.key}: {end.reason}" for end in result.ends if end.reason]
                else:
                    assert run.review.empty

    asyncio.run(work(left=True))
    asyncio.run(work(left=False))


def _assert_nothing_to_do(project: Path, cloud: _Cloud) -> None:
    async def work() -> Review:
        async with _opened(project, cloud) as session:
            return await plan_project(session)

    review = cloud.clock.run(work())
    left = [
        f"{item.address}: {item.action.value} {item.why}"
        for item in review.plan.changes
        if item.action is not Action.NONE
    ]
    assert review.empty, f"the second plan is not empty: {left}"


@contextlib.asynccontextmanager
async def _opened(project: Path, cloud: _Cloud) -> AsyncIterator[Session]:
    where = ProjectOptions(path=project)
    declared = validate_project(where, _account(cloud.address, project))
    async with cloud.opened() as opened:

        async def account(_: Path) -> OpenAccount:
            return opened

        opener: Any = SimpleNamespace(open=account)
        async with with_project(where, declared, opener) as session, state_locked(session, "apply"):
            yield session


@contextlib.asynccontextmanager
async def _hurried(project: Path, server: str) -> AsyncIterator[Session]:
    async with open_session(ProjectOptions(path=project), _account(server, project)) as session:
        session.clock = FastClock(start=time.time(), scale=HURRY)
        async with state_locked(session, "apply"):
            yield session


def _assert_on_record_once(state: State, account: Path, case: Case) -> None:
    """Every live object is on record exactly once, nothing is under way, and `it` is what the edit made of it."""
    world = open_world(account, now=lambda: 0.0)
    try:
        on_record = sorted(record.id for at, record in state.records.items() if at.type in LASTING)
        assert live_ids(world) == on_record, f"live: {live_ids(world)}, on record: {on_record}"
        unfinished = [str(item.address) for item in state.records.values() if item.pending]
        assert not unfinished, f"still under way: {unfinished}"
        it = state.records.get(Address(case.kind, "it"))
        shown = seen(world, case.kind, it.id) if it and case.shows else {}
        assert {name: shown.get(name) for name in case.shows} == dict(case.shows)
    finally:
        world.close()


def live_ids(world: World) -> list[str]:
    """The ids of all that the account holds; what is leaving has left."""
    leaving = {"removed", "toRemove", "removing", "deleting"}
    items: list[Any] = [item for table in LASTING.values() for item in world.tables[table]]
    return sorted(item.id for item in items if getattr(item, "status", getattr(item, "state", "")) not in leaving)


# --- the run that is killed -------------------------------------------------------------------------------------------

_LAUNCHER: Final = """
import os, signal

point, armed, paths = os.environ["CRASH_POINT"], os.environ["CRASH_ARMED"], {}
opened, written, replaced = os.open, os.write, os.replace

def die_if(instant, path, ending):
    if point == instant and os.fspath(path).endswith(ending) and os.path.exists(armed):
        os.kill(os.getpid(), signal.SIGKILL)

def open_(path, *rest, **named):
    file = opened(path, *rest, **named)
    paths[file] = path
    return file

def write(file, data):
    die_if("JOURNAL", paths.get(file, ""), ".journal")
    return written(file, data)

def replace(source, target, **named):
    die_if("STATE", target, "default.json")
    return replaced(source, target, **named)

if os.environ["CRASH_BACKEND"] == "local":
    os.open, os.write, os.replace = open_, write, replace
else:
    from novita_infra.state.guarded import GuardedStore
    from novita_infra.state.journal_queue import JournalQueue

    def dying(method, instant):
        def call(*given):
            die_if(instant, "", "")
            return method(*given)
        return call

    JournalQueue._flush = dying(JournalQueue._flush, "JOURNAL")
    GuardedStore.save = dying(GuardedStore.save, "STATE")

from novita_infra.cli import main

main()
"""
"""The command, with the system's calls on files watched; for a state on a server, with the two calls that write it."""


def _kill(
    project: Path, server: str, words: tuple[str, ...], *, at: int, point: Point, armed: Path, backend: str
) -> None:
    """Runs the command until it is killed. Raises NotKilled where it ends by itself."""

    async def work() -> tuple[int, bytes]:
        proxy = _Proxy(server, at=at, point=point, armed=armed)
        async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as listener:
            port = listener.sockets[0].getsockname()[1]
            child = forking.start(
                _LAUNCHER,
                *words,
                env={
                    **environment(),
                    **_account(f"http://127.0.0.1:{port}", project),
                    "CRASH_POINT": point.name,
                    "CRASH_ARMED": str(armed),
                    "CRASH_BACKEND": backend,
                },
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            proxy.victim = child
            try:
                _, stderr = await asyncio.to_thread(child.communicate, timeout=LIMIT)
            finally:
                child.kill()
                child.wait()
            return child.returncode, stderr

    code, stderr = asyncio.run(work())
    if code != -signal.SIGKILL:
        raise NotKilled(f"the run ended with {code} before the instant came:\n{stderr.decode()}")


class _Proxy:
    """Hands requests on, and kills the command at the instant that is asked for."""

    def __init__(self, server: str, *, at: int, point: Point, armed: Path) -> None:
        url = httpx.URL(server)
        self._host, self._port = url.host, url.port
        self._at, self._point, self._armed = at, point, armed
        self._writes = 0
        self.victim: subprocess.Popen[bytes] | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer."""
        # Cancelled where the command was killed with another call in flight; asyncio would tell of it on stderr.
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await self._exchange(reader, writer)
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _request(reader)
        line = request.partition(b"\r\n")[0]
        reads = line.startswith(b"GET ") and b"/content " not in line  # a download is no look at what it waits for
        chosen = not reads and self._writes == self._at
        self._writes += not reads
        answer = b""
        waits = reads and self._armed.exists()
        dies = (chosen and self._point is Point.SENDING) or (waits and self._point is Point.WAITING)
        if not dies:
            answer = await self._hand_on(request)
            dies = chosen and self._point is Point.ANSWERING
        if dies:
            await self._kill()
            return
        if chosen:
            self._armed.touch()
        writer.write(answer)
        await writer.drain()

    async def _kill(self) -> None:
        assert self.victim is not None
        self.victim.kill()
        await asyncio.to_thread(self.victim.wait)

    async def _hand_on(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(re.sub(rb"(?i)\r\n(connection: [^\r]*\r\n)?", b"\r\nConnection: close\r\n", request, count=1))
            return await reader.read(-1)
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


def _account(server: str, project: Path) -> dict[str, str]:
    cache = str(project / "cache")
    return {**SECRETS, "NOVITA_API_URL": server, "NOVITA_API_KEY": "sk_test", "NOVITA_INFRA_CACHE": cache}
