"""One step done, whatever it is. What is to be done was decided in the plan; nothing is decided here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import replace

from novita_infra.api.errors import NotFound
from novita_infra.applying.changing import Changing
from novita_infra.applying.creating import Creating
from novita_infra.applying.desk import Desk, Span
from novita_infra.encoding import digest
from novita_infra.kinds.kind import Target
from novita_infra.planning.plan import Step
from novita_infra.resources import Phase, Ref, Value, refs, resolve


class Steps:
    """Performs the steps of one run."""

    def __init__(self, desk: Desk, *, unanswered: frozenset[str] = frozenset()) -> None:
        """`unanswered` are the kinds of which an earlier create may have made something that the plan does not see."""
        self._desk = desk
        self._creating = Creating(desk, unanswered=unanswered)
        self._changing = Changing(desk)

    async def close(self) -> None:
        """Ends what polls in the background."""
        await self._desk.close()

    async def perform(self, step: Step) -> str:
        """Does the step and returns the object's id. Raises StepFailed, Interrupted, StillMoving or ApiError."""
        span = self._desk.span(step)
        match step.call:
            case "create":
                return await self._creating.create(step, span=span)
            case "delete":
                return await self._delete(step, span=span)
            case "adopt":
                return await self._changing.adopt(step)
            case "wait":
                return await self._changing.wait(step, span=span)
            case "forget":
                self._desk.begin(step)
                await self._desk.books.drop(step.address, "forgotten: the object was already gone")
                return ""
            case "record":
                self._desk.begin(step)
                await self._desk.books.put(replace(self._desk.record(step), protect=step.protect), "protection changed")
                return step.id
            case _:
                return await self._changing.update(step, span=span)

    async def outputs(self, wanted: Mapping[str, Value]) -> Mapping[str, Value]:
        """The project's outputs as far as they are known now, secrets as digests; what no object has is None."""
        # Lists carry less than a get, and a change may have moved an address: what is not an id is read anew.
        moved = {ref.address: ref for value in wanted.values() for ref in refs(value) if ref.attribute != "id"}
        await asyncio.gather(*(self._desk.look_up(ref) for ref in moved.values()))

        def known(ref: Ref) -> Value:
            value = self._desk.books.known(ref)
            return None if isinstance(value, Ref) else value

        return {name: digest(resolve(value, known), self._desk.books.key) for name, value in wanted.items()}

    async def _delete(self, step: Step, *, span: Span) -> str:
        kind = self._desk.kinds[step.address.kind]
        self._desk.begin(step)
        async with self._desk.calls:
            self._desk.go_on()
            record = self._desk.books.record(step.address)
            if record is not None and record.id == step.id:
                underway = self._desk.underway("delete", {})
                await self._desk.books.put(replace(record, underway=underway), "delete: about to be sent")
            with contextlib.suppress(NotFound):
                await self._desk.send(kind.delete.request(Target(step.id, {}, None)), step, span=span)
        await self._desk.settled(step, step.id, frozenset({Phase.GONE}), span=span)
        await self._strike(step)
        return step.id

    async def _strike(self, step: Step) -> None:
        """The object is gone: neither its id nor its record stays."""
        record = self._desk.books.record(step.address)
        if record is None:
            return
        retired = tuple(id for id in record.retired if id != step.id)
        if record.id in {step.id, ""} and not retired:
            await self._desk.books.drop(step.address, f"{step.id} is gone")
            return
        own = record.id == step.id
        left = replace(record, retired=retired, id="" if own else record.id, underway=None if own else record.underway)
        await self._desk.books.put(left, f"{step.id} is gone")
