"""Deletes one object and waits until it is gone."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from novita_infra.api.errors import NotFound, Refused
from novita_infra.applying.calling import send
from novita_infra.applying.hooked.resource_hooks import run_before_delete
from novita_infra.applying.jobs.fetching import clean_up_job
from novita_infra.applying.run import StepRun
from novita_infra.applying.waiting import Waits
from novita_infra.kinds.call import Target
from novita_infra.kinds.job import OVER
from novita_infra.model.resources import Phase
from novita_infra.refresh.objects import read_one


async def delete_object(at: StepRun, waits: Waits) -> str:
    """Deletes the object of the step, waits until it is gone and returns its id.

    Raises StepFailed, Interrupted, StillMoving or ApiError.
    """
    run, step = at.run, at.step
    at.begin()
    if step.conditions.hooks:
        await run_before_delete(at)
    async with run.slots:
        run.check_stop()
        if step.address in run.unread and (live := await read_one(run.client, at.kind, step.id)):
            run.check_owner(step.address, live)
        record = run.records.get(step.address)
        if record is not None and record.id == step.id:
            never_ready = step.undoes or (record.pending is not None and record.pending.never_ready)
            pending = replace(at.attempt("delete", {}), deletes_never_ready=never_ready)
            at.announce(at.kind.api.delete.request(Target(step.id, {}, None)))
            await at.put(replace(record, pending=pending), "delete: about to be sent")
        await _send_delete(at)
    live = await waits.until(at, step.id, OVER if at.kind.api.completes else frozenset({Phase.GONE}))
    if record is not None and record.id == step.id:
        await clean_up_job(at, live, record.spec)
    await _remove_from_record(at)
    return step.id


async def _send_delete(at: StepRun) -> None:
    """Makes the call. A job that has ended needs none, and one that is under way may end at any time."""
    jobs, id = at.kind.api.completes, at.step.id
    if jobs and await _has_ended(at):
        return
    try:
        moot = partial(_has_ended, at) if jobs else None
        await send(at, at.kind.api.delete.request(Target(id, {}, None)), is_moot=moot)
    except NotFound:
        return
    except Refused:
        if not (jobs and await _has_ended(at)):
            raise


async def _has_ended(at: StepRun) -> bool:
    """Whether the job of the step is over, or no list shows it."""
    live = await read_one(at.run.client, at.kind, at.step.id)
    return live is None or at.kind.is_over(live)


async def _remove_from_record(at: StepRun) -> None:
    """Removes the id of the deleted object from the record, and the record if it holds no other id."""
    step, record = at.step, at.run.records.get(at.step.address)
    if step.address in at.run.records.rolling and not step.rollout:
        await at.run.records.roll({step.address: None})  # it is a member no longer
    if record is None:
        return
    retired = tuple(id for id in record.retired if id != step.id)
    if step.record.remains and record.id == step.id:
        await at.put(replace(record, retired=retired, pending=None), f"{step.id} is gone")
        return
    if record.id in {step.id, step.gone, ""} and not retired:
        await at.run.records.drop(step.address, f"{step.id} is gone")
        return
    own = record.id == step.id
    record = replace(record, retired=retired, id="" if own else record.id, pending=None if own else record.pending)
    await at.put(record, f"{step.id} is gone")
