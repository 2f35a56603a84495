"""Changes one object by a call of its kind, or waits for it, or adopts it.

A call that must not be repeated blindly is judged by its effect before it is sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from novita_infra.api.errors import ApiError, Refused, Unanswered
from novita_infra.applying.calling import pauses, send
from novita_infra.applying.errors import StepFailed
from novita_infra.applying.events import Identified
from novita_infra.applying.hooked.resource_hooks import run_after_create, with_due
from novita_infra.applying.jobs.fetching import finish_job
from novita_infra.applying.run import Run, StepRun
from novita_infra.applying.waiting import Waits
from novita_infra.kinds.call import Call, Target
from novita_infra.kinds.field import Default
from novita_infra.kinds.job import OVER
from novita_infra.kinds.kind import Kind
from novita_infra.model.clock import GRACE
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import mark_after
from novita_infra.model.resources import STABLE, Existing, Live
from novita_infra.model.values import Digest, Spec, Value, leaves, reveal, secrets_of
from novita_infra.planning.changes.case import recorded_spec
from novita_infra.planning.changes.equality import agree, masked, revealed, written
from novita_infra.planning.plan.steps import Step
from novita_infra.refresh.objects import read_one
from novita_infra.refresh.saved_images import read_image_id

TRIES: Final = 3
"""How often a call is sent that must not be repeated blindly, whose answer is lost, and which had no effect."""
_LOOKS: Final = (0.0, GRACE / 4, GRACE / 4, GRACE / 2)
"""Seconds between the reads that look for the effect of a call without an answer."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One call on one object."""

    at: StepRun
    call: Call
    spec: Spec
    """The step's spec, resolved."""
    key: str
    """The hex key of the digests that stand for secrets."""

    def is_done(self, live: Live) -> bool:
        """Whether the object already is as the call would make it, as far as the API shows it."""
        if self.call.final_phases and live.phase not in self.call.final_phases:
            return False
        fields = self.at.step.fields
        if not fields:
            return live.phase not in self.call.allowed_phases
        return all(name in live.values for name in fields) and self.shows(live)

    def shows(self, live: Live) -> bool:
        """Whether the object shows the new value of every field of the step that the API returns: no silent no-op."""
        kind, spec = self.at.kind, _with_resets(self.at.kind, self.at.step, self.spec)
        return all(
            agree(kind.field(name), wanted=spec[name], found=live.values[name], key=self.key)
            for name in self.at.step.fields
            if name in live.values and spec.get(name) is not None
        )

    def took_effect(self, target: Target, live: Live) -> bool:
        """Whether the object shows the effect of the call."""
        return self.call.took_effect(target, live) if self.call.took_effect else self.shows(live)


