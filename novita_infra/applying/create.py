"""Creates one object: intent on disk, call, id on disk, wait. It never pays for a second object on a guess.

A create is sent again only if the API says, or reads over a grace time show, that the one before made nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from novita_infra.api.errors import ApiError, NoCapacity, Unanswered
from novita_infra.api.request import Request
from novita_infra.applying.calling import check_unset, effect_window, lock_creates, pauses, send, settled_states
from novita_infra.applying.errors import Interrupted, NeverShown, StepFailed, StillMoving
from novita_infra.applying.events import Identified
from novita_infra.applying.hooked.resource_hooks import run_after_create, with_due
from novita_infra.applying.jobs.fetching import finish_job
from novita_infra.applying.jobs.uploading import Uploads
from novita_infra.applying.run import Run, StepRun
from novita_infra.applying.waiting import Waits
from novita_infra.kinds.call import Target
from novita_infra.kinds.field import Default
from novita_infra.kinds.kind import Kind, Offer
from novita_infra.model.clock import GRACE
from novita_infra.model.concurrency import start_task
from novita_infra.model.diagnostics import EXIT_BLOCKED, Problems
from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import MarkMoments, with_moments
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Spec, Value, leaves, reveal
from novita_infra.planning.changes.decisions import ambiguous
from novita_infra.planning.changes.equality import agree, written
from novita_infra.refresh.alternatives import FreeAlternatives
from novita_infra.refresh.objects import candidates, read_all, still_there
from novita_infra.state.store import NamedLock

TRIES: Final = 3
"""How often a create is sent whose answer is lost and which provably made nothing."""
LOOKS: Final = (0.0, GRACE / 40, GRACE / 20, GRACE / 10, GRACE / 5, GRACE / 3, GRACE / 3)
"""Seconds between the reads that look for the object of a create without an answer; together they pass the grace time.
The last is repeated as long as the service may still work on the call."""
LONGEST_LAST_LOOK: Final = GRACE / 10
"""Seconds that an interrupted run still pauses before a look."""
CAPACITY_PAUSE: Final = 20.0
"""Seconds between two attempts while capacity is waited for; the last is made when the wait is over."""
_ID: Final = re.compile(r"[a-zA-Z_-]*\d[\w-]*", re.ASCII)
"""The form of all ids that clients of the service have met: a word with a digit. Any other text, such as `OK`, is an id
only if a list shows it."""
_LOOKED_FOR: Final = "run the same command again: it looks for what the create made before it acts"
_STOPPED_WAITING: Final = "interrupted while it waited for capacity; nothing was made"


@dataclass(frozen=True, slots=True)
class _Create:
    """One create, of one offer."""

    at: StepRun
    spec: Spec
    before: Record | None
    """The record before the step."""
    choice: Mapping[str, Value]
    """The offer for the record."""
    lock: NamedLock | None = None
    """The lock of its type and name; None where an owner mark tells its object, or no state is shared."""


class Creator:
    """Creates the objects of one run."""

    def __init__(self, run: Run, waits: Waits) -> None:
        self._run = run
        self._waits = waits
        self._free = FreeAlternatives(run.client, run.clock)
        self._uploads = Uploads()
        self._snapshots: dict[str, asyncio.Task[frozenset[str]]] = {}
        self._alike: dict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def create(self, at: StepRun) -> str:
        """Creates the object, waits until it has settled and returns its id.

        Raises StepFailed, Interrupted, StillMoving or ApiError.
        """
        at.begin()
        await at.check_unread_object()
        spec = await at.resolved_spec()
        await check_unset(at, spec)
        at = await self._create_when_free(_Create(at, spec, self._run.records.get(at.step.address), {}))
        await run_after_create(at)
        settles, id = at.kind.api.create.final_phases, at.record.id
        if not settles:
            return id
        try:
            live = await self._waits.until(at, id, settles)
        except NeverShown as failure:
            await at.put(replace(at.record, id=""), "create: its id is not known")
            raise StepFailed(f"{failure.reason}, which the create answered", _LOOKED_FOR) from None
        await finish_job(at, _ready(at.record, at, live), live, spec)
        return live.id

    async def _create_when_free(self, create: _Create) -> StepRun:
        """The step, which has an object now. Waits for capacity if it may, with a last attempt when that is over."""
        at, wait = create.at, create.at.step.limits.capacity_wait
        waiting, last = "", False
        while True:
            try:
                return await self._create_first_offer(create, waiting)
            except NoCapacity as error:
                refused = error
            left = wait - at.elapsed
            if last or left <= 0:
                free = "" if self._run.stop.is_set() else await self._free.to_spec(at.kind, create.spec)
                refused.advice = "; ".join(filter(None, (refused.advice, free)))
                raise _no_capacity(refused, wait, at.elapsed)
            if not waiting:  # noted once; the end of the run sums up
                note = f"{refused.reason or refused.text}: tried again for up to {in_words(wait)}"
                at.note("", note, status="waiting")
            waiting, last = _STOPPED_WAITING, left <= CAPACITY_PAUSE
            await self._run.pause(min(CAPACITY_PAUSE, left))
            self._run.check_stop(waiting)

    async def _create_first_offer(self, create: _Create, waiting: str) -> StepRun:
        """The step, which has an object now, of the first offer that has capacity. Raises NoCapacity if none has.

        `waiting` is the message of an interruption, if an attempt was made before.
        """
        kind, spec = create.at.kind, create.spec
        refused: list[Mapping[str, Value]] = []
        for offer in kind.market.offers(spec) if kind.market.offers else (Offer(spec=spec, place={}),):
            try:
                async with self._run.slots:
                    self._run.check_stop(waiting)
                    choice = _choice(offer, refused)
                    return await self._create_once(_Create(create.at, offer.spec, create.before, choice))
            except NoCapacity as error:
                failure, waiting = error, _STOPPED_WAITING
                refused.append({"offer": offer.place, "reason": error.message})
        raise failure

    async def _create_once(self, create: _Create) -> StepRun:
        """The step, whose object has a recorded id now, and may still be coming up."""
        at, kind = create.at, create.at.kind
        name = str(reveal(create.spec.get("name", "")))
        pending, request = self._attempt(create)
        if kind.api.job:
            create = await self._with_upload(create, pending)
            pending, request = self._attempt(create)
        # A mark tells the new object from all others; without one, two that are alike are made one after the other.
        async with self._alike[kind.type, pending.mark or name]:
            if pending.mark:
                await self._record_created(at, await self._send(create, pending, request))
                return at
            lock, since = await lock_creates(at, name), self._run.clock.now()
            try:
                pending = await self._with_settled_snapshot(at, pending)
                at = at.delayed(self._run.clock.now() - since)
                create = _Create(at, create.spec, create.before, create.choice, lock)
                await self._record_created(at, await self._send(create, pending, request))
            finally:
                if lock:
                    lock.release()
        return at

    async def _with_upload(self, create: _Create, pending: PendingCall) -> _Create:
        """The create whose spec names what was uploaded for it. The intent is on disk before."""
        await self._record_intent(create, pending)
        try:
            return replace(create, spec=await self._uploads.spec_after(create.at, create.spec))
        except (ApiError, StepFailed, Interrupted):
            await self._restore_record(create)
            raise

    async def _send(self, create: _Create, pending: PendingCall, request: Request) -> Live:
        """The new object; its id is known, and it may still be coming up."""
        at, kind = create.at, create.at.kind
        for _ in range(TRIES):
            at.announce(request)
            await self._record_intent(create, pending)
            try:
                answer = await send(at, request, guard=create.lock)
            except Unanswered as error:
                lost, done = error, False
                looking = f"{error}; looking for what it made for up to {in_words(effect_window(error))}"
                at.note("", looking, status="unanswered")
            except (ApiError, Problems):
                await self._restore_record(create)
                raise
            else:
                id = kind.api.new_id(answer)
                if id and (_ID.fullmatch(id) or id in await read_all(self._run.client, kind)):
                    return Live(id, "", Phase.CHANGING, "", {})
                shown = " that a list shows" if id else ""
                lost, done = Unanswered(request, text=f"it is done, but the answer holds no id{shown}"), True
            live = await self._find_created(create, pending, lost=lost)
            if live is not None:
                if create.lock is not None:  # a run that took it over may have made this object
                    await self._run.from_states(create.lock.check)
                if not done:
                    at.note(live.id, f"what it made was found: {live.id}")
                return live
            if done:
                break  # The service says that it is done: another call would create a second object.
            at.note("", "nothing was made, so it is sent again", status="unanswered")
        raise StepFailed(f"{lost}; {lost.advice}")

    async def _record_created(self, at: StepRun, live: Live) -> None:
        """Puts the id on disk."""
        record = at.record
        record = replace(record, id=live.id, spec=record.pending.sent if record.pending else {})
        await at.put(record if at.kind.api.create.final_phases else _ready(record, at, live), "created")
        self._run.emit(Identified(at.step, live.id))

    def _attempt(self, create: _Create) -> tuple[PendingCall, Request]:
        """The attempt and its request. The attempt holds the owner mark only if the request has room for it."""
        at, key = create.at, self._run.records.key
        pending = at.attempt("create", written(_carried(at.kind, create.spec, key), key))
        mark = self._run.mark(at.step.address, pending.operation) if at.kind.api.mark_place else ""
        mark = with_moments(mark, _moments(at.kind, create.spec, self._run.clock.now()))
        request = at.kind.api.create.request(Target("", reveal(create.spec), mark=mark))
        texts = (leaf for leaf in leaves(dict(request.body or {})) if isinstance(leaf, str))
        written_mark = mark if mark and any(mark in text for text in texts) else ""
        snapshot = self._run.records.snapshot_name(at.kind.type)
        account = "" if written_mark else self._run.account
        return replace(pending, mark=written_mark, account=account, snapshot=snapshot), request

    async def _with_settled_snapshot(self, at: StepRun, pending: PendingCall) -> PendingCall:
        """The attempt with a snapshot that holds what other runs created, too. Needs the lock of the creates."""
        kind, records = at.kind, self._run.records
        others, waited = await settled_states(at, pending.sent)
        ids = await self._live_before(kind)
        more = others.ids_named(kind.type, pending.sent)
        if waited:
            more |= (await read_all(self._run.client, kind)).keys()
        if more <= ids:
            return pending
        pending = replace(pending, snapshot=f"{kind.type}#{pending.operation}")
        await records.put_snapshot(pending.snapshot, tuple(sorted(ids | more)))
        return pending

    async def _record_intent(self, create: _Create, pending: PendingCall) -> None:
        """Puts the attempt on disk, and the ids that were live before."""
        at, before = create.at, create.before
        await self._live_before(at.kind)
        old = before if not at.kind.api.completes else None  # a job that has ended is not deleted later
        retired = tuple(dict.fromkeys([*old.retired, *filter(None, [old.id])])) if old else ()
        retired_unready = before.retired_unready if before else ()
        if before and before.pending and before.pending.never_ready:
            retired_unready = (*retired_unready, before.id)
        record = Record(
            at.step.address,
            "",
            needs=at.step.record.needs,
            pending=replace(pending, since=self._run.clock.now()),
            retired=retired,
            retired_unready=tuple(id for id in retired_unready if id in retired),
            protect=at.step.record.protect,
            delete_hooks=at.step.record.delete_hooks,
            source=at.step.record.source,
            labels=at.step.record.labels,
            choice=create.choice,
        )
        await at.put(with_due(record, at), "create: about to be sent")

    async def _restore_record(self, create: _Create) -> None:
        """Restores the record from before the step: the create was refused, and nothing was made."""
        if create.before is not None:
            await create.at.put(create.before, "create: refused")
        else:
            await self._run.records.drop(create.at.step.address, "create: refused")

    async def _find_created(self, create: _Create, pending: PendingCall, *, lost: Unanswered) -> Live | None:
        """The object of a create without an answer.

        None only if all reads miss it over a grace time that begins when the service cannot work on the call any more.
        """
        kind, client = create.at.kind, self._run.client
        records = self._run.records
        known = records.snapshot(pending.snapshot) | records.owned_ids(kind.type)
        for pause in pauses(self._run.clock, lost, LOOKS):
            if self._run.stop.is_set() and pause > LONGEST_LAST_LOOK:
                raise StillMoving("the result of the create is not known yet; the next run looks for it")
            await self._run.clock.sleep(pause)
            lives = await read_all(client, kind)
            fitting = candidates(kind, reveal(create.spec), lives.values(), known=known, mark=pending.mark)
            fitting = await still_there(client, kind, fitting)
            if len(fitting) > 1:
                raise StepFailed(ambiguous(create.at.step.address, fitting))
            if fitting:
                return fitting[0]
        return None

    async def _live_before(self, kind: Kind) -> frozenset[str]:
        """The ids that were live before this run created any object of the kind; read once."""
        if kind.type not in self._snapshots:
            self._snapshots[kind.type] = start_task(self._take_snapshot(kind))
        return await asyncio.shield(self._snapshots[kind.type])

    async def _take_snapshot(self, kind: Kind) -> frozenset[str]:
        lives = await read_all(self._run.client, kind)
        records = self._run.records
        await records.put_snapshot(records.snapshot_name(kind.type), tuple(sorted(lives)))
        return frozenset(lives)


def _moments(kind: Kind, spec: Spec, now: float) -> MarkMoments:
    """The moments that the mark of a new object holds; none where nothing in its spec is about its age."""
    times = kind.machine.times if kind.machine else None
    if times is None or not times.needs_age(spec):
        return MarkMoments()
    created, hard = float(int(now)), times.hard_seconds(spec)
    return MarkMoments(created, created + int(hard) if hard else 0.0)


def _ready(record: Record, at: StepRun, live: Live) -> Record:
    """The record of a create that is done, without the old object if that is known to be gone."""
    retired = tuple(id for id in record.retired if id != at.step.gone)
    return replace(record, pending=None, outputs={**live.outputs}, needs=at.step.record.needs, retired=retired)


def _no_capacity(refused: NoCapacity, wait: float, elapsed: float) -> NoCapacity | StepFailed:
    """The last refusal, with the time that was waited for capacity, if any."""
    if not wait:
        return refused
    reason = f"{refused}; nothing came free in {in_words(elapsed)}"
    return StepFailed(reason, f"{refused.advice}; longer: lifecycle.waitForCapacity", code=EXIT_BLOCKED)


def _carried(kind: Kind, spec: Spec, key: str) -> Spec:
    """The fields that are true of the object once the create is done: those of the call, and met defaults."""
    carried = {}
    for name, value in spec.items():
        item = kind.field(name)
        default = item.absent.value if isinstance(item.absent, Default) else None
        if item.created or agree(item, wanted=value, found=default, key=key):
            carried[name] = value
    return carried


def _choice(offer: Offer, refused: list[Mapping[str, Value]]) -> Mapping[str, Value]:
    """The choice for the record: the offer that is tried, and each that was refused, with the latest reason."""
    if not offer.place:
        return {}
    places = [item["offer"] for item in refused]
    return {"took": offer.place, "passed": [*(item for item in offer.passed if item["offer"] not in places), *refused]}
