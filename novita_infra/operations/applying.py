"""Applies a plan."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from functools import cache, partial
from typing import Final

from novita_infra.applying.events import Listener, Result
from novita_infra.kinds import KINDS
from novita_infra.kinds.toolkit.owner_marks import owner
from novita_infra.manifests.project.loading import Project
from novita_infra.model.addresses import Address
from novita_infra.model.clock import moment
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.operations.redaction import _secrets_in
from novita_infra.operations.session import Session
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.planning.plan.steps import WITHOUT_CALL
from novita_infra.policies.running import check_judged
from novita_infra.state.process_identity import this_process
from novita_infra.state.state import State, UsedPlan

MOST_CALLS: Final = 64
"""Calls at a time where nobody says; the client finds out how many of them do good."""


PREPARED: Final = 2
"""Steps under way for each call in flight: one writes its intent to disk while the call of another is on its way."""


async def apply_plan(
    session: Session,
    review: Review,
    *,
    parallelism: int | None = None,
    emit: Listener,
    stop: asyncio.Event,
    seal: str = "",
) -> Result:
    """Does the plan and saves the books, whatever happens. Needs the lock (`locked`).

    `seal` is that of the file which the plan was saved in: the books remember it from the first moment on. Raises
    Problems where the plan has some, and where the books moved since it was made.
    """
    from novita_infra.applying.records import Records  # noqa: PLC0415 -- not every command applies
    from novita_infra.applying.run import Run  # noqa: PLC0415
    from novita_infra.applying.walk import walk_steps  # noqa: PLC0415

    plan, state = review.plan, session.state
    if problems := review.problems:
        raise Problems(problems, code=review.code)
    check_judged(session.project, review)
    check_basis(plan, state, seal=seal)
    result, outputs = None, None
    with session.store.journal(state) as journal:
        books = Records(state, journal, now=session.clock.now)
        desk = Run(
            kinds=KINDS,
            client=session.client,
            books=books,
            clock=session.clock,
            emit=emit,
            stop=stop,
            calls=asyncio.Semaphore(PREPARED * (parallelism or MOST_CALLS)),
            operation=lambda: str(uuid.uuid4()),
            mark=partial(_mark, session.project),
            secrets=cache(partial(_secrets, session.project, plan)),
        )
        try:
            if seal:
                await books.use_plan(UsedPlan(seal, session.clock.now(), this_process()))
            result, outputs = await walk_steps(plan, desk)
        finally:
            # What a run knows is saved however it ends; a crash here leaves the journal, which says the same.
            session.state = session.store.save(
                books.closed(
                    cloud=session.cloud,
                    project=session.project.name,
                    environment=session.project.environment,
                    outputs=None if plan.selection.partial else outputs,
                    carried_out=seal if result is not None and result.succeeded else "",
                    took=_took(result),
                )
            )
    return result


def check_basis(plan: Plan, state: State, *, seal: str = "") -> None:
    """Raises Problems where the books are not those that the plan was made from, and where it was begun already."""
    begun = next((item for item in state.used_plans if item.seal == seal), None)
    if begun is not None:
        when = moment(begun.since)
        if begun.done:
            raise problem(f"this plan was applied at {when} by {begun.by}, and a plan is used once", "make a new plan")
        raise problem(
            f"this plan was begun at {when} by {begun.by}, and did not come to its end",
            "make a new plan: it goes on from there",
        )
    if plan.basis.lineage != state.lineage and state.records:
        none = plan.basis.serial == 0
        why = "there were no books when the plan was made, and now there are" if none else "its books are not these"
        raise problem(f"the plan cannot be applied any more: {why}", "make a new plan")
    if plan.basis.serial != state.serial:
        raise problem(
            f"the books moved since the plan was made: from version {plan.basis.serial} to {state.serial}",
            "make a new plan",
        )


def _took(result: Result | None) -> Mapping[str, list[float]]:
    """The seconds that each call of a kind took, for the estimates of later plans."""
    took: dict[str, list[float]] = {}
    for end in result.ends if result else ():
        if end.outcome.value == "done" and end.step.action not in WITHOUT_CALL:
            took.setdefault(f"{end.step.address.type}.{end.step.call_name}", []).append(round(end.elapsed, 1))
    return took


def _secrets(project: Project, plan: Plan) -> frozenset[str]:
    """Every secret that the project declares or the plan sends, in clear: to be taken out of what is shown."""
    return _secrets_in((*(item.spec for item in project.declared), *(step.spec for step in plan.steps)))


def _mark(project: Project, address: Address, operation: str) -> str:
    """The owner mark: who made the object, for a person, and by which operation, for certain."""
    if not project.owner_marks:
        return ""
    return f"{owner(project.name, project.environment, address)}/{operation}"
