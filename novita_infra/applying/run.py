"""What every step of a run works with, and what its waits and calls have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from novita_infra.api.client import Client
from novita_infra.api.errors import Busy, InUse, Unanswered
from novita_infra.api.redaction import redact
from novita_infra.api.request import Request
from novita_infra.applying.errors import Interrupted, StepFailed, StillMoving
from novita_infra.applying.events import Listener, Progressed, Started
from novita_infra.applying.failure_logs import failure_log
from novita_infra.applying.polling import Poller
from novita_infra.applying.records import Records
from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.clock import ANSWER, GRACE, Clock
from novita_infra.model.durations import in_words
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Ref, Spec, refs, resolve
from novita_infra.planning.plan.steps import Step
from novita_infra.refresh.objects import only_listed, read_one

RETRY_PAUSE: Final = 1.0
"""The most seconds before a call that was refused as busy or in use is made again; doubles up to LONGEST_PAUSE."""
LONGEST_PAUSE: Final = 15.0
NEWBORN: Final = 30.0
"""Seconds of a wait in which an absent object does not count as vanished: lists may lag behind a create."""
STUCK: Final = 60.0
"""Seconds for which an object must be stuck before its wait ends as failed: meanwhile the service may begin anew."""
LOG_PATIENCE: Final = 10.0
"""Real seconds that a failure waits for the log that says why."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a step has, in Unix seconds."""

    since: float
    until: float | None
    """None for a step that takes no time."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What every step works with."""

    kinds: Mapping[str, Kind]
    client: Client
    books: Records
    clock: Clock
    emit: Listener
    stop: asyncio.Event
    calls: asyncio.Semaphore
    """The limit on steps that talk to the API at one time; waits do not count."""
    operation: Callable[[], str]
    """A source of operation ids."""
    mark: Callable[[Address, str], str]
    """The owner mark of the object that an operation makes at an address; empty where marks are switched off."""
    secrets: Callable[[], frozenset[str]]
    """Every secret of the project in clear, so that no log that is shown tells one."""
    watches: dict[str, Poller] = field(default_factory=dict, init=False)
    """The waits for each kind, by its prefix; made when they are first needed."""

    def discreet(self, text: str) -> str:
        """The text without secrets, line by line."""
        return "\n".join(redact(part, self.secrets()) for part in text.splitlines())

    def begin(self, step: Step) -> None:
        """Tells that the step begins; raises Interrupted where the run was asked to stop."""
        self.go_on()
        self.emit(Started(step))

    def go_on(self, told: str = "") -> None:
        """Raises Interrupted where the run was asked to stop: before a call that waited for its place.

        `told` says what was interrupted, where the step had begun.
        """
        if self.stop.is_set():
            raise Interrupted(told)

    async def pause(self, seconds: float, told: str = "") -> None:
        """Sleeps; raises Interrupted, as `go_on` does, as soon as the run is asked to stop."""
        await self._rest(seconds)
        self.go_on(told)

    async def _rest(self, seconds: float) -> None:
        """Sleeps, but not on when the run is asked to stop."""
        stopping = asyncio.ensure_future(self.stop.wait())
        sleeping = asyncio.ensure_future(self.clock.sleep(seconds))
        try:
            await asyncio.wait({stopping, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopping, sleeping):
                task.cancel()
            await asyncio.gather(stopping, sleeping, return_exceptions=True)

    def span(self, step: Step) -> Span:
        """The time that the step has from now on."""
        now = self.clock.now()
        return Span(now, now + step.limits.timeout if step.limits.timeout else None)

    def record(self, step: Step) -> Record:
        """The record of the step's resource, which must be there."""
        record = self.books.record(step.address)
        if record is None:
            raise StepFailed("the books hold no record of it")
        return record

    def pending(self, call: str, sent: Spec) -> PendingCall:
        """A new attempt of the call."""
        return PendingCall(self.operation(), call, self.clock.now(), sent)

    def note(self, step: Step, id: str, note: str, *, span: Span | None = None, status: str = "") -> None:
        """Tells something that a person should know, with the time since the span began."""
        elapsed = self.clock.now() - span.since if span else 0.0
        self.emit(Progressed(step, id, Phase.CHANGING, status, elapsed, note))

    async def send(
        self, request: Request, step: Step, *, span: Span, moot: Callable[[], Awaitable[bool]] | None = None
    ) -> Any:
        """The answer. What is busy or in use may pass: the call is made again until the step's time is up.

        Between two calls pass the seconds that the service asked for, and a part of a growing pause, drawn so that
        those that were sent away together do not come back together.
        None where `moot` says meanwhile that there is nothing left to ask for.
        Called with a place among the calls, which others have while this one pauses.
        """
        longest = RETRY_PAUSE
        while True:
            try:
                return await self.client.send(request)
            except (Busy, InUse) as error:
                pause = error.wait + self.client.random.uniform(0, longest)
                over = span.until is None or self.clock.now() + pause > span.until
                if over or self.stop.is_set():
                    raise
                if longest < LONGEST_PAUSE:  # after that, nothing new is told by telling it again
                    until = f" for up to {in_words(span.until - self.clock.now())}" if span.until else ""
                    told = f"{error.told}: tried again{until} until it passes"
                    self.note(step, step.id, told, span=span)
                self.calls.release()
                try:
                    await self._rest(pause)
                finally:
                    await self.calls.acquire()
                if self.stop.is_set():
                    raise
                if moot is not None and await moot():
                    return None
                longest = min(longest * 2, LONGEST_PAUSE)

    def possible(self, lost: Unanswered) -> float:
        """Seconds for which a call whose answer is lost may still have an effect, or one that no list shows yet."""
        return ANSWER + GRACE - lost.took

    def pauses(self, lost: Unanswered, looks: Iterable[float]) -> Iterator[float]:
        """Seconds between the reads that look for what a call did whose answer is lost.

        They are those given, and the last of them again as long as the service may still be at the call.
        """
        over, pause = self.clock.now() + self.possible(lost), GRACE
        for pause in looks:
            yield pause
        while (left := over - self.clock.now()) > 0:
            yield min(left, pause)

    async def resolved(self, step: Step) -> Spec:
        """The step's spec with every reference known; raises StepFailed where one is not."""
        spec = self._known(step.spec)
        missing = [ref for value in spec.values() for ref in refs(value)]
        for ref in dict.fromkeys(missing):
            await self.look_up(ref)
        if missing:
            spec = self._known(step.spec)
        unknown = sorted({str(ref) for value in spec.values() for ref in refs(value)})
        if unknown:
            raise StepFailed(f"{', '.join(unknown)} is not known: the object does not have it (yet)")
        return spec

    def _known(self, spec: Spec) -> Spec:
        return {name: resolve(value, self.books.known) for name, value in spec.items()}

    async def look_up(self, ref: Ref) -> None:
        """Reads an attribute that no answer has carried so far."""
        record = self.books.record(ref.address)
        if record is None or not record.id:
            return
        kind = self.kinds[ref.address.type]
        live = await read_one(self.client, kind, record.id)
        if live is not None:
            await self.books.put(replace(record, outputs=kind.merged_outputs(record.outputs, live)), "read")

    async def settled(
        self,
        step: Step,
        id: str,
        phases: frozenset[Phase],
        *,
        span: Span,
        also: Callable[[Live], bool] | None = None,
    ) -> Live:
        """The object once it is in one of the phases and `also` holds.

        Raises StepFailed when it fails, vanishes or the time is up, and StillMoving when the run is asked to stop.
        """
        sight = _Sight(self, step, id, phases, span, also)
        try:
            return await self._settled(sight, step, id, span=span)
        except StepFailed as failure:
            failure.log = await self._log_of(step, sight.live)
            raise

    async def _settled(self, sight: _Sight, step: Step, id: str, *, span: Span) -> Live:
        waiting = asyncio.ensure_future(self._watch(step).until(id, sight.look))
        stopping = asyncio.ensure_future(self.stop.wait())
        timer = asyncio.ensure_future(self._expire(span))
        try:
            await asyncio.wait({waiting, stopping, timer}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                waiting.result()
                return sight.live or Live(id, "", Phase.GONE, "", {})
            where = f"{id} is still {sight.status or 'on its way'}"
            if stopping.done():
                raise StillMoving(where)
            trouble = f" ({sight.live.trouble})" if sight.live and sight.live.trouble else ""
            raise StepFailed(
                f"{where} after {step.limits.timeout:g} s{trouble}",
                sight.mended_by()
                or "it is on record, and the next run waits for it again (longer: lifecycle.timeouts)",
            )
        finally:
            for task in (waiting, stopping, timer):
                task.cancel()
            await asyncio.gather(waiting, stopping, timer, return_exceptions=True)

    async def _log_of(self, step: Step, live: Live | None) -> tuple[str, ...]:
        """The last lines of the object's log; none where the run is asked to stop before they are there."""
        if live is None:
            return ()
        kind = self.kinds[step.address.type]
        reading = asyncio.ensure_future(failure_log(self.client, kind, live, secrets=self.secrets()))
        stopping = asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait({reading, stopping}, timeout=LOG_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            return reading.result() if reading.done() and reading.exception() is None else ()
        finally:
            for task in (reading, stopping):
                task.cancel()
            await asyncio.gather(reading, stopping, return_exceptions=True)

    async def close(self) -> None:
        """Ends what polls in the background."""
        for watch in self.watches.values():
            await watch.close()

    def _watch(self, step: Step) -> Poller:
        prefix = step.address.type
        if prefix not in self.watches:
            self.watches[prefix] = Poller(self.kinds[prefix], client=self.client, clock=self.clock)
        return self.watches[prefix]

    async def _expire(self, span: Span) -> None:
        if span.until is None:
            await asyncio.Event().wait()
            return
        await self.clock.sleep(max(0.0, span.until - self.clock.now()))


class _Sight:
    """What a wait has seen of its object so far."""

    def __init__(
        self,
        desk: Run,
        step: Step,
        id: str,
        phases: frozenset[Phase],
        span: Span,
        also: Callable[[Live], bool] | None,
    ) -> None:
        self._desk, self._step, self._id = desk, step, id
        self._phases, self._span, self._also = phases, span, also
        self._kind = kind = desk.kinds[step.address.type]
        self._certain = not only_listed(kind)
        """Whether absence needs no grace time: a get tells the truth, a list may lag behind the create."""
        self._stages = kind.api.read.stages
        self._began = self._stage_since = desk.clock.now()
        self._stage = ""
        self._stuck_since: float | None = None
        self.live: Live | None = None
        self.status = ""

    def look(self, live: Live | None) -> bool:
        if live is None:
            if Phase.GONE in self._phases:
                return True
            if not self._certain and self._desk.clock.now() - self._span.since < GRACE:
                return False
            raise StepFailed(f"{self._id} vanished while it was waited for")
        self.live = live
        if live.status != self.status:
            self.status = live.status
            elapsed = self._desk.clock.now() - self._span.since
            self._desk.emit(Progressed(self._step, self._id, live.phase, live.status, elapsed))
        self._check_stage(live)
        if live.phase is Phase.FAILED and Phase.GONE not in self._phases:
            raise StepFailed(f"{self._id} failed: {live.trouble or live.status}", self.mended_by())
        self._check_stuck(live)
        return live.phase in self._phases and (self._also is None or self._also(live))

    def _check_stuck(self, live: Live) -> None:
        """Raises StepFailed where all that would make the object ready has failed for long enough."""
        now = self._desk.clock.now()
        if not live.stuck or Phase.GONE in self._phases:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = now
        elif now - self._stuck_since >= STUCK:
            raise StepFailed(
                f"{self._id} does not come up: {live.trouble}",
                f"it is on record and stays: {self._kind.remedy(live) or 'change what is wrong'}, "
                "and the next run goes on with it",
            )

    def _check_stage(self, live: Live) -> None:
        """Raises StepFailed where the object has been in a stage of coming up for longer than that may take."""
        stage = self._stages.get(live.status, "")
        if stage != self._stage:
            self._stage, self._stage_since = stage, self._desk.clock.now()
        limit = self._step.limits.stages.get(stage)
        if limit is not None and self._desk.clock.now() - self._stage_since > limit:
            trouble = f" ({live.trouble})" if live.trouble else ""
            raise StepFailed(
                f"{self._id} has been {live.status} for more than {limit:g} s{trouble}",
                self.mended_by()
                or f"it is on record, and the next run waits for it again (longer: lifecycle.timeouts.{stage})",
            )

    def mended_by(self) -> str:
        """What to do before the next run, which without it would end as this one did; empty where nobody can tell."""
        remedy = self._kind.remedy(self.live) if self.live and Phase.GONE not in self._phases else ""
        return f"{remedy} first" if remedy else ""
