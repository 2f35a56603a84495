"""Applies a plan."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from novita_infra.applying.events import Listener, Result
from novita_infra.applying.noting.noted_calls import NotedCalls
from novita_infra.applying.records import RunRecords
from novita_infra.applying.run import OtherRuns, Run, step_slots
from novita_infra.applying.walk import walk_steps
from novita_infra.applying.walk_input import WalkInput
from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address
from novita_infra.model.concurrency import SharedCall
from novita_infra.model.diagnostics import Problems
from novita_infra.model.refactoring import StateEdits
from novita_infra.model.resources import Live
from novita_infra.model.values import secrets_of
from novita_infra.operations.basis import check_basis
from novita_infra.operations.heartbeat import RunHeartbeat
from novita_infra.operations.hooks import after_apply, before_apply
from novita_infra.operations.identity import identified
from novita_infra.operations.ownership import CreateLocks, StatesOfOthers
from novita_infra.operations.session import Session
from novita_infra.planning.options import NO_LIMITS, RunLimits
from novita_infra.planning.plan.costs import Money
from novita_infra.planning.plan.review import Review
from novita_infra.planning.plan.steps import WITHOUT_CALL
from novita_infra.planning.saved.plan_file import digest_of
from novita_infra.policies.running import check_judged
from novita_infra.state.locks.lock_holders import run_of_ci
from novita_infra.state.process_identity import this_process
from novita_infra.state.seen_versions import RunNotes
from novita_infra.state.state import LastRun, PlannedRate, UsedPlan, edited

if TYPE_CHECKING:
    from novita_infra.hooks.of_command import CommandHooks


def is_nothing_to_do(session: Session, review: Review, used: UsedPlan | None) -> bool:
    """Whether an apply would neither make a call nor write the state. `used` is the approved plan, if there is one."""
    plan, state = review.plan, session.state
    unfinished = used is not None and used in state.used_plans and not used.done
    return review.empty and not (plan.record_updates or plan.edits or unfinished or session.store.has_old_key())


async def apply_plan(
    session: Session,
    review: Review,
    *,
    limits: RunLimits = NO_LIMITS,
    emit: Listener,
    stop: asyncio.Event,
    used: UsedPlan | None = None,
    hooks: CommandHooks | None = None,
) -> Result:
    """Applies the plan and saves the state, whatever happens. Needs the lock (`state_locked`).

    `used` is the approved plan that the review is of; the state records it with its steps before the first step.
    `hooks` run before the first step, in the steps and when the state is saved, unless the plan is empty. Raises
    Problems if the review has some, if the state has changed since the plan was made, and if a hook before the first
    step fails.
    """
    plan = review.plan
    if problems := review.problems:
        raise Problems(problems, code=review.code)
    check_judged(session.project, review)
    check_basis(plan, session.state, place=session.store.describe())
    session.client.hide(lambda: secrets_of(*(step.may_be_secret for step in plan.steps)))
    hooks = None if review.empty else hooks
    if hooks is not None:
        await before_apply(hooks, review, stop)
    operation = "destroy" if plan.destroys else "apply"
    last_run = LastRun(
        operation,
        this_process(),
        session.clock.now(),
        plan=used.id if used else "",
        planned=_planned(review.cost) if review.cost else None,
        digest=used.digest if used else digest_of(review),
        ci=run_of_ci(os.environ),
    )
    # The journal begins with the whole state, so the edits are stored, all at once, before the first step.
    state = edited(replace(session.state, last_run=last_run), plan.edits)
    result, outputs, heartbeat = None, None, RunHeartbeat(session.heartbeat, emit)
    locks = CreateLocks(session, operation)
    notes = RunNotes(session.cache, session.store)
    with closing(notes), session.store.journal(state, confirmed=notes) as journal, closing(locks):
        records = RunRecords(state, journal, now=session.clock.now)
        noted = NotedCalls(journal, now=session.clock.now, redacted=session.client.redacted)
        before, session.client.notes = session.client.notes, noted
        run = Run(
            kinds=KINDS,
            client=session.client,
            records=records,
            clock=session.clock,
            emit=heartbeat.listen,
            stop=stop,
            slots=step_slots(limits.max_calls),
            operation=lambda: str(uuid.uuid4()),
            mark=partial(_mark, session),
            foreign=partial(_foreign, session),
            account=session.account,
            others=OtherRuns(
                states=SharedCall(StatesOfOthers(session, locks.undisturbed).read),
                create_lock=locks.take,
                pool=locks.threads,
            ),
            folder=session.project.root,
            unread=frozenset(Address.parse(address) for address in plan.unread),
            hooks=hooks,
        )
        try:
            if used is not None and used not in state.used_plans:
                await records.use_plan(used)
            async with heartbeat.beating():
                walked = await walk_steps(WalkInput.of(plan, parallelism=limits.parallelism), run)
            outputs = walked.outputs
            result = Result.of(plan, walked.ends, cost=review.cost, interrupted=walked.interrupted)
        finally:
            session.client.notes = before
            noted.close()
            # The state is saved however the run ends; a crash here leaves the journal, which holds the same.
            state = records.final_state(
                outputs=None if plan.selection.partial else outputs,
                used=used,
                done=result is not None and result.succeeded,
                durations=_durations(result),
            )
            session.edits = StateEdits()
            session.state = session.store.save(
                identified(replace(state, searched=True), session.project, cloud=session.cloud)
            )
    result = replace(result, audit=session.state.audit)
    if hooks is None:
        return result
    await after_apply(hooks, result)
    return replace(result, failed_hooks=tuple(hooks.failures))


def _planned(cost: Money) -> PlannedRate:
    """What the plan says that the environment costs after it."""
    total = cost.total
    return PlannedRate(str(total.after.least), str(total.after.most), partly=total.unknown_after)


def _durations(result: Result | None) -> Mapping[str, list[float]]:
    """The seconds that each call of a kind took, for the estimates of later plans."""
    durations: dict[str, list[float]] = {}
    for end in result.ends if result else ():
        if end.outcome.value == "done" and end.step.action not in WITHOUT_CALL:
            durations.setdefault(f"{end.step.address.type}.{end.step.call_name}", []).append(round(end.elapsed, 1))
    return durations


def _foreign(session: Session, address: Address, live: Live) -> str:
    """Why the object is not that of the address, by its owner mark; empty where it may be."""
    owner = session.identity.foreign_owner(live.mark, address)
    return f"carries the owner mark of {owner.in_words(other_than=session.project.name)}" if owner else ""


def _mark(session: Session, address: Address, operation: str) -> str:
    """The owner mark: the resource, for a person, and the operation that created the object; empty if marks are off."""
    if not session.project.owner_marks.enabled:
        return ""
    return f"{session.identity.owner(address)}/{operation}"
