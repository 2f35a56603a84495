"""One step done: the intent on disk, the call, the id on disk, the wait, the end on disk.

A create is never sent twice on a guess: after any doubt the engine looks for what the first call made.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from novita_infra.api.client import Client
from novita_infra.api.errors import ApiError, Busy, InUse, NotFound, Unanswered
from novita_infra.api.request import Request
from novita_infra.applying.books import Books
from novita_infra.applying.events import Identified, Listener, Progressed, Started
from novita_infra.applying.watching import Watch
from novita_infra.encoding import digest
from novita_infra.kinds.kind import Call, Default, Kind, Target
from novita_infra.observing import GRACE, candidates, read_all, read_one
from novita_infra.planning.comparing import agree, written
from novita_infra.planning.plan import Step
from novita_infra.resources import STABLE, Live, Phase, Record, Ref, Spec, Underway, Value, refs, resolve, reveal
from novita_infra.timing import Clock

RETRY_PAUSE: Final = 1.0
"""Seconds before a call that was refused as busy or in use is made again; doubles up to LONGEST_PAUSE."""
LONGEST_PAUSE: Final = 15.0
BUYS: Final = 3
"""How often a create is sent whose answer is lost and which provably made nothing."""


class StepFailed(Exception):
    """Why a step did not succeed, for a person."""


class Interrupted(Exception):
    """The run was asked to stop before this step made its call."""


class StillMoving(Exception):
    """The run was asked to stop while the step waited; the call was made and is on record."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What every step works with."""

    kinds: Mapping[str, Kind]
    client: Client
    books: Books
    clock: Clock
    emit: Listener
    stop: asyncio.Event
    calls: asyncio.Semaphore
    """The limit on steps that talk to the API at one time; waits do not count."""
    operation: Callable[[], str]
    """A source of operation ids."""


