"""One object made: the intent on disk, the call, the id on disk, the wait. Nothing is ever bought on a guess.

A create is sent again only after the service said that it did nothing, or after reads over a grace time showed that the
one before made nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from novita_infra.api.errors import ApiError, NoCapacity, Unanswered
from novita_infra.api.request import Request
from novita_infra.applying.errors import StepFailed, StillMoving
from novita_infra.applying.events import Identified
from novita_infra.applying.run import Run, Span
from novita_infra.kinds.call import Target
from novita_infra.kinds.field import Default
from novita_infra.kinds.kind import Kind, Offer
from novita_infra.model.clock import GRACE
from novita_infra.model.diagnostics import EXIT_BLOCKED
from novita_infra.model.durations import in_words
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Spec, Value, reveal
from novita_infra.planning.changes.decisions import ambiguous
from novita_infra.planning.changes.equality import agree, written
from novita_infra.planning.plan.steps import Step
from novita_infra.refresh.objects import candidates, read_all, still_there

BUYS: Final = 3
"""How often a create is sent whose answer is lost and which provably made nothing."""
LOOKS: Final = (0.0, GRACE / 40, GRACE / 20, GRACE / 10, GRACE / 5, GRACE / 3, GRACE / 3)
"""Seconds between the reads that look for what a create without an answer made; together they pass the grace time.
The last is repeated as long as the service may still be at the call."""
LONGEST_LAST_LOOK: Final = GRACE / 10
"""Seconds that an interrupted run still pauses before a look."""
CAPACITY_PAUSE: Final = 20.0
"""Seconds between two attempts while capacity is waited for; the last is made when the wait is over."""
_STOPPED_WAITING: Final = "interrupted while it waited for capacity; nothing was made"


class Creating:
    """Performs the creates of one run."""

    def __init__(self, desk: Run) -> None:
        self._desk = desk
        self._seen: dict[str, asyncio.Task[frozenset[str]]] = {}
        self._namesakes: dict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def create(self, step: Step, *, span: Span) -> str:
        """Makes the object and waits until it is settled; returns its id. Raises StepFailed, StillMoving, ApiError."""
        kind = self._desk.kinds[step.address.type]
        self._desk.begin(step)
        spec = await self._desk.resolved(step)
        before = self._desk.books.record(step.address)
        live = await self._obtain(step, kind, spec, before, span=span)
        record = self._desk.record(step)
        record = replace(record, id=live.id, spec=record.pending.sent if record.pending else {})
        if not kind.api.create.final_phases:
            await self._desk.books.put(_ready(record, step, live), "created")
            self._desk.emit(Identified(step, live.id))
            return live.id
        await self._desk.books.put(record, "created")
        self._desk.emit(Identified(step, live.id))
        live = await self._desk.settled(step, live.id, kind.api.create.final_phases, span=span)
        await self._desk.books.put(_ready(self._desk.record(step), step, live), "ready")
        return live.id

    async def _obtain(self, step: Step, kind: Kind, spec: Spec, before: Record | None, *, span: Span) -> Live:
        """The new object; waits for capacity where the step may, and tries a last time when that wait is over."""
        waiting, last = "", False
        while True:
            try:
                return await self._first_to_be_had(step, kind, spec, before, span=span, waiting=waiting)
            except NoCapacity as error:
                refused = error
            elapsed = self._desk.clock.now() - span.since
            left = step.limits.capacity_wait - elapsed
            if last or left <= 0:
                raise _none_came_free(refused, step, elapsed)
            if not waiting:  # told once; the summary tells the rest
                told = f"{refused.reason or refused.text}: tried again for up to {in_words(step.limits.capacity_wait)}"
                self._desk.note(step, "", told, span=span, status="waiting")
            waiting, last = _STOPPED_WAITING, left <= CAPACITY_PAUSE
            await self._desk.pause(min(CAPACITY_PAUSE, left), waiting)

    async def _first_to_be_had(
        self, step: Step, kind: Kind, spec: Spec, before: Record | None, *, span: Span, waiting: str
    ) -> Live:
        """The new object, of the first offer that can be had; raises NoCapacity where none can.

        `waiting` is what an interruption is told to have interrupted, where an attempt was made before.
        """
        tried: list[Mapping[str, Value]] = []
        for offer in kind.market.offers(spec) if kind.market.offers else (Offer(spec=spec, place={}),):
            try:
                async with self._desk.calls:
                    self._desk.go_on(waiting)
                    choice = _choice(offer, tried)
                    return await self._buy(step, kind, offer.spec, before, choice=choice, span=span)
            except NoCapacity as error:
                refused, waiting = error, _STOPPED_WAITING
                tried.append({"offer": offer.place, "reason": error.told})
        raise refused

    async def _buy(
        self,
        step: Step,
        kind: Kind,
        spec: Spec,
        before: Record | None,
        *,
        choice: Mapping[str, Value],
        span: Span,
    ) -> Live:
        name = str(reveal(spec.get("name", "")))
        pending, request = self._wanted(step, kind, spec)
        mark = pending.mark
        # A mark tells the new object from all others; without one, two that are alike are made one after the other.
        async with self._namesakes[kind.type, mark or name]:
            for _ in range(BUYS):
                await self._intend(step, kind, before, pending=pending, choice=choice)
                try:
                    answer = await self._desk.send(request, step, span=span)
                except Unanswered as error:
                    lost, done = error, False
                    looking = f"{error}; looking for what it made for up to {in_words(self._desk.possible(error))}"
                    self._desk.note(step, "", looking, span=span, status="unanswered")
                except ApiError:
                    await self._take_back(step, before)
                    raise
                else:
                    id = kind.api.new_id(answer)
                    if id:
                        return Live(id, name, Phase.CHANGING, "", {})
                    lost, done = Unanswered(request, text="it is done, but the answer holds no id"), True
                found = await self._find(step, kind, spec, mark=mark, lost=lost)
                if found is not None:
                    if not done:
                        self._desk.note(step, found.id, f"what it made was found: {found.id}", span=span)
                    return found
                if done:
                    break  # The service said that it is done: sent again, it would be done twice.
                self._desk.note(step, "", "nothing was made, so it is sent again", span=span, status="unanswered")
        raise StepFailed(f"{lost}; {lost.advice}")

    def _wanted(self, step: Step, kind: Kind, spec: Spec) -> tuple[PendingCall, Request]:
        """The attempt and its request. The attempt knows of an owner mark only where the request had room for it."""
        key = self._desk.books.key
        pending = self._desk.pending("create", written(_carried(kind, spec, key), key))
        mark = self._desk.mark(step.address, pending.operation) if kind.api.marked else ""
        request = kind.api.create.request(Target("", reveal(spec), mark=mark))
        return replace(pending, mark=mark if mark and _holds(request.body, mark) else ""), request

    async def _intend(
        self,
        step: Step,
        kind: Kind,
        before: Record | None,
        *,
        pending: PendingCall,
        choice: Mapping[str, Value],
    ) -> None:
        """Puts on disk what is about to be asked for, and what was live before."""
        await self._seen_before(kind)
        retired = tuple(dict.fromkeys([*before.retired, *filter(None, [before.id])])) if before else ()
        unready = before.retired_unready if before else ()
        if before and before.pending and before.pending.never_ready:
            unready = (*unready, before.id)
        record = Record(
            step.address,
            "",
            needs=step.record.needs,
            pending=replace(pending, since=self._desk.clock.now(), snapshot=self._desk.books.snapshot_name(kind.type)),
            retired=retired,
            retired_unready=tuple(id for id in unready if id in retired),
            protect=step.record.protect,
            source=step.record.source,
            choice=choice,
        )
        await self._desk.books.put(record, "create: about to be sent")

    async def _find(self, step: Step, kind: Kind, spec: Spec, *, mark: str, lost: Unanswered) -> Live | None:
        """What a create without an answer made. Absent only when reads over a grace time all miss it, which begins
        when the service cannot be at it any more.
        """
        known = await self._seen_before(kind) | self._desk.books.owned(kind.type)
        for pause in self._desk.pauses(lost, LOOKS):
            if self._desk.stop.is_set() and pause > LONGEST_LAST_LOOK:
                raise StillMoving("nobody knows yet what the create made; the next run looks for it")
            await self._desk.clock.sleep(pause)
            lives = await read_all(self._desk.client, kind)
            fitting = candidates(kind, reveal(spec), lives.values(), known=known, mark=mark)
            fitting = await still_there(self._desk.client, kind, fitting)
            if len(fitting) > 1:
                raise StepFailed(ambiguous(step.address, fitting))
            if fitting:
                return fitting[0]
        return None

    async def _take_back(self, step: Step, before: Record | None) -> None:
        """The create was refused: nothing was made, and the books say again what they said before."""
        if before is not None:
            await self._desk.books.put(before, "create: refused")
        else:
            await self._desk.books.drop(step.address, "create: refused")

    async def _seen_before(self, kind: Kind) -> frozenset[str]:
        """The ids that were live before this run created any object of the kind; read once."""
        if kind.type not in self._seen:
            self._seen[kind.type] = asyncio.create_task(self._see(kind))
        return await asyncio.shield(self._seen[kind.type])

    async def _see(self, kind: Kind) -> frozenset[str]:
        lives = await read_all(self._desk.client, kind)
        await self._desk.books.snapshot(self._desk.books.snapshot_name(kind.type), tuple(sorted(lives)))
        return frozenset(lives)


def _ready(record: Record, step: Step, live: Live) -> Record:
    """The record once nothing more is waited for, without the object before it where that is known to be gone."""
    retired = tuple(id for id in record.retired if id != step.gone)
    return replace(record, pending=None, outputs={**live.outputs}, needs=step.record.needs, retired=retired)


def _none_came_free(refused: NoCapacity, step: Step, elapsed: float) -> NoCapacity | StepFailed:
    """The last refusal, with how long capacity was waited for where it was."""
    if not step.limits.capacity_wait:
        return refused
    said = f"{refused}; nothing came free in {in_words(elapsed)}"
    return StepFailed(said, f"{refused.advice}; longer: lifecycle.waitForCapacity", code=EXIT_BLOCKED)


def _carried(kind: Kind, spec: Spec, key: str) -> Spec:
    """What is true of the object once the create is done: what the call carries, and defaults that need no call."""
    carried = {}
    for name, value in spec.items():
        item = kind.field(name)
        default = item.absent.value if isinstance(item.absent, Default) else None
        if item.created or agree(item, wanted=value, found=default, key=key):
            carried[name] = value
    return carried


def _holds(value: object, text: str) -> bool:
    """Whether the text is part of any string in the value."""
    match value:
        case str():
            return text in value
        case Mapping():
            return any(_holds(item, text) for item in value.values())
        case list() | tuple():
            return any(_holds(item, text) for item in value)
        case _:
            return False


def _choice(offer: Offer, tried: list[Mapping[str, Value]]) -> Mapping[str, Value]:
    """What the books say of a choice: what was taken, and each that was not, with the reason that was heard last."""
    if not offer.place:
        return {}
    refused = [item["offer"] for item in tried]
    return {"took": offer.place, "passed": [*(item for item in offer.passed if item["offer"] not in refused), *tried]}
