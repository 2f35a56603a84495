"""An account with machines of a made-up kind, and a run on it: for direct tests of the modules of `applying`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Final, TypeVar

from virtual import VirtualClock

from novita_infra.api.awaited import AwaitedCalls
from novita_infra.api.errors import ApiError, NotFound, Unanswered
from novita_infra.api.known_secrets import KnownSecrets, SecretSource
from novita_infra.api.limits.kept_answers import KeptAnswers
from novita_infra.api.logs.reader import LogReader
from novita_infra.api.request import Pages, Request, WalkedItems, get, post
from novita_infra.api.transfers.form import FileForm, Moved
from novita_infra.applying.events import Event, Progressed
from novita_infra.applying.records import RunRecords
from novita_infra.applying.run import Run, StepRun
from novita_infra.kinds.call import ApiCalls, Call, ReadCalls, Target
from novita_infra.kinds.field import By, Cases, Default, Field, Platform, Refusal
from novita_infra.kinds.kind import Kind, Market, Offer
from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Timeouts
from novita_infra.model.records import Record
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Spec, Value
from novita_infra.planning.plan.steps import RecordData, Step, StepAction, StepLimits, action_name
from novita_infra.state.state import State, UsedPlan

T = TypeVar("T")
A: Final = Address("machine", "a")
B: Final = Address("machine", "b")
BOOT: Final = 10.0
"""Seconds from the create of a machine until it is ready."""
_PHASES: Final = {
    "booting": Phase.CHANGING,
    "pulling": Phase.CHANGING,
    "on": Phase.READY,
    "off": Phase.STOPPED,
    "broken": Phase.FAILED,
    "leaving": Phase.LEAVING,
}


def _parse(item: Mapping[str, Any]) -> Live:
    values = {name: item[name] for name in ("name", "size", "power") if name in item}
    return Live(
        item["id"],
        item["name"],
        _PHASES[item["status"]],
        item["status"],
        values,
        outputs={"url": f"https://{item['id']}", **({"until": item["months"]} if "months" in item else {})},
        trouble=item.get("trouble", ""),
        mark=item.get("mark", ""),
        stuck=item.get("stuck", False),
    )


def _renewed(target: Target, live: Live) -> bool:
    return target.live is None or live.outputs.get("until") != target.live.outputs.get("until")


def _create(target: Target) -> Request:
    return post("/create", {**target.spec, "mark": target.mark})


def _call(name: str, *fields: str, repeatable: bool = False) -> Callable[[Target], Request]:
    def request(target: Target) -> Request:
        return post(
            f"/{name}", {"id": target.id, **{item: target.value(item) for item in fields}}, repeatable=repeatable
        )

    return request


_PLATFORM: Final = Platform()


def _field(name: str, change: By | Cases, absent: Platform | Default = _PLATFORM) -> Field:
    return Field(name=name, schema={}, doc="", api="", change=change, absent=absent)


_POWER: Final = Cases({("on", "off"): By("stop"), ("off", "on"): By("start")}, otherwise=Refusal("no such state"))
MACHINE: Final = Kind(
    name="Machine",
    type="machine",
    summary="",
    fields=(
        _field("name", By("rename")),
        _field("size", By("resize"), Default(1)),
        _field("months", By("renew")),
        _field("power", _POWER),
        _field("place", By("move")),
    ),
    outputs={"url": ""},
    api=ApiCalls(
        read=ReadCalls(
            pages=Pages(path="/list", items=("items",), identity=("id",)),
            parse=_parse,
            get=lambda id: get("/get", id=id),
            stages={"booting": "boot", "pulling": "pull"},
        ),
        create=Call(name="create", summary="create: a machine", request=_create),
        new_id=lambda answer: str((answer or {}).get("id", "")),
        matches=lambda spec, live: bool(spec.get("name") == live.name),
        updates=(
            Call(name="rename", summary="rename", request=_call("rename", "name", repeatable=True)),
            Call(name="resize", summary="resize", request=_call("resize", "size")),
            Call(
                name="renew",
                summary="renew",
                request=_call("renew", "months"),
                took_effect=_renewed,
            ),
            Call(
                name="start",
                summary="start",
                request=_call("start"),
                allowed_phases=frozenset({Phase.STOPPED}),
            ),
            Call(name="stop", summary="stop", request=_call("stop"), final_phases=frozenset({Phase.STOPPED})),
        ),
        delete=Call(name="delete", summary="delete", request=_call("delete", repeatable=True)),
        mark_place="its note",
    ),
    timeouts=Timeouts(create=60.0, update=60.0, delete=60.0),
)


def with_offers(*places: str) -> Kind:
    """The kind, with a create that tries these places one after another."""

    def offers(spec: Spec) -> tuple[Offer, ...]:
        return tuple(Offer(spec={**spec, "place": place}, place={"place": place}) for place in places)

    return replace(MACHINE, market=Market(offers=offers))


class FakeAccount:
    """Implements ApiClient. Machines boot for BOOT seconds and leave at once."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.random = random.Random(0)
        self.kept = KeptAnswers()
        self.notes: Any = None
        self.dated: tuple[str, float] | None = None
        self.awaited = AwaitedCalls(self.clock.now, quiet_until=lambda: 0.0)
        self.addressed: Any = None  # no test of it calls an address
        self.machines: dict[str, dict[str, Any]] = {}
        self.sent: list[str] = []
        """The paths of the calls that were sent, reads left out."""
        self.was_sent = asyncio.Event()
        """Set with the first such call."""
        self.reads = 0
        """How many single machines were read."""
        self.lists = 0
        """How often the list was read."""
        self.failures: dict[str, list[type[ApiError]]] = {}
        """By path, the errors of the next calls; nothing happens in these calls."""
        self.lost: dict[str, int] = {}
        """By path, how many of the next calls happen without an answer."""
        self.log: tuple[str, ...] = ()
        self.secrets = KnownSecrets("hunter2-hunter2")
        self.boots = True
        """Whether machines become ready."""
        self.doubles = False
        """Whether a create makes two machines."""

    def add(self, name: str, status: str = "on", **values: Any) -> str:
        """Adds a machine and returns its id."""
        id = f"m-{len(self.machines) + 1}"
        self.machines[id] = {"id": id, "name": name, "status": status, "since": self.clock.now(), **values}
        return id

    async def send(self, request: Request) -> Any:
        await asyncio.sleep(0)
        path = request.path
        if path == "/get":
            self.reads += 1
            return self._shown(self._machine(request, str(request.query["id"])))
        self.sent.append(path)
        self.was_sent.set()
        if self.failures.get(path):
            raise self.failures[path].pop(0)(request, text="refused by the test")
        answer = self._change(request)
        if self.lost.get(path):
            self.lost[path] -= 1
            raise Unanswered(request, text="the answer was lost")
        return answer

    async def walk(self, pages: Pages) -> WalkedItems:
        del pages
        await asyncio.sleep(0)
        self.lists += 1
        return WalkedItems(self._shown(item) for item in self.machines.values())

    async def upload(self, request: Request, form: FileForm, moved: Moved) -> Any:
        raise NotImplementedError

    async def download(self, request: Request, file: BinaryIO, moved: Moved, *, size: int = 0) -> int:
        raise NotImplementedError

    def is_own(self, masked: str) -> bool:
        return bool(masked)

    def hide(self, source: SecretSource) -> None:
        self.secrets.add(source)

    def secrets_in_values(self, texts: Collection[str]) -> dict[str, str]:
        return self.secrets.in_values(texts)

    def redacted(self, text: str) -> str:
        return self.secrets.redacted(text)

    async def last_log_lines(self, address: str, *, secrets: Iterable[str]) -> tuple[str, ...]:
        del address, secrets
        return self.log

    def log_reader(self, *, secrets: Iterable[str]) -> LogReader:
        raise NotImplementedError(secrets)

    def _machine(self, request: Request, id: str) -> dict[str, Any]:
        if id not in self.machines:
            raise NotFound(request)
        return self.machines[id]

    def _shown(self, item: dict[str, Any]) -> dict[str, Any]:
        booted = self.boots and self.clock.now() - item["since"] >= BOOT
        return {**item, "status": "on"} if item["status"] == "booting" and booted else item

    def _change(self, request: Request) -> Any:
        body = dict(request.body or {})
        if request.path == "/create":
            if self.doubles:
                self.add(status="booting", **body)
            return {"id": self.add(status="booting", **body)}
        item = self._machine(request, body.pop("id"))
        match request.path:
            case "/delete":
                del self.machines[item["id"]]
            case "/start" | "/stop":
                item["status"] = item["power"] = "on" if request.path == "/start" else "off"
            case "/renew":
                item["months"] = item.get("months", 0) + body["months"]
            case _:
                item.update(body)
        return {}


