"""One step done, whatever it is. What is to be done was decided in the plan; nothing is decided here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from novita_infra.api.errors import NotFound
from novita_infra.applying.create import Creating
from novita_infra.applying.errors import StepFailed
from novita_infra.applying.run import Run, Span
from novita_infra.applying.update import Changing
from novita_infra.encoding import digest
from novita_infra.kinds.call import Target
from novita_infra.model.diagnostics import EXIT_ERROR, EXIT_REFUSED
from novita_infra.model.lifecycle import Condition
from novita_infra.model.resources import Phase
from novita_infra.model.values import Ref, Value, refs, resolve
from novita_infra.planning.checks.conditions import holds
from novita_infra.planning.plan.steps import Step, StepKind, Update


class Steps:
    """Performs the steps of one run."""

    def __init__(self, desk: Run) -> None:
        self._desk = desk
        self._creating = Creating(desk)
        self._changing = Changing(desk)

    async def close(self) -> None:
        """Ends what polls in the background."""
        await self._desk.close()

    async def perform(self, step: Step) -> str:
        """Does the step, if what it requires holds, and returns the object's id once what it ensures holds.

        Raises StepFailed, Interrupted, StillMoving or ApiError.
        """
        await self._demand(
            step.conditions.requires, "a precondition does not hold", "nothing was done", code=EXIT_REFUSED
        )
        id = await self._perform(step)
        again = "it is on record, and the next run looks again"
        await self._demand(step.conditions.ensures, "a postcondition does not hold", again, code=EXIT_ERROR)
        return id

    async def ended(self, step: Step, reason: str) -> None:
        """Puts on record why the run ends before what is under way has: a person asks, and the next plan tells."""
        record = self._desk.books.record(step.address)
        if record is not None and record.pending is not None:
            pending = replace(record.pending, ended=reason)
            await self._desk.books.put(replace(record, pending=pending), f"{pending.call}: {reason}")

    async def _demand(self, conditions: Iterable[Condition], what: str, consequence: str, *, code: int) -> None:
        """Raises StepFailed with the message of the first condition that does not hold now."""
        for condition in conditions:
            for ref in refs(condition.value):
                await self._desk.look_up(ref)
            # What no object has is null.
            value = self._settled(condition.value)
            if not holds(condition, value):
                raise StepFailed(f"{what}: {condition.message} ({consequence})", code=code)

    def _settled(self, value: Value) -> Value:
        """The value as far as it is known now; None for what no object has."""

        def known(ref: Ref) -> Value:
            found = self._desk.books.known(ref)
            return None if isinstance(found, Ref) else found

        return resolve(value, known)

    async def _perform(self, step: Step) -> str:
        span = self._desk.span(step)
        match step.action:
            case StepKind.CREATE:
                return await self._creating.create(step, span=span)
            case StepKind.DELETE:
                return await self._delete(step, span=span)
            case StepKind.ADOPT:
                return await self._changing.adopt(step)
            case StepKind.WAIT:
                return await self._changing.wait(step, span=span)
            case StepKind.FORGET:
                self._desk.begin(step)
                await self._desk.books.drop(step.address, "forgotten: the object was already gone")
                return ""
            case StepKind.RECORD:
                self._desk.begin(step)
                await self._desk.books.put(
                    replace(self._desk.record(step), protect=step.record.protect), "protection changed"
                )
                return step.id
            case Update(call):
                return await self._changing.update(step, call, span=span)
            case _:
                assert_never(step.action)

    async def outputs(self, wanted: Mapping[str, Value]) -> Mapping[str, Value]:
        """The project's outputs as far as they are known now, secrets as digests; what no object has is None."""
        # Lists carry less than a get, and a change may have moved an address: what is not an id is read anew.
        moved = {ref.address: ref for value in wanted.values() for ref in refs(value) if ref.attribute != "id"}
        await asyncio.gather(*(self._desk.look_up(ref) for ref in moved.values()))
        return {name: digest(self._settled(value), self._desk.books.key) for name, value in wanted.items()}

    async def _delete(self, step: Step, *, span: Span) -> str:
        kind = self._desk.kinds[step.address.type]
        self._desk.begin(step)
        async with self._desk.calls:
            self._desk.go_on()
            record = self._desk.books.record(step.address)
            if record is not None and record.id == step.id:
                never_ready = step.undoes or (record.pending is not None and record.pending.never_ready)
                pending = replace(self._desk.pending("delete", {}), deletes_never_ready=never_ready)
                await self._desk.books.put(replace(record, pending=pending), "delete: about to be sent")
            with contextlib.suppress(NotFound):
                await self._desk.send(kind.api.delete.request(Target(step.id, {}, None)), step, span=span)
        await self._desk.settled(step, step.id, frozenset({Phase.GONE}), span=span)
        await self._strike(step)
        return step.id

    async def _strike(self, step: Step) -> None:
        """The object is gone: neither its id nor its record stays."""
        record = self._desk.books.record(step.address)
        if record is None:
            return
        retired = tuple(id for id in record.retired if id != step.id)
        if record.id in {step.id, step.gone, ""} and not retired:
            await self._desk.books.drop(step.address, f"{step.id} is gone")
            return
        own = record.id == step.id
        left = replace(record, retired=retired, id="" if own else record.id, pending=None if own else record.pending)
        await self._desk.books.put(left, f"{step.id} is gone")