class Steps:
    """Performs the steps of one run."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._watches = {
            prefix: Watch(kind, client=desk.client, clock=desk.clock) for prefix, kind in desk.kinds.items()
        }
        self._seen: dict[str, asyncio.Task[frozenset[str]]] = {}
        self._namesakes: dict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def close(self) -> None:
        """Ends what polls in the background."""
        for watch in self._watches.values():
            await watch.close()

    async def perform(self, step: Step) -> str:
        """Does the step and returns the object's id. Raises StepFailed, Interrupted, StillMoving or ApiError."""
        since = self._desk.clock.now()
        deadline = since + step.timeout if step.timeout else None
        match step.call:
            case "create":
                return await self._create(step, since=since, deadline=deadline)
            case "delete":
                return await self._delete(step, since=since, deadline=deadline)
            case "adopt":
                return await self._adopt(step)
            case "wait":
                return await self._wait(step, since=since, deadline=deadline)
            case "forget":
                self._begin(step)
                await self._desk.books.drop(step.address, "forgotten: the object was already gone")
                return ""
            case "record":
                self._begin(step)
                await self._put(replace(self._record(step), protect=step.protect), "protection changed")
                return step.id
            case _:
                return await self._update(step, since=since, deadline=deadline)

    # --- create ---------------------------------------------------------------------------------------------------

    async def _create(self, step: Step, *, since: float, deadline: float | None) -> str:
        kind = self._desk.kinds[step.address.kind]
        async with self._desk.calls:
            self._begin(step)
            spec = await self._resolved(step)
            before = self._desk.books.record(step.address)
            record = await self._intend_create(step, kind, spec, before)
            live = await self._buy(step, kind, spec, before)
        record = replace(record, id=live.id, spec=record.underway.sent if record.underway else {})
        await self._put(record, "created")
        self._desk.emit(Identified(step, live.id))
        if kind.create.settles:
            live = await self._settled(step, kind, live.id, kind.create.settles, since=since, deadline=deadline)
        record = replace(self._record(step), underway=None, outputs={**live.outputs}, needs=step.needs)
        await self._put(record, "ready")
        return live.id

    async def _intend_create(self, step: Step, kind: Kind, spec: Spec, before: Record | None) -> Record:
        retired = tuple(dict.fromkeys([*before.retired, *filter(None, [before.id])])) if before else ()
        record = Record(
            step.address,
            "",
            needs=step.needs,
            underway=self._underway(
                "create", written(_carried(kind, spec, self._desk.books.key), self._desk.books.key)
            ),
            retired=retired,
            protect=step.protect,
            source=step.source,
        )
        await self._seen_before(kind)
        await self._put(record, "create: about to be sent")
        return record

    async def _buy(self, step: Step, kind: Kind, spec: Spec, before: Record | None) -> Live:
        """The new object. Sends the create again only when the one before provably made nothing."""
        request = kind.create.request(Target("", reveal(spec)))
        name = str(spec.get("name", ""))
        async with self._namesakes[kind.prefix, name]:
            for _ in range(BUYS):
                try:
                    answer = await self._send(request, step)
                except Unanswered as error:
                    lost = error
                except ApiError:
                    await self._take_back(step, before)
                    raise
                else:
                    id = kind.new_id(answer)
                    if id:
                        return Live(id, name, Phase.CHANGING, "", {})
                    lost = Unanswered(request, text="the answer holds no id")
                found = await self._find_created(kind, spec)
                if found is not None:
                    return found
                self._note(step, "", f"{lost}; nothing was made, so it is sent again")
        raise StepFailed(f"{lost}; {lost.advice}")

    async def _find_created(self, kind: Kind, spec: Spec) -> Live | None:
        """What a create without an answer made: absent only when reads over a grace time all miss it."""
        known = await self._seen_before(kind) | self._desk.books.owned(kind.prefix)
        for pause in (0.0, GRACE / 4, GRACE):
            await self._desk.clock.sleep(pause)
            lives = await read_all(self._desk.client, kind)
            fitting = candidates(kind, reveal(spec), lives.values(), known=known)
            if len(fitting) > 1:
                ids = " and ".join(live.id for live in fitting)
                raise StepFailed(
                    f"the create got no usable answer, and {ids} could each be what it made; "
                    "look at them, delete what is not wanted, and take the other in with `import`"
                )
            if fitting:
                return fitting[0]
        return None

    async def _take_back(self, step: Step, before: Record | None) -> None:
        """The create was refused: nothing was made, and the books say again what they said before."""
        if before is not None:
            await self._put(before, "create: refused")
        else:
            await self._desk.books.drop(step.address, "create: refused")

    async def _seen_before(self, kind: Kind) -> frozenset[str]:
        """The ids that were live before this run created any object of the kind; read once."""
        if kind.prefix not in self._seen:
            self._seen[kind.prefix] = asyncio.create_task(self._see(kind))
        return await asyncio.shield(self._seen[kind.prefix])

    async def _see(self, kind: Kind) -> frozenset[str]:
        lives = await read_all(self._desk.client, kind)
        await self._desk.books.saw(kind.prefix, tuple(sorted(lives)))
        return frozenset(lives)

    async def _adopt(self, step: Step) -> str:
        self._begin(step)
        record = self._record(step)
        sent = record.underway.sent if record.underway else {}
        await self._put(replace(record, id=step.id, spec=sent, needs=step.needs), "adopted: an earlier create made it")
        self._desk.emit(Identified(step, step.id))
        return step.id

    # --- update and wait ------------------------------------------------------------------------------------------

    async def _update(self, step: Step, *, since: float, deadline: float | None) -> str:
        kind = self._desk.kinds[step.address.kind]
        call = kind.call(step.call)
        id = step.id or self._record(step).id
        self._begin(step)
        spec = await self._resolved(step)
        live = await self._ready_for(step, kind, call, id, since=since, deadline=deadline)
        record = self._record(step)
        if not self._is_done(kind, call, step, spec, live):
            async with self._desk.calls:
                target = Target(id, reveal(_with_resets(kind, step, spec)), live, record.spec)
                await self._change(step, kind, call, target, record, spec, deadline=deadline)
        shown = await self._show_effect(step, kind, call, id, spec, since=since, deadline=deadline)
        record = self._record(step)
        outputs = {**record.outputs, **(shown.outputs if shown else {})}
        record = replace(record, spec=_merged(record.spec, step, spec, self._desk.books.key), underway=None)
        await self._put(replace(record, outputs=outputs, needs=step.needs, source=step.source), f"{call.name}: done")
        return id

    async def _ready_for(
        self, step: Step, kind: Kind, call: Call, id: str, *, since: float, deadline: float | None
    ) -> Live:
        """The object, in a phase in which the service takes the call."""
        live = await read_one(self._desk.client, kind, id)
        if live is None:
            raise StepFailed(f"{id} is gone; run the command again to plan anew")
        if live.phase in call.needs or live.phase in call.settles:
            return live
        return await self._settled(step, kind, id, call.needs | call.settles, since=since, deadline=deadline)

    def _is_done(self, kind: Kind, call: Call, step: Step, spec: Spec, live: Live) -> bool:
        """Whether the object already is as the call would make it, as far as the API shows it."""
        if call.settles and live.phase not in call.settles:
            return False
        if not step.fields:
            return live.phase not in call.needs
        return all(name in live.values for name in step.fields) and self._shows(kind, step, spec, live)

    async def _change(
        self, step: Step, kind: Kind, call: Call, target: Target, record: Record, spec: Spec, *, deadline: float | None
    ) -> None:
        request = call.request(target)
        live = target.live
        before = {"values": dict(live.values), "outputs": dict(live.outputs)} if live and call.effect else {}
        sent = written(
            {name: spec[name] for name in (*step.fields, *call.covers) if name in spec}, self._desk.books.key
        )
        needs = tuple(sorted({*record.needs, *step.needs}))
        await self._put(
            replace(record, needs=needs, underway=replace(self._underway(call.name, sent), before=before)),
            f"{call.name}: about to be sent",
        )
        for _ in range(BUYS):
            try:
                await self._send(request, step, deadline=deadline)
            except Unanswered as error:
                if request.repeatable:
                    raise
                if await self._took_effect(kind, call, step, target, spec):
                    return
                self._note(step, target.id, f"{error}; it had no effect, so it is sent again")
            else:
                return
        raise StepFailed(f"{call.name} was sent {BUYS} times without an answer or an effect; run the command again")

    async def _took_effect(self, kind: Kind, call: Call, step: Step, target: Target, spec: Spec) -> bool:
        """Whether a call that must not be repeated blindly did its work, read over a grace time."""
        for pause in (0.0, GRACE / 4, GRACE):
            await self._desk.clock.sleep(pause)
            live = await read_one(self._desk.client, kind, target.id)
            if live is None:
                return False
            shown = call.effect(target, live) if call.effect else self._shows(kind, step, spec, live)
            if shown:
                return True
        return False

    async def _show_effect(
        self, step: Step, kind: Kind, call: Call, id: str, spec: Spec, *, since: float, deadline: float | None
    ) -> Live | None:
        """Waits until the object is settled and shows what the call changed: no silent no-op."""
        if not call.settles:
            return None
        return await self._settled(
            step,
            kind,
            id,
            call.settles,
            since=since,
            deadline=deadline,
            also=lambda live: self._shows(kind, step, spec, live),
        )

    def _shows(self, kind: Kind, step: Step, spec: Spec, live: Live) -> bool:
        for name in step.fields:
            wanted = _with_resets(kind, step, spec).get(name)
            if name not in live.values or wanted is None:
                continue
            if not agree(kind.field(name), wanted=wanted, found=live.values[name], key=self._desk.books.key):
                return False
        return True

    async def _wait(self, step: Step, *, since: float, deadline: float | None) -> str:
        kind = self._desk.kinds[step.address.kind]
        self._begin(step)
        live = await self._settled(step, kind, step.id, STABLE, since=since, deadline=deadline)
        record = self._record(step)
        await self._put(replace(record, underway=None, outputs={**record.outputs, **live.outputs}), "settled")
        return step.id

    # --- delete ---------------------------------------------------------------------------------------------------

    async def _delete(self, step: Step, *, since: float, deadline: float | None) -> str:
        kind = self._desk.kinds[step.address.kind]
        async with self._desk.calls:
            self._begin(step)
            record = self._desk.books.record(step.address)
            if record is not None and record.id == step.id:
                await self._put(replace(record, underway=self._underway("delete", {})), "delete: about to be sent")
            with contextlib.suppress(NotFound):
                await self._send(kind.delete.request(Target(step.id, {}, None)), step, deadline=deadline)
        await self._settled(step, kind, step.id, frozenset({Phase.GONE}), since=since, deadline=deadline)
        await self._strike(step)
        return step.id

    async def _strike(self, step: Step) -> None:
        """The object is gone: neither its id nor its record stays."""
        record = self._desk.books.record(step.address)
        if record is None:
            return
        retired = tuple(id for id in record.retired if id != step.id)
        if record.id not in {step.id, ""} or retired:
            own = "" if record.id == step.id else record.id
            underway = None if record.id == step.id else record.underway
            await self._put(replace(record, id=own, retired=retired, underway=underway), f"{step.id} is gone")
        else:
            await self._desk.books.drop(step.address, f"{step.id} is gone")

    # --- what all of them do --------------------------------------------------------------------------------------

    def _begin(self, step: Step) -> None:
        if self._desk.stop.is_set():
            raise Interrupted
        self._desk.emit(Started(step))

    def _record(self, step: Step) -> Record:
        record = self._desk.books.record(step.address)
        if record is None:
            raise StepFailed("the books hold no record of it")
        return record

    async def _put(self, record: Record, event: str) -> None:
        await self._desk.books.put(record, event)

    def _underway(self, call: str, sent: Spec) -> Underway:
        return Underway(self._desk.operation(), call, self._desk.clock.now(), sent)

    def _note(self, step: Step, id: str, note: str) -> None:
        self._desk.emit(Progressed(step, id, Phase.CHANGING, "", 0.0, note))

    async def _send(self, request: Request, step: Step, *, deadline: float | None = None) -> Any:
        """The answer. What is busy or in use may pass: the call is made again until the step's time is up.

        Called with a place among the calls, which others have while this one pauses.
        """
        end = deadline if deadline is not None else self._desk.clock.now() + step.timeout
        pause = RETRY_PAUSE
        while True:
            try:
                return await self._desk.client.send(request)
            except (Busy, InUse) as error:
                if self._desk.clock.now() + pause > end or self._desk.stop.is_set():
                    raise
                self._note(step, step.id, f"{error.reason or error.text}: tried again in {pause:g} s")
                self._desk.calls.release()
                try:
                    await self._desk.clock.sleep(pause)
                finally:
                    await self._desk.calls.acquire()
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _resolved(self, step: Step) -> Spec:
        spec = {name: resolve(value, self._desk.books.known) for name, value in step.spec.items()}
        missing = [ref for value in spec.values() for ref in refs(value)]
        for ref in missing:
            await self._look_up(ref)
        if missing:
            spec = {name: resolve(value, self._desk.books.known) for name, value in spec.items()}
        unknown = sorted({str(ref) for value in spec.values() for ref in refs(value)})
        if unknown:
            raise StepFailed(f"{', '.join(unknown)} is not known: the object does not have it (yet)")
        return spec

    async def outputs(self, wanted: Mapping[str, Value]) -> Mapping[str, Value]:
        """The project's outputs as far as they are known now, secrets as digests; what no object has is None."""
        for ref in dict.fromkeys(ref for value in wanted.values() for ref in refs(value)):
            if self._desk.books.known(ref) == ref:
                await self._look_up(ref)

        def known(ref: Ref) -> Value:
            value = self._desk.books.known(ref)
            return None if isinstance(value, Ref) else value

        return {name: digest(resolve(value, known), self._desk.books.key) for name, value in wanted.items()}

    async def _look_up(self, ref: Ref) -> None:
        """Reads an attribute that no answer has carried so far."""
        record = self._desk.books.record(ref.address)
        if record is None or not record.id:
            return
        live = await read_one(self._desk.client, self._desk.kinds[ref.address.kind], record.id)
        if live is not None:
            await self._put(replace(record, outputs={**record.outputs, **live.outputs}), "read")

    async def _settled(
        self,
        step: Step,
        kind: Kind,
        id: str,
        phases: frozenset[Phase],
        *,
        since: float,
        deadline: float | None,
        also: Callable[[Live], bool] | None = None,
    ) -> Live:
        """Waits until the object is in one of the phases; raises StepFailed when it fails or the time is up."""
        seen: list[Live] = []
        last: list[str] = [""]

        def look(live: Live | None) -> bool:
            if live is None:
                if Phase.GONE in phases:
                    return True
                raise StepFailed(f"{id} vanished while it was waited for")
            seen[:] = [live]
            if live.status != last[0]:
                last[0] = live.status
                elapsed = self._desk.clock.now() - since
                self._desk.emit(Progressed(step, id, live.phase, live.status, elapsed))
            if live.phase is Phase.FAILED and Phase.GONE not in phases:
                raise StepFailed(f"{id} failed: {live.trouble or live.status}")
            return live.phase in phases and (also is None or also(live))

        waiting = asyncio.ensure_future(self._watches[kind.prefix].until(id, look))
        stopping = asyncio.ensure_future(self._desk.stop.wait())
        timer = asyncio.ensure_future(self._expire(deadline))
        try:
            await asyncio.wait({waiting, stopping, timer}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                waiting.result()
                return seen[0] if seen else Live(id, "", Phase.GONE, "", {})
            if stopping.done():
                raise StillMoving(f"{id} is still {last[0] or 'on its way'}")
            raise StepFailed(
                f"{id} is still {last[0] or 'on its way'} after {step.timeout:g} s; it is on record, and the next run "
                "waits for it again (longer: lifecycle.timeouts)"
            )
        finally:
            for task in (waiting, stopping, timer):
                task.cancel()
            await asyncio.gather(waiting, stopping, timer, return_exceptions=True)

    async def _expire(self, deadline: float | None) -> None:
        if deadline is None:
            await asyncio.Event().wait()
            return
        await self._desk.clock.sleep(max(0.0, deadline - self._desk.clock.now()))


def _carried(kind: Kind, spec: Spec, key: str) -> Spec:
    """What is true of the object once the create is done: what the call carries, and defaults that need no call."""
    carried = {}
    for name, value in spec.items():
        item = kind.field(name)
        default = item.absent.value if isinstance(item.absent, Default) else None
        if item.created or agree(item, wanted=value, found=default, key=key):
            carried[name] = value
    return carried


def _with_resets(kind: Kind, step: Step, spec: Spec) -> Spec:
    """The spec with the default of each field that is no longer declared and goes back to it."""
    gone = {name: kind.field(name).absent for name in step.fields if spec.get(name) is None}
    return {**spec, **{name: absent.value for name, absent in gone.items() if isinstance(absent, Default)}}


def _merged(recorded: Spec, step: Step, spec: Spec, key: str) -> Mapping[str, Value]:
    """The record's spec after the call: its fields as they are now wanted, or without them."""
    fields = {name: spec[name] for name in step.fields if name in spec}
    kept = {name: value for name, value in recorded.items() if name not in step.fields}
    return {**kept, **written(fields, key)}