class Updater:
    """Changes the objects of one run."""

    def __init__(self, run: Run, waits: Waits) -> None:
        self._run = run
        self._waits = waits

    async def update(self, at: StepRun, name: str) -> str:
        """Makes the call of that name, waits until the object shows the change and returns its id.

        Raises StepFailed, Interrupted, StillMoving or ApiError.
        """
        kind, key = at.kind, self._run.records.key
        call = kind.call(name)
        id = at.step.id or at.record.id
        at.begin()
        spec = await at.resolved_spec()
        live = settled = await self._in_phase_for(at, call, id)
        earlier = at.record.pending
        await self._record_earlier_call(at, live)
        change = _Change(at, call, _with_live_values(spec, live, key), key)
        if not change.is_done(live):
            async with self._run.slots:
                self._run.check_stop()
                await self._send_change(change, live)
        outputs = at.record.outputs
        if call.final_phases:
            settled = await self._waits.until(at, id, call.final_phases, also=change.shows)
            outputs = kind.merged_outputs(outputs, settled)
        record = at.record
        record = replace(
            record,
            spec=_merged(record.spec, at.step, change.spec, key),
            pending=None,
            outputs=outputs,
            needs=at.step.record.needs,
            source=at.step.record.source,
            labels=at.step.record.labels,
        )
        if kind.api.job and call.name == kind.api.job.fetch_call:
            began = earlier is not None and earlier.call == kind.api.create.name
            await finish_job(at, record, settled, change.spec, began=began)
        else:
            await at.put(record, f"{call.name}: done")
        return id

    async def wait(self, at: StepRun) -> str:
        """Waits for the end of a call of an earlier run; returns the object's id."""
        at.begin()
        await run_after_create(at)
        if at.kind.api.job:
            live = await self._waits.until(at, at.step.id, OVER)
            await finish_job(at, at.record, live, await at.resolved_spec())
            return at.step.id
        live = await self._waits.until(at, at.step.id, STABLE)
        live = await read_image_id(self._run.client, at.kind, live)
        outputs = at.kind.merged_outputs(at.record.outputs, live)
        await at.put(replace(at.record, pending=None, outputs=outputs), "settled")
        return at.step.id

    async def adopt(self, at: StepRun) -> str:
        """Records the object of an earlier create without an answer; returns its id."""
        at.begin()
        record = at.record
        sent = record.pending.sent if record.pending else {}
        record = replace(record, id=at.step.id, spec=sent, needs=at.step.record.needs)
        await at.put(record, "adopted: an earlier create made it")
        self._run.emit(Identified(at.step, at.step.id))
        return at.step.id

    async def _in_phase_for(self, at: StepRun, call: Call, id: str) -> Live:
        """The object, in a phase in which the service accepts the call, or in which the call is done."""
        live = await read_one(self._run.client, at.kind, id)
        if live is None:
            raise StepFailed(f"{id} is gone; run the command again for a new plan")
        self._run.check_owner(at.step.address, live)
        if live.phase in call.allowed_phases or live.phase in call.final_phases:
            return live
        return await self._waits.until(at, id, call.allowed_phases | call.final_phases)

    async def _record_earlier_call(self, at: StepRun, live: Live) -> None:
        """Records the effect of an earlier call without an answer, before this call replaces it in the record.

        Nothing else shows that months were bought: without the record they would be bought again.
        """
        record = at.record
        spec = recorded_spec(at.kind, Existing(record, live=live))
        if spec != record.spec and record.pending:
            done = replace(record, spec=spec, pending=None)
            await at.put(done, f"{record.pending.call}: an earlier run made it")

    async def _send_change(self, change: _Change, live: Live) -> None:
        """Sends the call until it is answered or shows its effect, with the intent on disk before."""
        at, call, step = change.at, change.call, change.at.step
        record = at.record
        before = {"values": _shown(change, live), "outputs": dict(live.outputs)} if call.took_effect else {}
        changed = {name: change.spec[name] for name in (*step.fields, *call.also_sets) if name in change.spec}
        pending = at.attempt(call.name, written(changed, change.key))
        needs = tuple(sorted({*record.needs, *step.record.needs}))
        intent = replace(record, needs=needs, pending=replace(pending, before=before))
        own = self._run.mark(step.address, pending.operation) if at.kind.api.mark_place else ""
        mark = mark_after(live.mark, own)
        target = Target(live.id, reveal(_with_resets(at.kind, step, change.spec)), live, record.spec, mark=mark)
        request = call.request(target)
        self._run.client.hide(lambda: secrets_of(change.spec))  # it may hold secrets that only the live object shows
        at.announce(request)
        await at.put(with_due(intent, at), f"{call.name}: about to be sent")

        async def is_done() -> bool:
            """Whether a call that is refused for now is not needed any more: someone else has made the change."""
            now = await read_one(self._run.client, at.kind, step.id or at.record.id)
            return now is not None and change.is_done(now)

        for _ in range(TRIES):
            try:
                await send(at, request, is_moot=is_done)
            except Unanswered as error:
                if request.repeatable:
                    raise
                if await self._took_effect(change, target, error):
                    return
                at.note(live.id, f"{error}; it had no effect, so it is sent again")
            except ApiError as error:
                moved = await self._after_move(change, target.id) if isinstance(error, Refused) else None
                if moved is None:
                    await at.put(record, f"{call.name}: refused")
                    raise
                if change.is_done(moved):
                    return
            else:
                return
        raise StepFailed(f"{call.name} was sent {TRIES} times without an answer or an effect; run the command again")

    async def _after_move(self, change: _Change, id: str) -> Live | None:
        """The object after a refusal, when it is in a phase in which the call is accepted, or done.

        The service refuses a start of what is starting ("invalid state change"). None where the refusal has another
        reason: the object is in such a phase already.
        """
        call, live = change.call, await read_one(self._run.client, change.at.kind, id)
        if live is None or live.phase in call.allowed_phases:
            return None
        if live.phase in call.final_phases:
            return live
        return await self._waits.until(change.at, id, call.allowed_phases | call.final_phases)

    async def _took_effect(self, change: _Change, target: Target, lost: Unanswered) -> bool:
        """Whether a call that must not be repeated blindly had its effect, read until it cannot have it any more."""
        for pause in pauses(self._run.clock, lost, _LOOKS):
            await self._run.clock.sleep(pause)
            live = await read_one(self._run.client, change.at.kind, target.id)
            if live is None:
                return False
            if change.took_effect(target, live):
                return True
        return False


def _shown(change: _Change, live: Live) -> Spec:
    """The live values as they may be recorded: secrets as Digests."""
    kind, recorded, wanted = change.at.kind, change.at.record.spec, change.spec
    return {
        name: masked(
            value, recorded=recorded.get(name), wanted=wanted.get(name), field=kind.field(name), key=change.key
        )
        for name, value in live.values.items()
    }


def _merged(recorded: Spec, step: Step, spec: Spec, key: str) -> Mapping[str, Value]:
    """The record's spec after the call: the fields of the step have their new value, or are left out."""
    changed = {name: spec[name] for name in step.fields if name in spec}
    unchanged = {name: value for name, value in recorded.items() if name not in step.fields}
    return {**unchanged, **written(changed, key)}


def _with_live_values(spec: Spec, live: Live, key: str) -> Spec:
    """The spec with the live value in place of each digest: the plan keeps a value that was changed outside.

    Leaves out fields that the API does not return. Raises StepFailed if the live value has changed since the plan.
    """
    filled: dict[str, Value] = {}
    for name, value in spec.items():
        if not any(isinstance(leaf, Digest) for leaf in leaves(value)):
            filled[name] = value
        elif name in live.values:
            filled[name] = revealed(value, live.values[name], key=key)
            if any(isinstance(leaf, Digest) for leaf in leaves(filled[name])):
                raise StepFailed(f"{name} was changed outside since the plan was made; make a new one")
    return filled


def _with_resets(kind: Kind, step: Step, spec: Spec) -> Spec:
    """The spec with the default of each field of the step that is no longer declared."""
    undeclared = {name: kind.field(name).absent for name in step.fields if spec.get(name) is None}
    return {**spec, **{name: absent.value for name, absent in undeclared.items() if isinstance(absent, Default)}}
