"""Approved plans: a saved plan, or one that is named by its digest. What of it a run carries out now.

A run carries out a new plan that is made from the project, the state and the cloud. The approved plan only refuses: a
step that is not, as a whole, a step of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from novita_infra.catalogue.products import Catalogue
from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address
from novita_infra.model.clock import moment
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Problems, problem
from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.model.refactoring import StateEdits
from novita_infra.model.resources import Phase
from novita_infra.model.values import Spec
from novita_infra.operations.basis import changed_by, check_basis
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.plans.preflight import cleared_again
from novita_infra.operations.plans.saved_plans import bound_manifests
from novita_infra.operations.session import Session
from novita_infra.planning.cost.costing import over_budget, parts_of, risen
from novita_infra.planning.options import PlanOptions, Refresh, is_selected
from novita_infra.planning.plan.findings import Finding, code_of
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.planning.plan.steps import Step, StepKind, Update
from novita_infra.planning.saved.approved_part import ChoiceInput, approved_part, creates_of, with_approved_choices
from novita_infra.planning.saved.continuing import (
    ApprovedStep,
    approved_steps,
    begun_replacements,
    declared_digests,
    not_left,
    outputs_digest,
)
from novita_infra.planning.saved.plan_file import SavedPlan, digest_of
from novita_infra.planning.saved.staleness import moved
from novita_infra.refresh.catalogue import read_catalogue
from novita_infra.state.process_identity import this_process
from novita_infra.state.state import State, UsedPlan

_PARTS: Final = frozenset(
    part for kind in KINDS.values() for part in (*kind.resolution.catalogues, *kind.market.price_lists)
)


@dataclass(frozen=True, slots=True)
class ApprovedRun:
    """What a run carries out of an approved plan."""

    review: Review
    """The plan to carry out: the whole approved plan, or what is left of it."""
    used: UsedPlan
    """The entry of the approved plan in the state; new where no run has begun it."""
    note: str = ""
    """A message for a person about earlier runs of the plan."""


async def run_of_saved(session: Session, saved: SavedPlan, *, later: bool = False) -> ApprovedRun:
    """What is carried out of a saved plan now. Needs the lock, and changes nothing.

    Reads again all that the plan was made from. Raises Problems, field by field, where that is not what it was, and
    where another run has changed the state since the plan was made or begun. With `later`, another run may have done
    so before it is begun: then a new plan must have the digest of the saved one.
    """
    asked, state = saved.setting.asked, session.state
    used = _used(state, seal=saved.seal, digest=saved.digest)
    if used is None and later and saved.review.plan.basis.serial < state.serial:
        return await _later_run(session, saved)
    if used is None:
        return await _first_run(session, saved)
    if used.done:
        return await _done_run(session, used, {step.address for step in saved.review.plan.steps}, asked=asked)
    run = await _next_run(session, used, asked, whole=False)
    if not saved.review.plan.selection.partial and saved.declared != bound_manifests(run.review, session.project):
        raise problem("a manifest is not what it was when the plan was made", "make a new plan: it goes on from here")
    return run


async def run_of_expected(session: Session, review: Review, expect: str, asked: PlanOptions) -> ApprovedRun | None:
    """What is carried out of the plan with the digest, where `review` is the plan of now. Needs the lock.

    None if the plan of now has another digest, and no run has begun the one with this digest. Raises Problems if a run
    has, and the plan of now is not what is left of it.
    """
    state = session.state
    if digest_of(review) == expect:
        return ApprovedRun(review, _new_use(session, review.plan, digest=expect))
    used = next((item for item in reversed(state.used_plans) if item.digest == expect), None)
    if used is None:
        return None
    if used.done:
        if asked.replaces:  # what was to be replaced is replaced
            review = await plan_project(session, replace(asked, replaces=()))
        if review.plan.steps:
            return None
        return ApprovedRun(_nothing_of(review), used, _applied(used))
    return await _next_run(session, used, asked, whole=True)


async def _first_run(session: Session, saved: SavedPlan) -> ApprovedRun:
    plan, asked, project = saved.review.plan, saved.setting.asked, session.project
    check_basis(plan, session.state, place=session.store.describe())
    fresh, catalogue = await together(
        plan_project(session, asked), _catalogue(session, plan.steps, more=parts_of(saved.review))
    )
    fresh = _with_choices(session, fresh, creates_of(plan), catalogue)
    part = approved_part(
        fresh,
        frozenset(step.address for step in plan.steps),
        frozenset(record.address for record in plan.record_updates),
    )
    cleared = await cleared_again(session.client, part, project.declared, catalogue, runway=asked.runway)
    findings = [
        *moved(
            saved.review,
            fresh,
            digests=(saved.declared, bound_manifests(fresh, project)),
            key=session.state.key,
            ago=in_words(session.clock.now() - saved.setting.created),
        ),
        *risen(saved.review, catalogue, project.rules),
        *(over_budget(part.cost, environment=plan.environment) if part.cost else ()),
        *(Finding(item, cleared.code) for item in cleared.problems),
    ]
    _raise(findings)
    return ApprovedRun(cleared, _new_use(session, cleared.plan, digest=saved.digest, seal=saved.seal))


async def _later_run(session: Session, saved: SavedPlan) -> ApprovedRun:
    """The run of a plan after others that changed the state: the same changes to the same objects are left to do."""
    fresh = await plan_project(session, saved.setting.asked)
    if digest_of(fresh) != saved.digest:
        raise problem(
            "the plan is not what is to be done any more: another run has changed the state since; "
            f"{changed_by(session.state)}",
            "make a new plan, and have it approved again",
            code=EXIT_REFUSED,
        )
    return ApprovedRun(fresh, _new_use(session, fresh.plan, digest=saved.digest, seal=saved.seal))


async def _next_run(session: Session, used: UsedPlan, asked: PlanOptions, *, whole: bool) -> ApprovedRun:
    """What is left of a plan that a run has begun. Raises Problems if that is not all that a new plan would do."""
    state, project = session.state, session.project
    if not used.steps or state.last_run is None or state.last_run.plan != used.id:
        begun = f"this plan was begun at {moment(used.since)} by {used.by}"
        raise problem(
            f"{begun}, and did not come to its end{_since(state, used)}",
            "make a new plan: it goes on from there",
        )
    approved = tuple(map(ApprovedStep.read, used.steps))
    replaced = begun_replacements(approved, state.records)
    again = {item.address for item in approved if is_selected(item.address, asked.replaces)} - replaced
    asked = replace(
        asked,
        replaces=tuple(sorted(map(str, again))),
        refresh=Refresh.ONLY if asked.refresh is Refresh.ONLY else Refresh.ALL,
    )
    fresh = await plan_project(session, asked)
    catalogue = await _catalogue(session, fresh.plan.steps)
    creates = {item.address: item.spec for item in approved if item.call == StepKind.CREATE.value}
    fresh = _with_choices(session, fresh, creates, catalogue)
    declared = () if fresh.plan.destroys else project.declared
    findings = not_left(
        approved,
        fresh,
        records=state.records,
        declared=declared_digests(declared, state.key),
        key=state.key,
        kinds=KINDS,
        whole=whole,
    )
    if used.outputs != outputs_digest(fresh.plan, state.key):
        findings.append(Finding(Diagnostic("the outputs of the project file are not what they were")))
    _raise(findings)
    part = approved_part(fresh, frozenset(item.address for item in approved), frozenset())
    note = f"This plan was begun at {moment(used.since)} by {used.by}; this run finishes what is left of it."
    return ApprovedRun(part, used, note)


async def _done_run(session: Session, used: UsedPlan, touched: set[Address], *, asked: PlanOptions) -> ApprovedRun:
    """The run of a plan that is done: it does nothing. Raises Problems where its resources have changed since."""
    fresh = await plan_project(session, replace(asked, replaces=()))
    changed = sorted({step.address for step in fresh.plan.steps} & touched)
    if changed:
        names = ", ".join(map(str, changed))
        raise problem(
            f"this plan was applied at {moment(used.since)} by {used.by}, and since then {names} changed"
            f"{_since(session.state, used)}",
            "make a new plan",
        )
    return ApprovedRun(_nothing_of(fresh), used, _applied(used))


def _used(state: State, *, seal: str, digest: str) -> UsedPlan | None:
    """The entry of a saved plan: under its seal, or under its digest where the last run was approved by that."""
    last = state.last_run.plan if state.last_run else ""
    for item in reversed(state.used_plans):
        if item.seal == seal or (not item.done and item.id == last and item.digest == digest):
            return item
    return None


def _new_use(session: Session, plan: Plan, *, digest: str, seal: str = "") -> UsedPlan:
    key = session.state.key
    declared = declared_digests(() if plan.destroys else session.project.declared, key)
    return UsedPlan(
        seal,
        session.clock.now(),
        this_process(),
        digest=digest,
        steps=tuple(step.stored() for step in approved_steps(plan, declared, key)),
        outputs=outputs_digest(plan, key),
    )


def _nothing_of(review: Review) -> Review:
    """The review without any change."""
    part = approved_part(review, frozenset(), frozenset())
    plan = replace(part.plan, outputs=replace(part.plan.outputs, changed=()), edits=StateEdits())
    return replace(part, plan=plan)


def _applied(used: UsedPlan) -> str:
    return f"This plan was applied at {moment(used.since)} by {used.by}: nothing is left of it."


def _since(state: State, used: UsedPlan) -> str:
    """Who changed the state since a run began the plan, as far as that is known."""
    if state.last_run is None or state.last_run.plan == used.id:
        return ""
    return f"; {changed_by(state)}"


def _with_choices(session: Session, fresh: Review, approved: Mapping[Address, Spec], catalogue: Catalogue) -> Review:
    declared = {item.address: item for item in session.project.declared}
    return with_approved_choices(fresh, approved, ChoiceInput(declared, KINDS, catalogue))


async def _catalogue(session: Session, steps: Iterable[Step], *, more: Iterable[str] = ()) -> Catalogue:
    """The parts of the catalogue that hold the choices of the steps and their prices."""
    taking = [(KINDS[step.address.type], step.spec) for step in steps if _takes_stock(step)]
    parts = {part for kind, spec in taking for part in (*kind.resolution.parts_for(spec), *kind.market.price_lists)}
    return await read_catalogue(session.client, sorted(parts | (set(more) & _PARTS)))


def _takes_stock(step: Step) -> bool:
    """Whether the step creates an object or starts a stopped one."""
    match step.action:
        case Update(call):
            return KINDS[step.address.type].call(call).allowed_phases == {Phase.STOPPED}
        case _:
            return step.action is StepKind.CREATE


def _raise(findings: list[Finding]) -> None:
    if findings:
        raise Problems(dict.fromkeys(finding.diagnostic for finding in findings), code=code_of(findings))


def check_expected(expect: str, digest: str) -> None:
    """Raises Problems if the plan is not the approved one."""
    if expect != digest:
        raise problem(
            f"this is not the plan that was approved: its digest is {digest}",
            "look at it with `plan`, and have it approved again",
            code=EXIT_REFUSED,
        )
