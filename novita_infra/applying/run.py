"""The context of a run, and of one step in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from novita_infra.api.protocol import ApiClient
from novita_infra.api.request import Request
from novita_infra.applying.errors import Interrupted, StepFailed
from novita_infra.applying.events import Listener, Progressed, Started
from novita_infra.applying.records import RunRecords
from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.clock import Clock
from novita_infra.model.computing.compute import resolve
from novita_infra.model.computing.effort import Missing, Uncomputable
from novita_infra.model.concurrency import racing
from novita_infra.model.diagnostics import EXIT_REFUSED
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Ref, Spec, Value, refs
from novita_infra.planning.plan.steps import Step
from novita_infra.refresh.objects import read_one
from novita_infra.refresh.other_states import OtherStates
from novita_infra.state.store import LockRefused, NamedLock

if TYPE_CHECKING:
    from novita_infra.hooks.of_command import CommandHooks

CALLS_AT_ONCE: Final = 64
"""The most calls in flight by default; the client finds out how many of them do good."""
STEPS_PER_CALL: Final = 2
"""Steps under way for each call in flight: one writes its intent to disk while the call of another is on its way."""
STEPS_AT_ONCE: Final = STEPS_PER_CALL * CALLS_AT_ONCE


def step_slots(max_calls: int | None) -> asyncio.Semaphore:
    """The limit on steps that talk to the API at one time, for this many calls in flight."""
    return asyncio.Semaphore(STEPS_PER_CALL * (max_calls or CALLS_AT_ONCE))


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a step has, in Unix seconds."""

    since: float
    until: float | None
    """None for a step that takes no time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRuns:
    """What a run knows of others, which have states of their own."""

    states: Callable[[], OtherStates] = OtherStates
    """Returns what the other states record now that this run can see."""
    create_lock: Callable[[str], NamedLock | LockRefused | None] = lambda _name: None
    """Takes the lock of the name, which all runs share that see this one's state; None where there is no lock."""
    pool: Executor | None = None
    """The threads in which states on a server are asked for; None where they are files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What all steps of a run share."""

    kinds: Mapping[str, Kind]
    client: ApiClient
    records: RunRecords
    clock: Clock
    emit: Listener
    stop: asyncio.Event
    """Set when the run is asked to stop."""
    slots: asyncio.Semaphore
    """The limit on steps that talk to the API at one time; waits do not count."""
    operation: Callable[[], str]
    """Returns a new operation id."""
    mark: Callable[[Address, str], str]
    """Returns the owner mark of the object that an operation creates at an address; empty if marks are off."""
    foreign: Callable[[Address, Live], str] = lambda _address, _live: ""
    """Returns why the object is not that of the address, by its owner mark; empty where it may be."""
    account: str = ""
    """A digest of the API's address and of the key, for creates whose object carries no mark."""
    others: OtherRuns = OtherRuns()
    folder: Path = Path()
    """The project's folder. The paths of files in a spec are relative to it."""
    unread: frozenset[Address] = frozenset()
    """The resources that the plan did not read: their objects are read before a create and a delete."""

    hooks: CommandHooks | None = None
    """The hooks of the command; None where none run."""
    errors: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By key of a step: the commonest errors of the job that it brought to its end."""

    async def from_states(self, ask: Callable[[], _T]) -> _T:
        """What a function of `others` or a lock returns, without stopping the other steps meanwhile."""
        if self.others.pool is None:
            return ask()
        return await asyncio.get_running_loop().run_in_executor(self.others.pool, ask)

    def check_owner(self, address: Address, live: Live) -> None:
        """Raises StepFailed if the object belongs to others."""
        if why := self.foreign(address, live):
            raise StepFailed(f"{live.id} {why}; nothing was done to it", code=EXIT_REFUSED)

    def check_stop(self, message: str = "") -> None:
        """Raises Interrupted if the run was asked to stop.

        `message` says what was interrupted, if the step had begun.
        """
        if self.stop.is_set():
            raise Interrupted(message)

    async def pause(self, seconds: float) -> None:
        """Sleeps; returns at once when the run is asked to stop."""
        async with racing(self.stop.wait(), self.clock.sleep(seconds)):
            pass

    async def read_attribute(self, ref: Ref) -> None:
        """Reads the object of the reference and records its attributes; does nothing if no object is recorded."""
        record = self.records.get(ref.address)
        if record is None or not record.id:
            return
        kind = self.kinds[ref.address.type]
        live = await read_one(self.client, kind, record.id)
        if live is not None:
            await self.records.put(replace(record, outputs=kind.merged_outputs(record.outputs, live)), "read")


@dataclass(frozen=True, slots=True)
class StepRun:
    """One step under way: its run, its kind and its time."""

    run: Run
    step: Step
    kind: Kind
    span: Span

    @classmethod
    def of(cls, run: Run, step: Step) -> StepRun:
        """The step with the time that it has from now on."""
        now, timeout = run.clock.now(), step.limits.timeout
        return cls(run, step, run.kinds[step.address.type], Span(now, now + timeout if timeout else None))

    @property
    def record(self) -> Record:
        """The record of the resource. Raises StepFailed if there is none."""
        record = self.run.records.get(self.step.address)
        if record is None:
            raise StepFailed("the state holds no record of it")
        return record

    def delayed(self, seconds: float) -> StepRun:
        """The step with its whole time after the seconds that it waited for another run."""
        since, until = self.span.since + seconds, self.span.until
        return replace(self, span=Span(since, until + seconds if until is not None else None))

    @property
    def elapsed(self) -> float:
        """Seconds since the step began."""
        return self.run.clock.now() - self.span.since

    def begin(self) -> None:
        """Emits that the step begins. Raises Interrupted if the run was asked to stop."""
        self.run.check_stop()
        self.run.emit(Started(self.step))

    def note(self, id: str, note: str, *, status: str = "") -> None:
        """Emits a message for a person about the object of that id."""
        self.run.emit(Progressed(self.step, id, Phase.CHANGING, status, self.elapsed, note))

    def announce(self, request: Request) -> None:
        """Notes the call with the intent of the step, which is to be put on disk before the call is sent."""
        if self.run.client.notes is not None:
            self.run.client.notes.announce(request)

    async def put(self, record: Record, event: str) -> None:
        """Replaces the record; returns when that is on disk."""
        await self.run.records.put(record, event)

    def attempt(self, call: str, sent: Spec) -> PendingCall:
        """A new attempt of the call, for the record."""
        return PendingCall(self.run.operation(), call, self.run.clock.now(), sent)

    async def check_unread_object(self) -> None:
        """Reads the recorded object if the plan did not. Raises StepFailed if it belongs to others."""
        record, address = self.run.records.get(self.step.address), self.step.address
        if record is None or not record.id or address not in self.run.unread:
            return
        live = await read_one(self.run.client, self.kind, record.id)
        if live is not None:
            self.run.check_owner(address, live)

    async def resolved_spec(self) -> Spec:
        """The step's spec with every reference resolved. Raises StepFailed if one has no value."""
        known = self.run.records.known
        spec = {
            name: resolve(value, known, lambda computation, _: computation) for name, value in self.step.spec.items()
        }
        missing = [ref for value in spec.values() for ref in refs(value)]
        for ref in dict.fromkeys(missing):
            await self.run.read_attribute(ref)
        return {name: self._definite(name, value) for name, value in self.step.spec.items()} if missing else spec

    def _definite(self, name: str, value: Value) -> Value:
        """The value of a field now. Raises StepFailed if it has none."""
        try:
            found = resolve(value, self.run.records.known, absent=lambda _: True)
        except Uncomputable as error:
            raise StepFailed(error.summary if isinstance(error, Missing) else f"{name}: {error.summary}") from None
        if unknown := refs(found):
            raise StepFailed(f"{', '.join(map(str, unknown))} is not known: the object does not have it (yet)")
        return found
