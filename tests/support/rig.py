"""A project, its state, the real client and the simulator in one process, on simulated time."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shlex
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

import httpx
import leaks
import pytest
import sights
from audit_logs import whole_log
from death import Death
from local_store import LocalStore
from plan_shapes import checked_json
from quick_yaml import yaml_of
from sights import LASTING, TABLES
from virtual import VirtualClock

from novita_infra.api.client import Client
from novita_infra.api.transport.in_process import InProcess
from novita_infra.applying.events import Event, Result
from novita_infra.lookups.answers import LookupAnswers, LookupsWanted
from novita_infra.manifests.project.loading import Project, load
from novita_infra.manifests.secrets.asking import SecretsWanted, with_secrets
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.records import Record
from novita_infra.operations.applying import apply_plan
from novita_infra.operations.hooks import hooks_of_command
from novita_infra.operations.importing import import_object
from novita_infra.operations.opening.account import SIMULATOR, OpenAccount
from novita_infra.operations.opening.lookups import LookupsOfRun
from novita_infra.operations.plans.planning import plan_project, read_inputs
from novita_infra.operations.session import ProjectOptions, Session, project_at, state_locked
from novita_infra.operations.state.edits import forget, move_record
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.options import PlanOptions, RunLimits
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.review import Review
from novita_infra.policies.running import judge_plan
from novita_infra.simulator import LIVE, PROFILES, Quirks, World, open_world, scenario_named
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.lost_answers import LostAnswer
from novita_infra.simulator.world.engine.settings import Timings
from novita_infra.state.backends.local.disk import Disk
from novita_infra.state.state import State

WRITES: Final = sights.WRITES
"""The operations that change something."""
ASKS: Final = frozenset({"chat.create", "completions.create", "embeddings.create", "rerank.create"})
"""Those of them that ask a model."""
EACH_PROFILE: Final = [
    pytest.param(name, marks=() if name == "live" else pytest.mark.slow) for name in sorted(PROFILES)
]
"""The profiles as parameters; the fast lane has the one that is like the service."""
TEN_CALLS: Final = RunLimits(max_calls=10)
SHORT: Final = Timings(
    pending=0.3,
    to_create=0.3,
    creating=0.3,
    pull=(1, 1),
    pull_prewarmed=0.5,
    pull_trouble=1,
    turning=0.3,
    starting=0.6,
    stopping=0.6,
    restarting=0.6,
    resetting=0.6,
    removing=0.6,
    network=0.6,
    prewarm_wait=0.5,
    scaling=0.6,
    endpoint_removing=0.6,
)
"""Timings for journeys that say nothing of durations: an object comes up after few polls."""


class QuickDisk(Disk):
    """A disk without fsync: a test stops a run between two calls, never the machine."""

    def fsync(self, file: int) -> None:
        del file


def asked_excludes(problems: Iterable[Diagnostic]) -> tuple[str, ...]:
    """What all the messages ask to leave out of a first run; empty where one of them asks for something else."""
    options = {item.option for item in problems}
    if not all(option.startswith("--exclude ") for option in options):
        return ()
    return tuple(sorted(name for option in options for name in shlex.split(option)[1:]))


class Rig:
    """The commands on one project without a terminal: each method is one command."""

    counts_calls: ClassVar[bool] = True
    """Whether the simulator sees each call, so that the audit log is compared with what it saw."""
    usual: ClassVar[Quirks] = LIVE
    """The profile of a rig that names none; the journeys are made under each."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 0,
        quirks: Quirks | None = None,
        environ: Mapping[str, str] | None = None,
        scenario: str = "",
        timings: Timings = SHORT,
    ) -> None:
        """`timings` are the simulator's: `Timings()` where a journey is about how long something takes."""
        self.folder = folder
        self.clock = VirtualClock()
        self.world: World = open_world(
            None,
            now=self.clock.now,
            seed=seed,
            quirks=quirks or Rig.usual,
            scenario=scenario_named(scenario) if scenario else None,
            timings=timings,
        )
        self.environ = dict(os.environ) if environ is None else dict(environ)
        self.environment = ""
        self.variables: dict[str, str] = {}
        self.key = "sk_test"
        self.events: list[Event] = []
        self.messages: list[str] = []
        """The messages of commands before a plan is made."""
        self.seed = seed
        self.hooked = False
        """Whether an apply runs the hooks of the project and of its resources."""
        self._killer: _Killer | None = None

    # --- the manifests ---

    def write(self, name: str, *documents: Any) -> None:
        """Puts a manifest file into the project; a string is written as it is."""
        text = "---\n".join(item if isinstance(item, str) else yaml_of(item) for item in documents)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def declare(self, *resources: tuple[str, str, Mapping[str, Any]], **lifecycles: dict[str, Any]) -> None:
        """Makes the project declare exactly these: (kind, name, spec)."""
        documents = [
            {
                "apiVersion": "novita-infra/v1",
                "kind": kind,
                "metadata": {"name": name},
                **({"lifecycle": lifecycles[name]} if name in lifecycles else {}),
                "spec": dict(spec),
            }
            for kind, name, spec in resources
        ]
        if not (self.folder / "novita-infra.yaml").exists():
            self.write(
                "novita-infra.yaml", {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
            )
        self.write("main.yaml", *documents)

    def project(self) -> Project:
        found = LookupAnswers()
        read = partial(
            load,
            self.folder,
            environment=self.environment,
            variables=self.variables,
            environ=self.environ,
            lookups=found,
        )
        try:
            return read()
        except LookupsWanted:  # on a loop of its own, as no command has begun
            where = ProjectOptions(path=self.folder, environment=self.environment, variables=self.variables)
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(self.clock.run, self.looking_up(where)).result()
        except SecretsWanted:  # a program has a time of its own
            with ThreadPoolExecutor(1) as pool:
                asked = with_secrets(read, self.environ, report=self.messages.append)
                return pool.submit(asyncio.run, asked).result()

    async def looking_up(self, where: ProjectOptions) -> Project:
        """The project with what it looks up."""
        async with self.client() as client:
            lookups = LookupsOfRun(partial(self.account, client), self.environ, self.messages.append)
            return await project_at(where, self.environ, destroys=False, lookups=lookups.answers)

    async def account(self, client: Client, _: Path = Path()) -> OpenAccount:
        """The account that the client talks to."""
        return OpenAccount(client, self.clock, SIMULATOR, "", sim=False, cache=None)

    # --- the commands ---

    def plan(self, *, destroys: bool = False, targets: tuple[str, ...] = (), **asked: Any) -> Review:
        wish = _asked(destroys=destroys, targets=targets, **asked)

        async def work() -> Review:
            async with self.client() as client:
                session = self._session(client)
                return await self._judged(session, await plan_project(session, wish), wish)

        return self.clock.run(work())

    def unjudged_plan(self) -> Review:
        """The plan without the policies, and without a look at its JSON, which takes an eighth of the time."""

        async def work() -> Review:
            async with self.client() as client:
                return await plan_project(self._session(client), _asked())

        return self.clock.run(work())

    def see(self) -> PlanInputs:
        """Everything that a plan of now is made from."""

        async def work() -> PlanInputs:
            async with self.client() as client:
                return await read_inputs(self._session(client), PlanOptions())

        return self.clock.run(work())

    def apply(
        self,
        *,
        destroys: bool = False,
        targets: tuple[str, ...] = (),
        review: Review | None = None,
        stop_when: Callable[[Event], bool] | None = None,
        limits: RunLimits = TEN_CALLS,
        expect_success: bool = True,
        **asked: Any,
    ) -> Result:
        """Plans and applies; with `stop_when`, asks the run to stop at the first event that it holds for."""
        wish = _asked(destroys=destroys, targets=targets, **asked)
        made, noted = self.world_calls(), self.noted_attempts() if self.counts_calls else 0
        result = self.clock.run(self.applying(wish, review=review, stop_when=stop_when, limits=limits))
        if self.counts_calls:
            assert self.noted_attempts() - noted == self.world_calls() - made, "each call that arrives is noted"
        if expect_success:
            failures = [f"{end.step.key}: {end.reason}" for end in result.ends if end.reason]
            assert result.succeeded, failures
        return result

    async def applying(
        self,
        wish: PlanOptions | None = None,
        *,
        review: Review | None = None,
        stop_when: Callable[[Event], bool] | None = None,
        limits: RunLimits = TEN_CALLS,
        does_as_asked: bool = True,
    ) -> Result:
        """An apply on a loop that runs already: several rigs that share a world and a clock apply at the same time.

        Where messages ask for a run with `--exclude` first, that is done first.
        """
        wish, stop = wish or _asked(), asyncio.Event()

        def emit(event: Event) -> None:
            self.events.append(event)
            if stop_when is not None and stop_when(event):
                stop.set()

        async with self.client() as client:
            session = self._session(client)
            async with state_locked(session, "apply"):
                made = await self._judged(session, review or await plan_project(session, wish), wish)
                excludes = asked_excludes(made.problems) if does_as_asked else ()
                if not excludes:
                    assert not made.problems, made.problems
                    hooks = hooks_of_command(session, "apply", wish, self.environ) if self.hooked else None
                    result = await apply_plan(session, made, limits=limits, emit=emit, stop=stop, hooks=hooks)
                    leaks.observe(lambda: repr((self.events, result)))
                    return result
        first = replace(wish, excludes=(*wish.excludes, *excludes))
        result = await self.applying(first, stop_when=stop_when, limits=limits, does_as_asked=False)
        if not result.succeeded:
            return result
        return await self.applying(wish, stop_when=stop_when, limits=limits, does_as_asked=False)

    def world_calls(self) -> int:
        """How many calls that may change something have reached the simulator; to ask a model changes nothing."""
        return sum(self.world.calls[name] for name in WRITES - ASKS)

    def noted_attempts(self) -> int:
        """How many attempts of calls the audit log has, which must be whole."""
        return sum(entry.call.attempts for entry in whole_log(self.store()))

    def destroy(self, **options: Any) -> Result:
        return self.apply(destroys=True, **options)

    def take_in(self, address: str, id: str, *, steal: bool = False) -> Record:
        """`import ADDR ID`."""

        async def work() -> Record:
            async with self.client() as client:
                session = self._session(client)
                async with state_locked(session, "import"):
                    return await import_object(session, Address.parse(address), id, steal=steal)

        return self.clock.run(work())

    def forget(self, address: str) -> None:
        """`state rm`."""
        forget(ProjectOptions(path=self.folder), (Address.parse(address),))

    def rename(self, source: str, target: str) -> None:
        """`state mv`."""
        move_record(ProjectOptions(path=self.folder), Address.parse(source), Address.parse(target))

    # --- looking ---

    def state(self) -> State:
        return self.store().load()

    def record(self, address: str) -> Record:
        return self.state().records[Address.parse(address)]

    def store(self) -> LocalStore:
        name = self.environment or "default"
        path = self.folder / "state" / f"{name}.json"
        return LocalStore(path, project="rig", environment=name, disk=QuickDisk())

    def crash(
        self,
        *,
        at_write: int,
        after_effect: bool,
        destroys: bool = False,
        run: Callable[[], object] | None = None,
        reads: bool = False,
    ) -> bool:
        """An apply that is killed at its nth write: the state remains as it was on disk at that instant.

        With `reads`, it is killed at its nth request of any kind. `run` is the command, where that is another one.
        Returns whether the run got that far.
        """
        killer = _Killer(self.folder / "state", at_write=at_write, after_effect=after_effect, reads=reads)
        self._killer = killer
        try:
            if run is not None:
                run()
            else:
                self.apply(destroys=destroys, expect_success=False)
        except asyncio.CancelledError:
            assert killer.death.dead
        finally:
            self._killer = None
        killer.death.restore()
        return killer.death.dead

    def client(self) -> Client:
        return Client(
            url="http://simulator.invalid",
            key=self.key,
            clock=self.clock,
            random=random.Random(self.seed),
            transport=self.transport(),
        )

    def transport(self) -> httpx.AsyncBaseTransport:
        transport: httpx.AsyncBaseTransport = InProcess(build_app(self.world, wait=self.clock.sleep), lost=LostAnswer)
        return self._killer.around(transport) if self._killer is not None else transport

    def assert_converged(self) -> None:
        """A second plan is empty, and what is live is what is on record: no orphan, no double."""
        review = self.unjudged_plan()
        left = [
            (str(change.address), change.action.value, change.why, change.fields)
            for change in review.plan.changes
            if change.action is not Action.NONE
        ]
        assert review.empty, (left, review.plan.outputs.changed, review.problems)
        self.assert_nothing_lost()

    def assert_nothing_lost(self) -> None:
        """Every live object is on record exactly once, and every record is live."""
        self.world.advance()
        records = self.state().records
        assert self.live_ids() == sorted(item.id for at, item in records.items() if at.type in LASTING)
        assert all(self.world.tables[TABLES[at.type]].get(item.id) for at, item in records.items())

    def live_ids(self) -> list[str]:
        self.world.advance()
        return sorted(
            item.id
            for table in (self.world.tables[name] for name in LASTING.values())
            for item in table
            if getattr(item, "status", getattr(item, "state", "")) not in {"removed", "toRemove", "removing"}
        )

    async def _judged(self, session: Session, review: Review, wish: PlanOptions) -> Review:
        """The review with what policies say of it; its JSON is as published."""
        project = session.project
        judged = await judge_plan(
            project,
            review,
            asked=wish,
            environ=self.environ,
            awaited=session.client.awaited,
            shown=lambda shown: checked_json(shown, project),
        )
        data = checked_json(judged, project)
        leaks.observe(lambda: json.dumps(data) + "\n".join(self.messages))
        return judged

    def _session(self, client: Client) -> Session:
        store = self.store()
        where = ProjectOptions(path=self.folder)
        cloud, state = SIMULATOR, store.load()
        return Session(where, self.project(), store, client, self.clock, cloud, state, report=self.messages.append)


class _Killer:
    """Kills a run at its nth write, as SIGKILL would: from then on nothing reaches the service or stays on disk."""

    def __init__(self, state: Path, *, at_write: int, after_effect: bool, reads: bool) -> None:
        self.death = Death(state)
        self._left = at_write
        self._after_effect = after_effect
        self._reads = reads

    def around(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        self.death.awaits_this_task()
        return _Mortal(transport, self)

    async def pass_on(self, transport: httpx.AsyncBaseTransport, request: httpx.Request) -> httpx.Response:
        if self.death.dead:
            raise httpx.ConnectError("this process is dead", request=request)
        if request.method != "POST" and not self._reads:
            return await transport.handle_async_request(request)
        self._left -= 1
        if self._left < 0 and not self._after_effect:
            self.death.strike()
            raise httpx.ConnectError("this process is dead", request=request)
        dies = self._left < 0
        try:
            response = await transport.handle_async_request(request)
        finally:
            if dies:
                self.death.strike()
        if dies:
            raise httpx.ReadError("this process is dead", request=request)
        return response


class _Mortal(httpx.AsyncBaseTransport):
    def __init__(self, transport: httpx.AsyncBaseTransport, killer: _Killer) -> None:
        self._transport = transport
        self._killer = killer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._killer.pass_on(self._transport, request)


def _asked(**asked: Any) -> PlanOptions:
    """What a person asks who knows what they do: data may be lost, unless it is said otherwise."""
    return PlanOptions(**{"allow_data_loss": ("*",), "allow_large_change": True, **asked})
