"""The plan walked: every step begins as soon as what it comes after is done.

A failed step skips only what comes after it; the rest finishes. Nothing here decides what to do.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from novita_infra.api.errors import ApiError, NoCapacity, NoMoney
from novita_infra.applying.desk import Desk, Interrupted, StepFailed, StillMoving
from novita_infra.applying.events import Ended, Outcome, Result
from novita_infra.applying.stepping import Steps
from novita_infra.diagnostics import EXIT_BLOCKED, EXIT_ERROR
from novita_infra.planning.plan import Plan, Step
from novita_infra.resources import Value


async def walk(plan: Plan, desk: Desk) -> tuple[Result, Mapping[str, Value] | None]:
    """Does every step of the plan that can be done; returns its ends, and the project's outputs after it.

    Raises nothing for a step that fails: its end says why. The outputs are None where they could not be read.
    """
    for record in plan.bookkeeping:
        await desk.books.put(record, "brought up to date")
    walker = _Walk(plan, desk)
    return await walker.run()


class _Walk:
    def __init__(self, plan: Plan, desk: Desk) -> None:
        self._plan = plan
        self._desk = desk
        self._steps = Steps(desk)
        self._left = {step.key: len(step.after) for step in plan.steps}
        self._next: dict[str, list[Step]] = defaultdict(list)
        for step in plan.steps:
            for key in step.after:
                self._next[key].append(step)
        self._ends: dict[str, Ended] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> tuple[Result, Mapping[str, Value] | None]:
        try:
            for step in self._plan.steps:
                if not step.after:
                    self._launch(step)
            while self._running:
                done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                self._running -= done
                for task in done:
                    task.result()
            outputs = await self._outputs()
        finally:
            for task in self._running:
                task.cancel()
            await self._steps.close()
        ends = tuple(self._ends[step.key] for step in self._plan.steps)
        return Result(self._plan, ends, interrupted=self._desk.stop.is_set()), outputs

    async def _outputs(self) -> Mapping[str, Value] | None:
        if self._desk.stop.is_set():
            return None
        try:
            return await self._steps.outputs(self._plan.outputs)
        except ApiError:
            return None

    def _launch(self, step: Step) -> None:
        self._running.add(asyncio.create_task(self._do(step)))

    async def _do(self, step: Step) -> None:
        since = self._desk.clock.now()
        outcome, id, reason, code = Outcome.DONE, step.id, "", 0
        try:
            id = await self._steps.perform(step)
        except Interrupted:
            outcome, reason = Outcome.SKIPPED, "interrupted before it began"
        except StillMoving as error:
            outcome, reason = Outcome.MOVING, str(error)
        except StepFailed as error:
            outcome, reason, code = Outcome.FAILED, str(error), EXIT_ERROR
        except ApiError as error:
            outcome, reason = Outcome.FAILED, "; ".join(part for part in (str(error), error.advice) if part)
            code = EXIT_BLOCKED if isinstance(error, (NoCapacity, NoMoney)) else EXIT_ERROR
        record = self._desk.books.record(step.address)
        id = id or (record.id if record else "")
        self._end(Ended(step, outcome, id, self._desk.clock.now() - since, reason, code))

    def _end(self, end: Ended) -> None:
        self._ends[end.step.key] = end
        self._desk.emit(end)
        for step in self._next[end.step.key]:
            if end.outcome is Outcome.DONE:
                self._left[step.key] -= 1
                if self._left[step.key] == 0 and step.key not in self._ends:
                    self._launch(step)
            elif step.key not in self._ends:
                self._end(Ended(step, Outcome.SKIPPED, step.id, 0.0, _because(end)))


def _because(end: Ended) -> str:
    match end.outcome:
        case Outcome.MOVING:
            return f"{end.step.address} is still moving"
        case Outcome.SKIPPED:
            return end.reason
        case _:
            return f"{end.step.address} failed"
