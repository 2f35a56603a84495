"""The plan walked: every step begins as soon as what it comes after is done.

A failed step skips only what comes after it; the rest finishes. Nothing here decides what to do.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from novita_infra.api.errors import BLOCKING, ApiError
from novita_infra.applying.errors import Interrupted, StepFailed, StillMoving
from novita_infra.applying.events import Ended, Outcome, Result
from novita_infra.applying.rollback import rollback_of
from novita_infra.applying.run import Run
from novita_infra.applying.steps import Steps
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR
from novita_infra.model.resources import Phase
from novita_infra.model.values import Value
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.steps import Step, StepKind
from novita_infra.refresh.objects import read_one


async def walk_steps(plan: Plan, desk: Run) -> tuple[Result, Mapping[str, Value] | None]:
    """Does every step of the plan that can be done; returns its ends, and the project's outputs after it.

    Raises nothing for a step that fails: its end says why. The outputs are None where they could not be read.
    """
    for record in plan.record_updates:
        await desk.books.put(record, "brought up to date")
    steps = Steps(desk)
    try:
        ends = await _Walk(plan.steps, desk, steps).run()
        ends = await _with_groups_down(plan, desk, steps, ends)
        outputs = await _outputs(plan, desk, steps)
    finally:
        await steps.close()
    return Result(plan, ends, interrupted=desk.stop.is_set()), outputs


async def _with_groups_down(plan: Plan, desk: Run, steps: Steps, ends: tuple[Ended, ...]) -> tuple[Ended, ...]:
    """Takes failed groups down again; what is gone counts as not made. An interrupted run leaves it to the next."""
    if desk.stop.is_set():
        return ends
    down = rollback_of(plan, ends, books=desk.books, kinds=desk.kinds)
    after = await _Walk(await _without_the_failed(down.steps, desk), desk, steps).run()
    gone = {end.step.address: end for end in after if end.outcome is Outcome.DONE and end.step.address in down.undone}
    told = (_undone(end, gone[end.step.address]) if end.step.address in gone else end for end in ends)
    return (*told, *(end for end in after if end.step.address not in gone))


def _undone(end: Ended, by: Ended) -> Ended:
    """The end of a step whose object is gone again; a failure stays one, and so does the end of an older object."""
    if end.outcome is Outcome.DONE and end.step.action is not StepKind.DELETE:
        end = replace(end, outcome=Outcome.SKIPPED, reason=by.step.says)
    return replace(end, undone=True)


async def _without_the_failed(down: tuple[Step, ...], desk: Run) -> tuple[Step, ...]:
    """The same, but that what failed is not stopped: it does not run, and that it failed is told."""

    async def runs(step: Step) -> bool:
        if step.action is StepKind.DELETE:
            return True
        try:
            live = await read_one(desk.client, desk.kinds[step.address.type], step.id)
        except ApiError:
            return True
        return live is None or live.phase is not Phase.FAILED

    told = await asyncio.gather(*(runs(step) for step in down))
    return tuple(step for step, kept in zip(down, told, strict=True) if kept)


async def _outputs(plan: Plan, desk: Run, steps: Steps) -> Mapping[str, Value] | None:
    if desk.stop.is_set():
        return None
    try:
        return await steps.outputs(plan.outputs.declared)
    except ApiError:
        return None


class _Walk:
    def __init__(self, plan: tuple[Step, ...], desk: Run, steps: Steps) -> None:
        self._plan = plan
        self._desk = desk
        self._steps = steps
        self._left = {step.key: len(step.after) for step in plan}
        self._next: dict[str, list[Step]] = defaultdict(list)
        for step in plan:
            for key in step.after:
                self._next[key].append(step)
        self._ends: dict[str, Ended] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()
        """Nothing runs any more, or something broke."""
        self._broken: BaseException | None = None
        self._lost: set[str] = set()
        """The groups of which a step failed: no other step of theirs begins."""

    async def run(self) -> tuple[Ended, ...]:
        try:
            for step in self._plan:
                if not step.after:
                    self._launch(step)
            while self._running:
                await self._over.wait()
                self._over.clear()
            if self._broken is not None:
                raise self._broken
        finally:
            for task in self._running:
                task.cancel()
        return tuple(self._ends[step.key] for step in self._plan)

    def _launch(self, step: Step) -> None:
        task = asyncio.create_task(self._do(step))
        self._running.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        """A mistake of ours, not a step that failed, ends the whole run."""
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._broken = task.exception()
            for other in self._running:
                other.cancel()
        if not self._running:
            self._over.set()

    async def _do(self, step: Step) -> None:
        since, before = self._desk.clock.now(), self._desk.books.record(step.address)
        outcome, id, reason, code, kept = Outcome.DONE, step.id, "", 0, ""
        log: tuple[str, ...] = ()
        try:
            if step.group in self._lost:
                raise Interrupted(f"the group {step.group} failed")
            id = await self._steps.perform(step)
        except Interrupted as error:
            outcome, reason = Outcome.SKIPPED, str(error) or "interrupted before it began"
        except StillMoving as error:
            outcome, reason, kept = Outcome.MOVING, str(error), str(error)
        except StepFailed as error:
            # It may quote what the service says of the object, which may quote what it was given.
            outcome, reason, code, log = Outcome.FAILED, self._desk.discreet(str(error)), error.code, error.log
            kept = self._desk.discreet(error.reason)
        except ApiError as error:
            outcome, reason = Outcome.FAILED, "; ".join(part for part in (str(error), error.advice) if part)
            code = EXIT_BLOCKED if isinstance(error, BLOCKING) else EXIT_ERROR
            kept = str(error)
        if kept:
            await self._steps.ended(step, kept)
        record = self._desk.books.record(step.address)
        if not id and record and not (step.action is StepKind.CREATE and before and record.id == before.id):
            id = record.id
        self._end(Ended(step, outcome, id, self._desk.clock.now() - since, reason, code, log))

    def _end(self, end: Ended) -> None:
        """Takes note of an end, launches what it sets free, and ends what can no longer be done."""
        waiting = [end]
        while waiting:
            over = waiting.pop()
            self._ends[over.step.key] = over
            self._desk.emit(over)
            if over.outcome is Outcome.FAILED and over.step.group:
                self._lost.add(over.step.group)
            for step in self._next[over.step.key]:
                self._left[step.key] -= 1
                if step.key in self._ends:
                    continue
                if over.outcome is not Outcome.DONE:
                    self._ends[step.key] = Ended(step, Outcome.SKIPPED, step.id, 0.0, _because(over))
                    waiting.append(self._ends[step.key])
                elif self._left[step.key] == 0:
                    self._launch(step)


def _because(end: Ended) -> str:
    match end.outcome:
        case Outcome.MOVING:
            return f"{end.step.address} is still moving"
        case Outcome.SKIPPED:
            return end.reason
        case _:
            return f"{end.step.address} failed"
