"""Runs the hooks of a resource in its step, and records which have succeeded.

The events that are due are part of the record from the intent of the create or the start on. One is removed when its
hooks have succeeded, so that a run after a crash, or after a failure, runs them again: at least once.
"""

from __future__ import annotations

from dataclasses import replace

from novita_infra.applying.errors import Interrupted, StepFailed, StillMoving
from novita_infra.applying.run import StepRun
from novita_infra.hooks.failures import HookInterrupted, HookStopped
from novita_infra.model.lifecycle import HookEvent
from novita_infra.model.records import Record

_AGAIN = "the next run runs it again"


def with_due(record: Record, at: StepRun) -> Record:
    """The record of a create or a call that is about to be sent, with the events whose hooks are due after it."""
    events = at.run.hooks.due(at.step.address) if at.run.hooks else ()
    return replace(record, hooks_due=tuple(dict.fromkeys((*record.hooks_due, *events)))) if events else record


async def run_due(at: StepRun, event: HookEvent) -> None:
    """Runs the hooks of the step at the event if they are due. Raises StepFailed and StillMoving."""
    if not at.step.conditions.hooks:
        return
    record = at.run.records.get(at.step.address)
    if record is None or event.value not in record.hooks_due:
        return
    try:
        await _run(at, event, record.id)
    except HookStopped as stopped:
        advice = f"the object remains and is recorded in the state; {_AGAIN}"
        raise StepFailed(str(stopped), advice) from None
    except HookInterrupted:
        raise StillMoving(f"interrupted before the hooks {event.value} had ended; {_AGAIN}") from None
    left = tuple(name for name in at.record.hooks_due if name != event.value)
    await at.put(replace(at.record, hooks_due=left), f"the hooks {event.value} are done")


async def run_after_create(at: StepRun) -> None:
    """Runs the hooks of the create of the object if they are due. Raises StepFailed and StillMoving."""
    await run_due(at, HookEvent.ON_CREATE)


async def run_before_delete(at: StepRun) -> None:
    """Runs the hooks before the delete of the step's object, unless an earlier run has recorded that it deletes it.

    Raises StepFailed and Interrupted: the object is kept.
    """
    record = at.run.records.get(at.step.address)
    deleting = record is not None and record.id == at.step.id and record.pending is not None
    if deleting and record is not None and record.pending is not None and record.pending.call == "delete":
        return
    try:
        await _run(at, HookEvent.ON_DELETE, at.step.id)
    except HookStopped as stopped:
        raise StepFailed(str(stopped), f"{at.step.id} was not deleted") from None
    except HookInterrupted:
        raise Interrupted(f"interrupted before {at.step.id} was deleted") from None


async def _run(at: StepRun, event: HookEvent, id: str) -> None:
    hooks = [hook for hook in at.step.conditions.hooks if hook.event is event]
    if at.run.hooks is None or not hooks:
        return
    at.note(id, f"runs {', '.join(map(str, hooks))}", status="hook")
    await at.run.hooks.of_resource(hooks, event, (at.step.address, at.kind.name, id), at.run.stop)
