"""The notices about what a command did and found: which events it has, and the document of each. Pure."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from novita_infra.applying.events import Outcome
from novita_infra.catalogue.prices import plain_usd, rate, unknown
from novita_infra.cli.command import explained
from novita_infra.cli.notifying.command_notes import CommandNotes
from novita_infra.model.diagnostics import EXIT_OVER_BUDGET
from novita_infra.model.durations import in_words
from novita_infra.notices.document import (
    HourlyCost,
    Notice,
    NoticeItem,
    NoticeOutcome,
    NotificationEvent,
    RunNotice,
    action_counts,
)
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.saved.plan_file import digest_of
from novita_infra.views.content.plan import DriftContent
from novita_infra.views.results.machines.idle import IdleListing

_MOST_ERRORS = 50
_APPLIES = frozenset({"apply", "destroy", "ci apply"})


def events_of(command: str, notes: CommandNotes) -> tuple[NotificationEvent, ...]:
    """The events of the command, that which says most first. None where a person did not approve the plan."""
    return tuple(_events(command, notes))


def has_changes(notes: CommandNotes) -> bool:
    """Whether the plan has a change, or the command did not come so far as to know."""
    return notes.review is None or not notes.review.empty


def notice_of(
    event: NotificationEvent, command: str, notes: CommandNotes, *, place: tuple[str, str], now: float
) -> Notice:
    """The notice of the event. `place` names the project and the environment; `now` is in Unix seconds."""
    review = notes.review
    digest = digest_of(review) if review else ""
    counts = action_counts(review.plan.changes) if review else {}
    project, environment = place
    run = RunNotice(project=project, environment=environment, command=command, plan_digest=digest, summary=counts)
    total = review.cost.total if review and review.cost else None
    cost = HourlyCost(plain_usd(total.before.most), plain_usd(total.after.most)) if total else None
    errors = tuple(_errors(notes))
    if len(errors) > _MOST_ERRORS:
        errors = (*errors[:_MOST_ERRORS], f"and {len(errors) - _MOST_ERRORS} more")
    return Notice(
        event=event,
        run=run,
        time=now,
        outcome=_outcome(notes),
        errors=errors,
        items=tuple(_items(event, notes)),
        cost=cost,
    )


def _events(command: str, notes: CommandNotes) -> Iterator[NotificationEvent]:
    review, found = notes.review, notes.found
    if review and any(finding.code == EXIT_OVER_BUDGET for finding in review.findings):
        yield NotificationEvent.BUDGET
    if notes.failure is not None or _outcome(notes) is not NoticeOutcome.SUCCEEDED:
        yield NotificationEvent.FAILURE
    if isinstance(found, DriftContent) and found.review.plan.drift:
        yield NotificationEvent.DRIFT
    if isinstance(found, IdleListing) and found.rows:
        yield NotificationEvent.IDLE
    if notes.run is not None and command in _APPLIES:
        yield NotificationEvent.APPLY
    if review is not None and command == "plan":
        yield NotificationEvent.PLAN


def _outcome(notes: CommandNotes) -> NoticeOutcome:
    run = notes.run
    if isinstance(notes.failure, KeyboardInterrupt | asyncio.CancelledError) or (run and run.interrupted):
        return NoticeOutcome.INTERRUPTED
    if notes.failure is not None:
        return NoticeOutcome.FAILED
    if run is not None:
        return NoticeOutcome.SUCCEEDED if run.succeeded and not run.failed_before else NoticeOutcome.FAILED
    if notes.errors or (notes.review is not None and notes.review.problems):
        return NoticeOutcome.REFUSED
    return NoticeOutcome.SUCCEEDED


def _errors(notes: CommandNotes) -> Iterator[str]:
    if isinstance(notes.failure, Exception):
        yield from map(str, explained(notes.failure)[0])
    for end in notes.run.ends if notes.run else ():
        if end.outcome is Outcome.FAILED:
            yield f"{end.step.address}: {end.reason}"
    if notes.run is None:
        yield from map(str, (*notes.errors, *(notes.review.problems if notes.review else ())))


def _items(event: NotificationEvent, notes: CommandNotes) -> Iterator[NoticeItem]:
    review, found = notes.review, notes.found
    if event is NotificationEvent.IDLE and isinstance(found, IdleListing):
        for row in found.rows:
            yield NoticeItem(
                row.address or row.id, f"rests for {in_words(row.idle_seconds)}", plain_usd(row.per_hour.most)
            )
    elif event is NotificationEvent.DRIFT and review:
        for item in review.plan.drift:
            fields = ", ".join(change.name for change in item.fields)
            yield NoticeItem(str(item.address), f"{item.cause.value}: {fields}" if fields else item.cause.value)
    elif review:
        after = {row.address: row.after for row in review.cost.rows} if review.cost else {}
        for change in review.plan.changes:
            if change.action is not Action.NONE:
                costs = after.get(change.address, ())
                known = bool(costs) and not unknown(costs)
                yield NoticeItem(str(change.address), change.action.value, plain_usd(rate(costs).most) if known else "")
