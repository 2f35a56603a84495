"""One history played in this process on made-up time, and what must hold at its end; else a Violation.

Nothing of ours is asked for the truth: what is live, whose it is and what it cost is read from the simulated world.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
from death import Death
from fleets import Resource
from histories import Act, Chapter, End, History
from kind_facts import FACTS, NOWHERE, TYPES
from outsiders import LEAVING, Outsiders, ids_in
from rig import SHORT, Rig, asked_excludes
from sights import LASTING, TABLES, seen

from novita_infra.api.errors import ApiError
from novita_infra.applying.events import Event, Result
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.operations.applying import apply_plan
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.session import state_locked
from novita_infra.planning.options import PlanOptions, RunLimits
from novita_infra.planning.plan.changes import Action
from novita_infra.simulator import PROFILES, SCENARIOS, Trouble, fault_of
from novita_infra.simulator.scenarios.model import start_scenario
from novita_infra.simulator.world.cloud import arrears, instances
from novita_infra.simulator.world.engine.settings import Limits, Timings
from novita_infra.simulator.world.market import catalogue, money

ROUNDS: Final = 4
"""Runs that may be needed after everything is healed: what failed is replaced, what was deleted is made again."""
WISHED_NAMES: Final = {
    (facts.kind, name): wished
    for facts in FACTS.values()
    if facts.fleet is not None
    for name, wished in facts.fleet.wished.items()
}
"""The names that others take in the scenario foreign-owner."""


class Violation(AssertionError):
    """Something does not hold that must hold after any history."""


def play(history: History) -> None:
    """Plays the history and checks its end. Raises Violation, with the whole course of things."""
    with tempfile.TemporaryDirectory() as folder:
        course = _Play(Path(folder), history)
        try:
            course.run()
        except Exception as error:
            trace = "\n".join(course.trace)
            head = f"{type(error).__name__}: {error}\nscenario {history.scenario}, profile {history.profile}"
            raise Violation(f"{head}\n{trace}") from error


class _Play(Rig):
    def __init__(self, folder: Path, history: History) -> None:
        self._timings = SHORT if history.short else Timings()
        profile = PROFILES[history.profile]
        super().__init__(folder, seed=history.seed, environ={}, quirks=profile, timings=self._timings)
        self.history = history
        self.trace: list[str] = []
        self.fleet: tuple[Resource, ...] = ()
        self.known: set[str] = set()
        """Every id that was ever in our state or in a plan."""
        self._wire: _Wire | None = None
        self.outsiders = Outsiders(self.world, self.known, open_kinds=self._open_kinds)
        self.made: set[str] = set()
        """Every object of ours that there ever was."""
        start_scenario(self.world, SCENARIOS[history.scenario])
        self.world.advance()

    def run(self) -> None:
        for chapter in self.history.chapters:
            self._chapter(chapter)
        self._heal()
        self._finish()
        self._check()

    def transport(self) -> httpx.AsyncBaseTransport:
        inner = super().transport()
        return self._wire.around(inner) if self._wire else inner

    def act(self, act: Act) -> None:
        """Somebody else does something now."""
        state = self.store().load()
        self._learn(state.records.values())
        own: dict[str, list[str]] = {}
        for record in state.records.values():
            if record.id:
                own.setdefault(TABLES[record.address.type], []).append(record.id)
        self.world.advance()
        self.outsiders.do(act, self.fleet, own=own)
        self.trace.append(f"    an outsider: {act.do} {act.kind} {act.pick}")

    def _open_kinds(self) -> set[str]:
        """Of which a create of ours is not over, or where lists lag."""
        stale = any(fault.kind is Trouble.STALE for fault in self.world.faults.active)
        if self._wire or stale:
            return set(TYPES)
        kinds = {prefix: kind for kind, prefix in TYPES.items()}
        records = self.store().load().records.values()
        return {kinds[item.address.type] for item in records if item.pending and not item.id}

    def look(self) -> None:
        """Takes note of what of ours there is."""
        self.made |= ids_in(self.world).keys() - self.outsiders.theirs.keys()

    # --- the chapters ---

    def _chapter(self, chapter: Chapter) -> None:
        self.fleet = tuple(self._fitted(item) for item in chapter.fleet)
        self.declare(*self.fleet, **chapter.lifecycles)
        self.trace.append(f"declared: {[(kind, name) for kind, name, _ in self.fleet]}")
        self.clock.run(self.clock.sleep(chapter.pause))
        self.world.advance()
        for act in chapter.before:
            self.act(act)
        kept = list(self.world.faults.active)
        for fault in chapter.faults:
            self.world.faults.add(fault_of(fault))
        try:
            self._go(chapter)
        finally:
            self.world.faults.active[:] = kept

    def _fitted(self, item: Resource) -> Resource:
        """The resource as the scenario needs it: with a name that others take, or on the spot market."""
        kind, name, spec = item
        if self.history.scenario == "foreign-owner" and (kind, name) in WISHED_NAMES:
            spec = {**spec, "name": WISHED_NAMES[kind, name]}
        if self.history.scenario in {"spot-reclaim", "chaos"} and (kind, name) == ("Instance", "b"):
            spec = {**spec, "billingMode": "spot"}
        return kind, name, dict(spec)

    def _go(self, chapter: Chapter) -> Result | None:
        """One run as the chapter has it; None where it was killed or came to no plan."""
        wire = self._wire = _Wire(self, chapter)
        targets = self._targets(chapter)
        stop_at = chapter.end.at if chapter.end.how == "interrupt" else None
        self.trace.append(f"  run: {chapter.end} targets {list(targets)} destroys {chapter.destroys}")
        try:
            return self.clock.run(self._work(chapter, targets, stop_at))
        except (ApiError, Problems) as error:
            self.trace.append(f"    ended with {type(error).__name__}: {error}")
        except asyncio.CancelledError:
            wire.death.restore()
            self.trace.append("    killed")
        finally:
            self._wire = None
            self.look()
            self._learn(self.store().load().records.values())
        return None

    async def _work(self, chapter: Chapter, targets: tuple[str, ...], stop_at: int | None) -> Result:
        stop = asyncio.Event()
        count = 0

        def emit(event: Event) -> None:
            nonlocal count
            count += 1
            self.known.add(getattr(event, "id", ""))
            if getattr(event, "note", "") or getattr(event, "reason", ""):
                text = getattr(event, "note", "") or getattr(event, "reason", "")
                self.trace.append(f"    {self.clock.now() - 1_790_000_000:.1f} {event.step.key}: {text}")
            if stop_at is not None and count > stop_at:
                stop.set()

        async with self.client() as client:
            session = self._session(client)
            async with state_locked(session, "apply"):
                self._learn(session.state.records.values())
                wish = PlanOptions(
                    destroys=chapter.destroys,
                    targets=targets,
                    allow_data_loss=("*",),
                    allow_large_change=True,
                    create_anyway=("*",),
                )
                made = await plan_project(session, wish)
                if excludes := asked_excludes(made.problems):
                    made = await plan_project(session, replace(wish, excludes=excludes))
                self.known |= {step.id for step in made.plan.steps}
                if made.problems:
                    raise Problems(made.problems, code=made.code)
                for change in made.plan.changes:
                    if change.action is not Action.NONE:
                        self.trace.append(f"    plan: {change.action.value} {change.address} {change.id} {change.why}")
                return await apply_plan(
                    session, made, limits=RunLimits(max_calls=chapter.parallelism), emit=emit, stop=stop
                )

    def _targets(self, chapter: Chapter) -> tuple[str, ...]:
        if chapter.target is None or not self.fleet or chapter.destroys:
            return ()
        kind, name, _ = self.fleet[chapter.target % len(self.fleet)]
        return (str(Address(TYPES[kind], name)),)

    def _learn(self, records: Any) -> None:
        for record in records:
            assert isinstance(record, Record)
            self.known |= {record.id, *record.retired}

    # --- the end ---

    def _heal(self) -> None:
        """Everything is well again: only what was done stays done."""
        world = self.world
        world.faults.clear()
        world.unpullable, world.timings = (), self._timings
        world.limits = Limits(networks=1000, prewarm_tasks=1000)  # room beside what others have
        world.account.limits = {}
        world.account.revoked = world.keys.all_revoked = False
        for happening in list(world.scenario_events):
            world.scenario_events.remove(happening)
        catalogue.set_stock(world, products="*", clusters="*", places=None)
        if money.funds_left(world) < Limits().balance // 2:
            arrears.top_up(world, Limits().balance)
        for machine in list(world.instances):
            if machine.status == "creating" and not machine.ahead:
                instances.remove_instance(world, machine)  # stuck for ever: the service's support takes it away
                self.outsiders.deleted.add(machine.id)
                self.outsiders.theirs.pop(machine.id, None)
        world.advance()
        self.trace.append("healed")

    def _finish(self) -> None:
        last = replace(self.history.chapters[-1], during=(), faults=(), target=None, destroys=False)
        for _ in range(ROUNDS):
            result = self._go(replace(last, end=End(how="done")))
            if result is not None and result.succeeded:
                return
        raise Violation(f"not done after {ROUNDS} runs without any fault")

    def _check(self) -> None:
        review = self.unjudged_plan()
        left = [
            (str(item.address), item.action, item.why) for item in review.plan.changes if item.action is not Action.NONE
        ]
        state = self.state()
        _holds(review.empty, f"the second plan is not empty: {left} {review.problems} {review.plan.outputs.changed}")
        still = [record for record in state.records.values() if record.pending]
        _holds(not still, f"something is still under way: {still}")
        live = sorted(ids_in(self.world).keys() - self.outsiders.theirs.keys())
        on_record = sorted(record.id for at, record in state.records.items() if at.type in LASTING)
        _holds(live == on_record, f"live {live}, on record {on_record}")
        wrong = [*self.outsiders.untouched(), *self._unlike(), *self._unexplained()]
        _holds(not wrong, "\n".join(wrong))

    def _unlike(self) -> Iterator[str]:
        """Where the world is not as declared."""
        names = {(kind, name): str(spec.get("name", name)) for kind, name, spec in self.fleet}
        declared = {(TYPES[kind], name) for kind, name, _ in self.fleet}
        records = self.state().records
        if {(address.type, address.name) for address in records} != declared:
            yield f"declared {sorted(declared)}, on record {sorted(map(str, records))}"
            return
        for kind, name, spec in self.fleet:
            prefix = TYPES[kind]
            found = seen(self.world, prefix, records[Address(prefix, name)].id)
            once = FACTS[prefix].needed_once
            for field, wanted in self._plainly(spec, names).items():
                if field in once or field in NOWHERE.get(prefix, ()):
                    continue
                shown = found[field]
                if field == "autoMigrate" or (field == "env" and "template" in spec):
                    shown = {key: value for key, value in shown.items() if key in wanted}
                if shown != wanted:
                    yield f"{prefix}.{name}.{field} is {shown}, declared {wanted}"

    def _plainly(self, spec: Mapping[str, Any], names: Mapping[tuple[str, str], str]) -> dict[str, Any]:
        """What the world shall show of the spec, in the words of `sights`."""
        plain: dict[str, Any] = {}
        for field, value in spec.items():
            match field:
                case "product" | "template" | "billingMode":
                    continue
                case "registryAuth":
                    plain[field] = names["RegistryAuth", value]
                case "vpc":
                    plain[field] = names["VPC", value]
                case "networkStorages":
                    plain[field] = [{**item, "storage": names["NetworkStorage", item["storage"]]} for item in value]
                case "ports":
                    plain[field] = sorted(value)
                case "env":
                    plain[field] = {key: self._filled(text) for key, text in value.items()}
                case _:
                    plain[field] = value
        if "name" in spec:
            plain["name"] = spec["name"]
        return plain

    def _filled(self, text: str) -> str:
        for address, record in self.state().records.items():
            text = text.replace(f"${{{address}.id}}", record.id)
        return text

    def _unexplained(self) -> Iterator[str]:
        """Money that was or is spent on no object of our state or of other people."""
        world = self.world
        lost = self.made - self.known - self.outsiders.deleted - self.outsiders.theirs.keys()
        if lost:
            yield f"created and never recorded: {sorted(lost)}"
        by_meter = sum(money.meter_cost(meter, world.moment) for meter in world.meters)
        bought = -sum(payment.amount for payment in world.payments if payment.kind != "recharge")
        used = sum(usage.cost for usage in world.usages)
        if money.spent(world) != by_meter + bought + used:
            yield f"spent {money.spent(world)}, and the meters show {by_meter}, bought {bought}, tokens {used}"
        on_record = {record.id for record in self.state().records.values()}
        others = self.outsiders.theirs.keys() | self.outsiders.deleted
        for meter in world.meters:
            if meter.owner not in self.known | others:
                yield f"{meter.owner} cost money and is nobody's"
            if not meter.until and meter.owner not in on_record | self.outsiders.theirs.keys():
                yield f"the meter of {meter.owner} still runs"
        for machine in world.instances:
            meters = [meter for meter in world.meters if meter.owner == machine.id and meter.id != machine.disk_meter]
            running = [meter for meter in meters if not meter.until]
            wanted = machine.status not in {"exited", *LEAVING} and machine.billing != "monthly"
            if machine.id in on_record and len(running) != wanted:
                yield f"{machine.id} is {machine.status} and has {len(running)} meters"


def _holds(truth: bool, otherwise: str) -> None:
    if not truth:
        raise Violation(otherwise)


class _Wire(httpx.AsyncBaseTransport):
    """What lies between a run and the service: others act between its requests, and it may die at one of them."""

    def __init__(self, course: _Play, chapter: Chapter) -> None:
        self._course = course
        self._chapter = chapter
        self._inner: httpx.AsyncBaseTransport | None = None
        self.death = Death(course.folder / "state")
        self._requests = 0
        self._writes = 0

    def around(self, inner: httpx.AsyncBaseTransport) -> _Wire:
        self._inner = inner
        self.death.awaits_this_task()
        return self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.death.dead or self._inner is None:
            raise httpx.ConnectError("this process is dead", request=request)
        number, writes = self._requests, self._writes
        self._requests += 1
        self._writes += request.method == "POST"
        for at, act in self._chapter.during:
            if at == number:
                self._course.act(act)
        end = self._chapter.end
        counted = writes if end.writes else number
        hit = end.how.startswith("kill") and counted == end.at and (request.method == "POST" or not end.writes)
        if hit and end.how == "kill before":
            self.death.strike()
            raise httpx.ConnectError("this process is dead", request=request)
        response = await self._inner.handle_async_request(request)
        self._course.look()
        if hit:
            self.death.strike()
            raise httpx.ReadError("this process is dead", request=request)
        if self.death.dead:
            raise httpx.ReadError("this process is dead", request=request)
        return response
