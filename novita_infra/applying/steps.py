"""Performs one step, whatever its action. The plan has decided what to do; nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from novita_infra.applying.create import Creator
from novita_infra.applying.delete import delete_object
from novita_infra.applying.errors import StepFailed
from novita_infra.applying.hooked.resource_hooks import run_due
from novita_infra.applying.noting.noted_calls import calls_of
from novita_infra.applying.run import Run, StepRun
from novita_infra.applying.update import Updater
from novita_infra.applying.waiting import Waits
from novita_infra.encoding import digest
from novita_infra.model.computing.compute import resolve
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import EXIT_ERROR, EXIT_REFUSED
from novita_infra.model.lifecycle import Condition, HookEvent
from novita_infra.model.values import Ref, Value, refs
from novita_infra.planning.checks.conditions import holds
from novita_infra.planning.plan.steps import Step, StepKind, Update


class StepRunner:
    """Performs the steps of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._waits = Waits(run)
        self._creator = Creator(run, self._waits)
        self._updater = Updater(run, self._waits)

    async def close(self) -> None:
        """Ends the polls in the background."""
        await self._waits.close()

    async def perform(self, step: Step) -> str:
        """Performs the step between its conditions and returns the object's id.

        Raises StepFailed, Interrupted, StillMoving or ApiError.
        """
        conditions = step.conditions
        await self._check(conditions.requires, "a precondition does not hold", "nothing was done", code=EXIT_REFUSED)
        with calls_of(step):
            id = await self._perform(step)
        again = "it is recorded in the state, and the next run checks again"
        await self._check(conditions.ensures, "a postcondition does not hold", again, code=EXIT_ERROR)
        if conditions.check is not None:
            from novita_infra.applying.jobs.checking import pass_check  # noqa: PLC0415 -- few objects have a check

            with calls_of(step):
                await pass_check(StepRun.of(self._run, step), conditions.check)
        if conditions.hooks:
            for event in (HookEvent.ON_CREATE, HookEvent.ON_READY):
                await run_due(StepRun.of(self._run, step), event)
        return id

    async def record_end(self, step: Step, reason: str) -> None:
        """Records why the run ends before the call that is under way has, for the next plan to show."""
        record = self._run.records.get(step.address)
        if record is not None and record.pending is not None:
            pending = replace(record.pending, ended=reason)
            await self._run.records.put(replace(record, pending=pending), f"{pending.call}: {reason}")

    async def outputs(self, declared: Mapping[str, Value]) -> Mapping[str, Value]:
        """The values of the project's outputs, secrets as digests. An attribute that no object has is None.

        Raises ApiError.
        """
        # Lists hold less than a get, and a change may have changed an address: all attributes but ids are read again.
        by_address = {ref.address: ref for value in declared.values() for ref in refs(value) if ref.attribute != "id"}
        await together(*(self._run.read_attribute(ref) for ref in by_address.values()))
        return {name: digest(self._known(value), self._run.records.key) for name, value in declared.items()}

    async def _check(self, conditions: Iterable[Condition], what: str, consequence: str, *, code: int) -> None:
        """Raises StepFailed with the message of the first condition that does not hold now."""
        for condition in conditions:
            for ref in refs(condition.value):
                await self._run.read_attribute(ref)
            if not holds(condition, self._known(condition.value)):
                raise StepFailed(f"{what}: {condition} ({consequence})", code=code)

    def _known(self, value: Value) -> Value:
        """The value with every reference resolved; None for an attribute that no object has, and what needs it."""

        def known(ref: Ref) -> Value:
            attribute = self._run.records.known(ref)
            return None if isinstance(attribute, Ref) else attribute

        return resolve(value, known, lambda _computation, _error: None)

    async def _perform(self, step: Step) -> str:
        at = StepRun.of(self._run, step)
        match step.action:
            case StepKind.CREATE:
                return await self._creator.create(at)
            case StepKind.DELETE:
                return await delete_object(at, self._waits)
            case StepKind.ADOPT:
                return await self._updater.adopt(at)
            case StepKind.WAIT:
                return await self._updater.wait(at)
            case StepKind.FORGET:
                at.begin()
                await self._run.records.drop(step.address, "forgotten")
                return ""
            case StepKind.RECORD:
                at.begin()
                data = step.record
                recorded = replace(at.record, protect=data.protect, delete_hooks=data.delete_hooks, labels=data.labels)
                await at.put(recorded, "protection, hooks or labels changed")
                return step.id
            case Update(call):
                return await self._updater.update(at, call)
            case _:
                assert_never(step.action)
