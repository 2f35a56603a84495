"""Makes the public results of the values inside. Pure; no secret gets through."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, cast

from novita_infra.applying.events import Ended, Event, Identified, Outcome, Progressed, Result, Started
from novita_infra.catalogue.prices import plain_usd
from novita_infra.library.results import (
    SECRET,
    UNKNOWN,
    DriftedResource,
    PlannedChange,
    PlanSummary,
    ProjectState,
    RecordedResource,
    RunEvent,
    RunResult,
)
from novita_infra.library.results import Action as PublicAction
from novita_infra.library.wording import all_for_programs, in_keywords
from novita_infra.model.values import PLAIN, Computation, Digest, Ref, Secret, Value, is_secret
from novita_infra.operations.session import Session
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.changes import Action, Change, Drift
from novita_infra.planning.plan.review import Review
from novita_infra.planning.saved.plan_file import digest_of
from novita_infra.state.state import State
from novita_infra.views.formats.json.plan import plan_json_of


def public_value(value: Value) -> Any:
    """The value as JSON data, with SECRET and UNKNOWN where it cannot be shown. It is a copy."""
    if isinstance(value, PLAIN):
        return value
    match value:
        case Secret() | Digest():
            return SECRET
        case Computation() if is_secret(value):
            return SECRET
        case Ref() | Computation():
            return UNKNOWN
        case Mapping():
            return {str(name): public_value(item) for name, item in value.items()}
        case list() | tuple():
            return [public_value(item) for item in value]
        case _:
            return value


def plan_summary(session: Session, review: Review, asked: PlanOptions) -> PlanSummary:
    """The plan and what is said about it."""
    plan, total = review.plan, review.cost.total if review.cost else None
    return PlanSummary(
        project=plan.project,
        environment=plan.environment,
        changes=tuple(_change(item) for item in plan.changes if item.action is not Action.NONE),
        digest=digest_of(review),
        problems=all_for_programs(review.problems),
        exit_code=review.code,
        warnings=all_for_programs((*session.project.warnings, *review.notes)),
        drift=drift_of(review),
        usd_per_hour_before=Decimal(plain_usd(total.before.most)) if total else None,
        usd_per_hour_after=Decimal(plain_usd(total.after.most)) if total else None,
        empty=review.empty,
        terraform=plan_json_of(session.project)(review),
        choices=asked,
    )


def drift_of(review: Review) -> tuple[DriftedResource, ...]:
    """The drift of the plan."""
    return tuple(map(_drifted, review.plan.drift))


def state_of(state: State) -> ProjectState:
    """The state."""
    resources = {
        str(address): RecordedResource(
            address=str(address),
            id=record.id,
            fields=public_value(record.spec),
            outputs=public_value(record.outputs),
            labels=dict(record.labels),
            protected=record.protect,
            pending=record.pending.call if record.pending else "",
        )
        for address, record in sorted(state.records.items())
    }
    outputs = public_value(state.outputs)
    return ProjectState(state.project, state.environment, state.serial, state.cloud, resources, outputs)


def event_of(event: Event) -> RunEvent:
    """The event."""
    address, step = str(event.step.address), event.step.call_name
    match event:
        case Started():
            return RunEvent("started", address, step, event.step.id)
        case Identified():
            return RunEvent("identified", address, step, event.id)
        case Progressed():
            return RunEvent("progressed", address, step, event.id, event.elapsed, event.status, event.note)
        case Ended():
            kind = _ENDS[event.outcome]
            return RunEvent(kind, address, step, event.id, event.elapsed, "", in_keywords(event.reason), event.log)


_ENDS: Mapping[Outcome, Literal["done", "failed", "skipped", "moving"]] = {
    Outcome.DONE: "done",
    Outcome.FAILED: "failed",
    Outcome.SKIPPED: "skipped",
    Outcome.MOVING: "moving",
}


def result_of(result: Result, state: State) -> RunResult:
    """The result of a run; `state` is that after it."""
    return RunResult(tuple(map(event_of, result.ends)), public_value(state.outputs), result.interrupted)


def _change(change: Change) -> PlannedChange:
    return PlannedChange(
        address=str(change.address),
        action=cast("PublicAction", change.action.value),
        id=change.id,
        reason=change.why,
        fields=tuple(item.name for item in change.fields),
        before=public_value(change.before),
        after=public_value(change.after),
        data_loss=tuple(item.what for item in change.loses),
    )


def _drifted(drift: Drift) -> DriftedResource:
    return DriftedResource(
        address=str(drift.address),
        id=drift.id,
        cause=drift.cause.value,
        fields={item.name: (public_value(item.before), public_value(item.after)) for item in drift.fields},
        gone=drift.gone,
    )
