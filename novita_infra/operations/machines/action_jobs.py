"""The jobs that actions on machines begin: they are found in the list, gone on with, and waited for.

A command that was killed is run again, and must not begin a second job. The list says what the first one began.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from novita_infra.account.jobs import MachineJob, job_in, jobs_pages
from novita_infra.applying.events import Ended, Event, Listener, Outcome, Progressed
from novita_infra.model.addresses import Address
from novita_infra.model.clock import GRACE
from novita_infra.model.concurrency import racing, together
from novita_infra.model.diagnostics import EXIT_ERROR
from novita_infra.model.resources import Phase
from novita_infra.operations.account.view import AccountView
from novita_infra.planning.machine_actions import ActionOnMachine

_LOOK: Final = 5.0
"""Seconds between two reads of the list."""
_GOES_ON: Final = "the same command goes on with it"


async def with_their_jobs(
    view: AccountView, actions: Sequence[ActionOnMachine], *, again: bool = False
) -> list[ActionOnMachine]:
    """The actions with the jobs that they need not begin: under way, or ended well a short while ago. Raises ApiError.

    With `again` a job that has ended does not count.
    """
    items = await _listed(view, actions)
    return [replace(item, job=_job_of(view, item, items, again=again)) if item.action.job else item for item in actions]


async def jobs_known(view: AccountView, actions: Iterable[ActionOnMachine]) -> frozenset[str]:
    """The ids of the jobs that are listed before the calls of the actions. Raises ApiError."""
    return frozenset(job_in(item).id for item in await _listed(view, [one for one in actions if one.job is None]))


async def ends_of_jobs(
    view: AccountView,
    actions: Mapping[Address, ActionOnMachine],
    ends: Sequence[Ended],
    known: frozenset[str],
    over: asyncio.Event,
    *,
    emit: Listener,
) -> tuple[Ended, ...]:
    """The ends of the steps, each at the end of its job. `over` is set when nothing is waited for any more.

    `known` are the ids of jobs from before; `emit` hears of the jobs and of these ends. Raises ApiError.
    """
    waits = (_end_of_job(view, actions[end.step.address], end, known, over, emit) for end in ends)
    found: list[Ended] = await together(*waits)
    return tuple(found)


async def report_jobs(view: AccountView, actions: Iterable[ActionOnMachine], known: frozenset[str]) -> None:
    """Says which job goes on for each action that began one, or goes on with one. Raises ApiError."""
    acting = [item for item in actions if item.action.job]
    listed = await _listed(view, acting)
    for item in acting:
        job = _begun(item, listed, known)
        state = f"the job {job.id} is {job.state}" if job else "its job is not listed yet"
        view.report(f"{item.title}: {state}; novita-infra jobs shows it, and {_GOES_ON} without --no-wait")


def waits_for_job(item: ActionOnMachine, event: Event) -> bool:
    """Whether the event is the end of a call whose job goes on."""
    return isinstance(event, Ended) and event.outcome is Outcome.DONE and item.action.job is not None


async def _end_of_job(
    view: AccountView, item: ActionOnMachine, end: Ended, known: frozenset[str], over: asyncio.Event, emit: Listener
) -> Ended:
    if not waits_for_job(item, end):
        return end
    after = await _after_job(view, item, end, known, over, emit)
    emit(after)
    return after


async def _after_job(
    view: AccountView, item: ActionOnMachine, end: Ended, known: frozenset[str], over: asyncio.Event, emit: Listener
) -> Ended:
    since, state = view.clock.now(), ""
    while True:
        job = _begun(item, await _listed(view, [item]), known)
        if job is not None and job.state == "success":
            return replace(end, elapsed=end.elapsed + view.clock.now() - since)
        if job is not None and job.is_over:
            reason = view.client.redacted(job.trouble) or "it was interrupted"
            return replace(end, outcome=Outcome.FAILED, reason=f"the job {job.id} failed: {reason}", code=EXIT_ERROR)
        if job is None and view.clock.now() - since >= GRACE:
            reason = "the list of jobs shows none that it began; run it again later"
            return replace(end, outcome=Outcome.FAILED, reason=reason, code=EXIT_ERROR)
        if over.is_set():
            reason = f"the job {job.id} is {job.state}; {_GOES_ON}" if job else f"its job is not listed yet; {_GOES_ON}"
            return replace(end, outcome=Outcome.MOVING, reason=reason)
        if job is not None and job.state != state:
            state, elapsed = job.state, end.elapsed + view.clock.now() - since
            emit(Progressed(end.step, job.id, Phase.CHANGING, state, elapsed))
        async with racing(over.wait(), view.clock.sleep(_LOOK)):
            pass


def _begun(item: ActionOnMachine, items: Iterable[Mapping[str, Any]], known: frozenset[str]) -> MachineJob | None:
    """The job that the action waits for: the one that it goes on with, else the newest that was not known before."""
    jobs = [job_in(one) for one in items if _is_of(item, one)]
    if item.job is not None:
        return next((job for job in jobs if job.id == item.job.id), None)
    return max((job for job in jobs if job.id not in known), key=lambda job: job.created, default=None)


def _job_of(
    view: AccountView, item: ActionOnMachine, items: Iterable[Mapping[str, Any]], *, again: bool
) -> MachineJob | None:
    rule = item.action.job
    jobs = sorted((job_in(one) for one in items if _is_of(item, one)), key=lambda job: -job.created)
    if rule is None or not jobs:
        return None
    if running := next((job for job in jobs if not job.is_over), None):
        return running
    recent = (job for job in jobs if job.state == "success" and view.clock.now() - job.created <= rule.lasts)
    return None if again else next(recent, None)


def _is_of(item: ActionOnMachine, one: Mapping[str, Any]) -> bool:
    job, rule = job_in(one), item.action.job
    return rule is not None and (job.type, job.machine) == (rule.type, item.live.id) and rule.is_same(job, item.spec)


async def _listed(view: AccountView, actions: Iterable[ActionOnMachine]) -> list[dict[str, Any]]:
    types = sorted({item.action.job.type for item in actions if item.action.job})
    lists = await together(*(view.client.walk(jobs_pages(kind=type_)) for type_ in types))
    return [item for one in lists for item in one]
