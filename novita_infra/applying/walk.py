"""Walks the steps: each begins as soon as the steps before it are done.

A failed step skips only the steps after it that need it; the others finish. Nothing here decides what to do.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace

from novita_infra.api.errors import BLOCKING, ApiError
from novita_infra.api.traces.tracing import span
from novita_infra.applying.errors import Interrupted, JobFailed, StepFailed, StillMoving
from novita_infra.applying.events import Ended, Outcome
from novita_infra.applying.rollback import rollback_of
from novita_infra.applying.rolling.turns import Turns
from novita_infra.applying.run import Run
from novita_infra.applying.steps import StepRunner
from novita_infra.applying.walk_input import WalkInput, WalkResult
from novita_infra.model.concurrency import end_tasks, start_task, together
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR
from novita_infra.model.resources import Phase
from novita_infra.model.values import Value
from novita_infra.planning.plan.steps import Step, StepKind
from novita_infra.refresh.objects import read_one


async def walk_steps(work: WalkInput, run: Run) -> WalkResult:
    """Performs every step whose steps before it succeed. Raises nothing for a step that fails: its end says why."""
    for record in work.record_updates:
        await run.records.put(record, "brought up to date")
    runner = StepRunner(run)
    try:
        ends = await _Walk(work.steps, run, runner, work).walk()
        ends = await _with_rollback(work, run, runner, ends)
        outputs = await _outputs(work, run, runner)
    finally:
        await runner.close()
    return WalkResult(ends, outputs, interrupted=run.stop.is_set())


async def _with_rollback(work: WalkInput, run: Run, runner: StepRunner, ends: tuple[Ended, ...]) -> tuple[Ended, ...]:
    """Rolls failed groups back; a deleted object counts as not made. An interrupted run leaves this to the next one."""
    if run.stop.is_set():
        return ends
    rollback = rollback_of(work, ends, records=run.records, kinds=run.kinds)
    after = await _Walk(await _without_failed_objects(rollback.steps, run), run, runner, work).walk()
    deleted = {
        end.step.address: end for end in after if end.outcome is Outcome.DONE and end.step.address in rollback.deleted
    }
    before = (_undone(end, deleted[end.step.address]) if end.step.address in deleted else end for end in ends)
    return (*before, *(end for end in after if end.step.address not in deleted))


def _undone(end: Ended, by: Ended) -> Ended:
    """The end of a step whose object was deleted again. A failure remains one, and so does the end of a delete."""
    if end.outcome is Outcome.DONE and end.step.action is not StepKind.DELETE:
        end = replace(end, outcome=Outcome.SKIPPED, reason=by.step.says)
    return replace(end, undone=True)


async def _without_failed_objects(steps: tuple[Step, ...], run: Run) -> tuple[Step, ...]:
    """The steps without the stops of failed objects: these do not run, and their failure must remain visible."""

    async def applies(step: Step) -> bool:
        if step.action is StepKind.DELETE:
            return True
        try:
            live = await read_one(run.client, run.kinds[step.address.type], step.id)
        except ApiError:
            return True
        return live is None or live.phase is not Phase.FAILED

    applicable = await together(*(applies(step) for step in steps))
    return tuple(step for step, applies_now in zip(steps, applicable, strict=True) if applies_now)


async def _outputs(work: WalkInput, run: Run, runner: StepRunner) -> Mapping[str, Value] | None:
    if run.stop.is_set():
        return None
    try:
        return await runner.outputs(work.outputs)
    except ApiError:
        return None


class _Walk:
    """Performs a list of steps, each as soon as the steps before it are done."""

    def __init__(self, steps: tuple[Step, ...], run: Run, runner: StepRunner, work: WalkInput) -> None:
        """`work` is what all walks of the run are made from."""
        self._steps = steps
        self._run = run
        self._runner = runner
        self._blockers = {step.key: len(step.after) for step in steps}
        """How many steps each still waits for."""
        self._next: dict[str, list[Step]] = defaultdict(list)
        for step in steps:
            for key in step.after:
                self._next[key].append(step)
        self._ends: dict[str, Ended] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()
        """Set when nothing runs any more, or a task has broken."""
        self._broken: BaseException | None = None
        self._failed_groups: set[str] = set()
        """The groups with a failed step: no other step of theirs begins."""
        self._turns = {rollout.name: Turns(rollout, steps, run) for rollout in work.rollouts if steps is work.steps}
        self._places = asyncio.Semaphore(work.parallelism) if work.parallelism else nullcontext()

    async def walk(self) -> tuple[Ended, ...]:
        """The end of each step, in the order of the list."""
        try:
            for step in self._steps:
                if not step.after:
                    self._launch(step)
            while self._running:
                await self._over.wait()
                self._over.clear()
            if self._broken is not None:
                raise self._broken
        finally:
            await end_tasks(*self._running)
        return tuple(self._ends[step.key] for step in self._steps)

    def _launch(self, step: Step) -> None:
        task = start_task(self._perform(step))
        self._running.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        """A bug of ours, unlike a step that fails, ends the whole run."""
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._broken = task.exception()
            for other in self._running:
                other.cancel()
        if not self._running:
            self._over.set()

    async def _perform(self, step: Step) -> None:
        name = f"{step.address}: {step.call_name}"
        with span(name, address=str(step.address), step=step.key, call=step.call_name) as traced:
            end = await self._performed(step)
            traced.note("id", end.id)
            traced.note("outcome", end.outcome.value)
            if end.outcome is Outcome.FAILED:
                traced.fail(end.outcome.value)
        self._end(end)

    async def _performed(self, step: Step) -> Ended:
        run = self._run
        since, before = run.clock.now(), run.records.get(step.address)
        outcome, id, reason, code, recorded = Outcome.DONE, step.id, "", 0, ""
        log: tuple[str, ...] = ()
        settled, turns = False, self._turns.get(step.rollout)
        try:
            self._check_group(step)
            if turns is not None:
                await turns.take(step)
            async with self._places:
                self._check_group(step)
                since = run.clock.now()
                id = await self._runner.perform(step)
            if turns is not None:
                await turns.done(step)
        except Interrupted as error:
            outcome, reason = Outcome.SKIPPED, str(error) or "interrupted before it began"
        except StillMoving as error:
            outcome, reason, recorded = Outcome.MOVING, str(error), str(error)
        except StepFailed as error:
            outcome, reason, code, log = Outcome.FAILED, str(error), error.code, error.log
            recorded, settled = error.reason, isinstance(error, JobFailed)
        except ApiError as error:
            outcome, reason = Outcome.FAILED, "; ".join(part for part in (str(error), error.advice) if part)
            code = EXIT_BLOCKED if isinstance(error, BLOCKING) else EXIT_ERROR
            recorded = str(error)
        if recorded:
            await self._runner.record_end(step, recorded)
        record = run.records.get(step.address)
        if not id and record and not (step.action is StepKind.CREATE and before and record.id == before.id):
            id = record.id
        errors = run.errors.get(step.key, ())
        return Ended(step, outcome, id, run.clock.now() - since, reason, code, log, errors, settled=settled)

    def _check_group(self, step: Step) -> None:
        """Raises Interrupted if another step of its group has failed."""
        if step.group in self._failed_groups:
            raise Interrupted(f"the group {step.group} failed")

    def _end(self, end: Ended) -> None:
        """Emits the end, launches the steps that it sets free, and ends those that cannot be done any more."""
        waiting = [end]
        while waiting:
            over = waiting.pop()
            self._ends[over.step.key] = over
            self._run.emit(over)
            if over.outcome is Outcome.FAILED and over.step.group:
                self._failed_groups.add(over.step.group)
            if over.outcome is not Outcome.DONE and over.step.rollout in self._turns:
                self._turns[over.step.rollout].failed(over.step, over.outcome)
            for step in self._next[over.step.key]:
                self._blockers[step.key] -= 1
                if step.key in self._ends:
                    continue
                if over.outcome is not Outcome.DONE and over.step.key not in step.conditions.helped_by:
                    self._ends[step.key] = Ended(step, Outcome.SKIPPED, step.id, 0.0, _reason_after(over))
                    waiting.append(self._ends[step.key])
                elif self._blockers[step.key] == 0:
                    self._launch(step)


def _reason_after(end: Ended) -> str:
    """Why a step is skipped that comes after this one."""
    match end.outcome:
        case Outcome.MOVING:
            return f"{end.step.address} is still moving"
        case Outcome.SKIPPED:
            return end.reason
        case _:
            return f"{end.step.address} failed"
