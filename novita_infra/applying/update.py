"""One object changed by a named call, or waited for.

A call that must not be repeated blindly is judged by its effect before it is sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from novita_infra.api.errors import ApiError, Unanswered
from novita_infra.applying.errors import StepFailed
from novita_infra.applying.events import Identified
from novita_infra.applying.run import Run, Span
from novita_infra.kinds.call import Call, Target
from novita_infra.kinds.field import Default
from novita_infra.kinds.kind import Kind
from novita_infra.model.clock import GRACE
from novita_infra.model.resources import STABLE, Existing, Live
from novita_infra.model.values import Digest, Spec, Value, leaves, reveal
from novita_infra.planning.changes.decisions import recorded_spec
from novita_infra.planning.changes.equality import agree, revealed, written
from novita_infra.planning.plan.steps import Step
from novita_infra.refresh.objects import read_one

TRIES: Final = 3
"""How often a call is sent that must not be repeated blindly, whose answer is lost, and which had no effect."""


class Changing:
    """Performs the updates of one run."""

    def __init__(self, desk: Run) -> None:
        self._desk = desk

    async def update(self, step: Step, name: str, *, span: Span) -> str:
        """Makes the call and waits until the object shows what it changed. Raises StepFailed, StillMoving, ApiError."""
        kind = self._desk.kinds[step.address.type]
        call = kind.call(name)
        id = step.id or self._desk.record(step).id
        self._desk.begin(step)
        spec = await self._desk.resolved(step)
        live = await self._ready_for(step, kind, call, id, span=span)
        await self._conclude(step, kind, live)
        spec = _with_what_stays(spec, live, self._desk.books.key)
        if not self._is_done(kind, call, step, spec, live):
            async with self._desk.calls:
                self._desk.go_on()
                await self._change(step, kind, call, spec, live, span=span)
        outputs = self._desk.record(step).outputs
        if call.final_phases:
            settled = await self._desk.settled(
                step, id, call.final_phases, span=span, also=lambda seen: self._shows(kind, step, spec, seen)
            )
            outputs = kind.merged_outputs(outputs, settled)
        record = self._desk.record(step)
        record = replace(
            record,
            spec=_merged(record.spec, step, spec, self._desk.books.key),
            pending=None,
            outputs=outputs,
            needs=step.record.needs,
            source=step.record.source,
        )
        await self._desk.books.put(record, f"{call.name}: done")
        return id

    async def wait(self, step: Step, *, span: Span) -> str:
        """Waits for what an earlier run began."""
        self._desk.begin(step)
        live = await self._desk.settled(step, step.id, STABLE, span=span)
        record = self._desk.record(step)
        outputs = self._desk.kinds[step.address.type].merged_outputs(record.outputs, live)
        await self._desk.books.put(replace(record, pending=None, outputs=outputs), "settled")
        return step.id

    async def adopt(self, step: Step) -> str:
        """Takes in what an earlier create without an answer made."""
        self._desk.begin(step)
        record = self._desk.record(step)
        sent = record.pending.sent if record.pending else {}
        record = replace(record, id=step.id, spec=sent, needs=step.record.needs)
        await self._desk.books.put(record, "adopted: an earlier create made it")
        self._desk.emit(Identified(step, step.id))
        return step.id

    async def _ready_for(self, step: Step, kind: Kind, call: Call, id: str, *, span: Span) -> Live:
        """The object, in a phase in which the service takes the call."""
        live = await read_one(self._desk.client, kind, id)
        if live is None:
            raise StepFailed(f"{id} is gone; run the command again to plan anew")
        if live.phase in call.allowed_phases or live.phase in call.final_phases:
            return live
        return await self._desk.settled(step, id, call.allowed_phases | call.final_phases, span=span)

    async def _conclude(self, step: Step, kind: Kind, live: Live) -> None:
        """Keeps what an earlier call without an answer did, before this one takes its place in the record.

        Months that were bought are told by nothing else: forgotten, they would be bought again.
        """
        record = self._desk.record(step)
        spec = recorded_spec(kind, Existing(record, live=live))
        if spec != record.spec and record.pending:
            done = replace(record, spec=spec, pending=None)
            await self._desk.books.put(done, f"{record.pending.call}: an earlier run made it")

    def _is_done(self, kind: Kind, call: Call, step: Step, spec: Spec, live: Live) -> bool:
        """Whether the object already is as the call would make it, as far as the API shows it."""
        if call.final_phases and live.phase not in call.final_phases:
            return False
        if not step.fields:
            return live.phase not in call.allowed_phases
        return all(name in live.values for name in step.fields) and self._shows(kind, step, spec, live)

    async def _change(self, step: Step, kind: Kind, call: Call, spec: Spec, live: Live, *, span: Span) -> None:
        record = self._desk.record(step)
        before = {"values": dict(live.values), "outputs": dict(live.outputs)} if call.took_effect else {}
        changed = {name: spec[name] for name in (*step.fields, *call.also_sets) if name in spec}
        pending = self._desk.pending(call.name, written(changed, self._desk.books.key))
        needs = tuple(sorted({*record.needs, *step.record.needs}))
        await self._desk.books.put(
            replace(record, needs=needs, pending=replace(pending, before=before)),
            f"{call.name}: about to be sent",
        )
        mark = live.mark or (self._desk.mark(step.address, pending.operation) if kind.api.marked else "")
        target = Target(live.id, reveal(_with_resets(kind, step, spec)), live, record.spec, mark=mark)
        request = call.request(target)
        for _ in range(TRIES):
            try:
                await self._desk.send(request, step, span=span, moot=partial(self._is_moot, kind, call, step, spec))
            except Unanswered as error:
                if request.repeatable:
                    raise
                if await self._took_effect(kind, call, step, target, spec, lost=error):
                    return
                self._desk.note(step, live.id, f"{error}; it had no effect, so it is sent again")
            except ApiError:
                await self._desk.books.put(record, f"{call.name}: refused")
                raise
            else:
                return
        raise StepFailed(f"{call.name} was sent {TRIES} times without an answer or an effect; run the command again")

    async def _is_moot(self, kind: Kind, call: Call, step: Step, spec: Spec) -> bool:
        """Whether a call that is refused for now is not needed any more: somebody else did it."""
        live = await read_one(self._desk.client, kind, step.id or self._desk.record(step).id)
        return live is not None and self._is_done(kind, call, step, spec, live)

    async def _took_effect(
        self, kind: Kind, call: Call, step: Step, target: Target, spec: Spec, *, lost: Unanswered
    ) -> bool:
        """Whether a call that must not be repeated blindly did its work, read until that cannot come any more."""
        for pause in self._desk.pauses(lost, (0.0, GRACE / 4, GRACE / 4, GRACE / 2)):
            await self._desk.clock.sleep(pause)
            live = await read_one(self._desk.client, kind, target.id)
            if live is None:
                return False
            shown = call.took_effect(target, live) if call.took_effect else self._shows(kind, step, spec, live)
            if shown:
                return True
        return False

    def _shows(self, kind: Kind, step: Step, spec: Spec, live: Live) -> bool:
        """Whether the object shows every field of the step that the API tells of: no silent no-op."""
        wanted = _with_resets(kind, step, spec)
        return all(
            agree(kind.field(name), wanted=wanted[name], found=live.values[name], key=self._desk.books.key)
            for name in step.fields
            if name in live.values and wanted.get(name) is not None
        )


def _merged(recorded: Spec, step: Step, spec: Spec, key: str) -> Mapping[str, Value]:
    """The record's spec after the call: its fields as they are now wanted, or without them."""
    fields = {name: spec[name] for name in step.fields if name in spec}
    kept = {name: value for name, value in recorded.items() if name not in step.fields}
    return {**kept, **written(fields, key)}


def _with_what_stays(spec: Spec, live: Live, key: str) -> Spec:
    """The spec with what is live in the place of each digest: a value that the plan leaves as somebody else made it.

    Raises StepFailed where that is another value by now. What the API does not tell is left out.
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
    """The spec with the default of each field that is no longer declared and goes back to it."""
    gone = {name: kind.field(name).absent for name in step.fields if spec.get(name) is None}
    return {**spec, **{name: absent.value for name, absent in gone.items() if isinstance(absent, Default)}}
