"""A plan as text. It is complete without colours, and shows no secret."""

from __future__ import annotations

from collections.abc import Iterator

from novita_infra.model.addresses import Address
from novita_infra.planning.plan.changes import Action, Change, FieldChange
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.alike import ChangeLines, shown_once
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.plan import by_address, fields_by_call, nothing_to_do, summary
from novita_infra.views.plan_lines.drift import adopted_lines, drift_lines, unread_lines
from novita_infra.views.plan_lines.money import money_lines, row_lines, standing_lines
from novita_infra.views.plan_lines.safety import detour_lines, policy_lines, rollout_lines, targeting_lines
from novita_infra.views.plan_lines.values import described, differing


def plan_lines(review: Review, *, now: float | None = None) -> Iterator[Line]:
    """The whole plan: its project, every change with its fields and reasons, the outputs that change, and the summary.

    `now`, in Unix seconds, gives the age of the prices of a saved plan.
    """
    for part in plan_parts(review, now=now):
        yield from part


def plan_parts(review: Review, *, now: float | None = None) -> tuple[Iterator[Line], Iterator[Line], Iterator[Line]]:
    """The same in three parts: what comes before the changes, the changes, and what comes after them."""
    return _head_lines(review, now=now), _changes(review), _end_lines(review, now=now)


def _head_lines(review: Review, *, now: float | None) -> Iterator[Line]:
    plan = review.plan
    what = "Plan to destroy" if plan.destroys else "Plan for"
    yield line(f"{what} project {plan.project}, environment {plan.environment}:")
    yield line()
    yield from lookup_lines(review)
    yield from drift_lines(plan)
    yield from adopted_lines(plan)
    yield from unread_lines(plan, now=now if now is not None else review.cost.read if review.cost else None)
    yield from edit_lines(plan)
    yield from time_lines(review)


def _changes(review: Review) -> Iterator[Line]:
    """Every change with its fields and reasons; nothing where there is none."""
    if not review.empty:
        yield from shown_once(lines_by_change(review))


def lines_by_change(review: Review) -> Iterator[ChangeLines]:
    """Each resource that changes, with its fields, its reasons and its cost."""
    plan = review.plan
    costs, detours, helped = by_address(review.cost), plan.detours, plan.helped
    for change in plan.changes:
        if change.action is not Action.NONE:
            yield ChangeLines(
                change,
                (
                    *_change_lines(change),
                    *detour_lines(detours.get(change.address, ())),
                    *_helper_lines(helped.get(change.address, ())),
                ),
                (*row_lines(costs.get(change.address)),),
            )


def _end_lines(review: Review, *, now: float | None) -> Iterator[Line]:
    """What changes besides, the cost, the policies, and the summary."""
    plan = review.plan
    if review.empty:
        yield from targeting_lines(plan)
        yield line((nothing_to_do(plan), Tone.GOOD))
        yield from standing_lines(review.cost, environment=plan.environment, now=now)
        yield from policy_lines(review.verdicts)
        return
    yield from changed_output_lines(plan)
    yield from money_lines(review.cost, environment=plan.environment, now=now)
    yield from rollout_lines(plan)
    yield from targeting_lines(plan)
    if review.verdicts:
        yield from policy_lines(review.verdicts)
        yield line()
    yield line((summary(plan), Tone.STRONG))


def lookup_lines(review: Review) -> Iterator[Line]:
    """What the manifests looked up: what was taken, and what else there was."""
    for found in review.lookups:
        title = f"  lookup.{found.name}"
        for number, text in enumerate(found.chosen or ("nothing",)):
            yield line((title if not number else " " * len(title), Tone.STRONG), f"  {text}")
        if found.others:
            yield line((f"      fits, too: {'; '.join(found.others)}", Tone.FAINT))
    if review.lookups:
        yield line()


def time_lines(review: Review) -> Iterator[Line]:
    """What the fields about time ask for now, and what comes next."""
    for rule in review.times:
        for number, text in enumerate(rule.says):
            title = f"  {rule.address}"
            yield line((title if not number else " " * len(title), Tone.STRONG), f"  {text}")
    if review.times:
        yield line()


def edit_lines(plan: Plan) -> Iterator[Line]:
    """The records that get another address, and those of imported objects; no object is changed for that."""
    if not plan.edits:
        return
    ids = {change.address: change.id for change in plan.changes}
    for item in plan.edits.moved:
        known_as = f" ({ids[item.target]})" if ids.get(item.target) else ""
        yield line((" => ", Tone.NEUTRAL), f"{item.source}{known_as} moves to ", (str(item.target), Tone.STRONG))
    for record in plan.edits.imported:
        yield line((" <= ", Tone.NEUTRAL), f"{record.id} is imported as ", (str(record.address), Tone.STRONG))
    yield line()


def _change_lines(change: Change) -> Iterator[Line]:
    """The lines below the first one of a change."""
    if change.why:
        yield line((f"      # because {change.why}", Tone.FAINT))
    if change.action is Action.CREATE:
        for item in change.fields:
            yield from described(item.name, item.after, indent=6)
    else:
        yield from _field_changes(change.fields)
    for loss in change.loses:
        yield line(("      ! loses: ", Tone.BAD), str(loss))
    for old in change.retires:
        yield line(("      - ", Tone.REMOVE), f"{old.id}, which it replaced and which is {old.status}, will be deleted")
        for loss in old.loses:
            yield line(("          ! loses: ", Tone.BAD), str(loss))


def _helper_lines(helpers: tuple[Address, ...]) -> Iterator[Line]:
    if helpers:
        names = " and ".join(map(str, helpers))
        yield line((f"      # waits for {names}, to start sooner; it goes on without, too", Tone.FAINT))


def _field_changes(fields: tuple[FieldChange, ...]) -> Iterator[Line]:
    """The fields by their call, which is written beside a single field and above several."""
    for means, items in fields_by_call(fields):
        tone = Tone.REPLACE if items[0].replaces else Tone.FAINT
        if len(items) > 1 and means:
            yield line((f"      # {means}", tone))
        note = f"  # {means}" if means and len(items) == 1 else ""
        for item in items:
            yield from differing(item.name, item.before, item.after, indent=6, note=(note, tone))


def changed_output_lines(plan: Plan) -> Iterator[Line]:
    """The outputs that change."""
    if not plan.outputs.changed:
        return
    yield line("Outputs:")
    for name in plan.outputs.changed:
        before, after = plan.outputs.before.get(name), plan.outputs.after.get(name)
        yield from differing(name, before, after, indent=6, note=("", None))
    yield line()