class ListJournal:
    """Implements Journal: keeps the events in a list."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def put(self, record: Record, event: str) -> None:
        self.lines.append(f"{record.address} {record.id or '-'}: {event}")

    async def drop(self, address: Address, event: str) -> None:
        self.lines.append(f"{address} dropped: {event}")

    async def snapshot(self, name: str, ids: tuple[str, ...]) -> None:
        self.lines.append(f"snapshot {name}: {', '.join(ids)}")

    async def roll(self, members: Mapping[Address, float | None]) -> None:
        for address, ready_at in members.items():
            self.lines.append(f"{address} rolls: {ready_at}")

    def note(self, note: Mapping[str, Value]) -> None:
        """Keeps nothing: the events say what happens."""

    async def write_notes(self) -> None:
        """Keeps nothing."""

    async def use_plan(self, plan: UsedPlan) -> None:
        self.lines.append(f"uses {plan.seal}")


@dataclass
class Scene:
    """A fake account, the records of a state, and a run on both."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    kind: Kind = MACHINE
    marks: bool = False
    events: list[Event] = field(default_factory=list)
    journal: ListJournal = field(default_factory=ListJournal)

    def __post_init__(self) -> None:
        self.account = FakeAccount(self.clock)
        self.stop = asyncio.Event()
        self.records = self.records_of()
        self._operations = iter(range(1, 1000))

    def records_of(self, *records: Record, serial: int = 1, **state: Any) -> RunRecords:
        """The records of a state; the next run uses them."""
        known = State("l", "00" * 32, serial, records={item.address: item for item in records}, **state)
        self.records = RunRecords(known, self.journal, now=self.clock.now)
        return self.records

    def run(self) -> Run:
        """A new run."""
        return Run(
            kinds={"machine": self.kind},
            client=self.account,
            records=self.records,
            clock=self.clock,
            emit=self.events.append,
            stop=self.stop,
            slots=asyncio.Semaphore(2),
            operation=lambda: f"op-{next(self._operations)}",
            mark=lambda address, operation: f"{address}/{operation}" if self.marks else "",
        )

    def at(self, step: Step) -> StepRun:
        """The step in a new run; to be called inside `play`."""
        return StepRun.of(self.run(), step)

    def play(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs the coroutine in virtual time."""
        if not self.stop.is_set():
            self.stop = asyncio.Event()  # an event belongs to one loop
        return self.clock.run(work)

    def record(self, address: Address = A) -> Record:
        """The record of the resource, which must exist."""
        record = self.records.get(address)
        assert record is not None
        return record

    @property
    def notes(self) -> list[str]:
        """The notes of the events."""
        return [event.note for event in self.events if isinstance(event, Progressed) and event.note]


def step(
    action: StepAction,
    id: str = "",
    *,
    address: Address = A,
    spec: Mapping[str, Value] | None = None,
    fields: tuple[str, ...] = (),
    timeout: float = 60.0,
    capacity_wait: float = 0.0,
    stages: Mapping[str, float] | None = None,
    **rest: Any,
) -> Step:
    """A step of the machine `a`."""
    return Step(
        rest.pop("key", f"{address}/{action_name(action)}"),
        address,
        action,
        id,
        spec=spec or {"name": address.name},
        fields=fields,
        limits=StepLimits(timeout, stages or {}, capacity_wait),
        record=rest.pop("record", RecordData(source="fleet.yaml")),
        **rest,
    )
