"""A plan as text. It is complete without colours, and shows no secret."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from novita_infra.planning.plan.changes import Action, Change, FieldChange
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.plan import VERBS, by_address, heading
from novita_infra.views.formats.text.drift import adopted_lines, drift_lines, unread_lines
from novita_infra.views.formats.text.money import money_lines, row_lines, standing_lines
from novita_infra.views.formats.text.safety import detour_lines, policy_lines, targeting_lines
from novita_infra.views.formats.text.values import described, differing

_ALWAYS: Final = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE, Action.ADOPT)
"""Always in the summary; the other actions only where there are any."""


def plan_lines(review: Review, *, now: float | None = None) -> Iterator[Line]:
    """The whole plan: every change with its fields and reasons, the outputs that change, and the summary.

    `now`, in Unix seconds, gives the age of the prices of a saved plan.
    """
    plan = review.plan
    yield from drift_lines(plan)
    yield from adopted_lines(plan)
    yield from unread_lines(plan, now=now if now is not None else review.cost.read if review.cost else None)
    if review.empty:
        yield from targeting_lines(plan)
        yield line((_nothing_to_do(plan), Tone.GOOD))
        yield from standing_lines(review.cost, environment=plan.environment, now=now)
        yield from policy_lines(review.verdicts)
        return
    changes = [change for change in plan.changes if change.action is not Action.NONE]
    if changes:
        what = "Plan to destroy" if plan.destroys else "Plan for"
        yield line(f"{what} project {plan.project}, environment {plan.environment}:")
        yield line()
    costs, detours = by_address(review.cost), plan.detours
    for change in changes:
        yield from _change_lines(change)
        yield from detour_lines(detours.get(change.address, ()))
        yield from row_lines(costs.get(change.address))
        yield line()
    yield from _output_changes(plan)
    yield from money_lines(review.cost, environment=plan.environment, now=now)
    yield from targeting_lines(plan)
    if review.verdicts:
        yield from policy_lines(review.verdicts)
        yield line()
    yield line((summary(plan), Tone.STRONG))


def summary(plan: Plan) -> str:
    """`Plan: 3 to create, 1 to update, 1 to replace, 2 to delete, 0 to adopt.`"""
    counts = Counter(change.action for change in plan.changes)
    counted = [
        f"{counts[action]} {to_do}" for action, (to_do, _) in VERBS.items() if counts[action] or action in _ALWAYS
    ]
    return f"Plan: {', '.join(counted)}."


def _nothing_to_do(plan: Plan) -> str:
    if plan.refresh_only:
        return "No changes: only the state is refreshed."
    if plan.drift:
        return "No changes: the drift is not put back."
    if plan.selection.left_out:
        return "No changes except those that are left out."
    count = sum(change.action is Action.NONE for change in plan.changes)
    if plan.destroys or not count:
        return "No changes. The state is empty." if plan.destroys else "No changes. Nothing is declared."
    resources, match = ("resource", "matches") if count == 1 else ("resources", "match")
    but = ", but for what was adopted" if any(change.adopted for change in plan.changes) else ""
    return f"No changes. The {count:,} {resources} of this environment {match} the manifests{but}."


def _change_lines(change: Change) -> Iterator[Line]:
    sign, tone, sentence = heading(change)
    known_as = f" ({change.id})" if change.id else ""
    if change.action is Action.UPDATE and any("restarts" in item.means.words for item in change.fields):
        sentence += ", with a restart"
    yield line((f"{sign:>3} ", tone), (str(change.address), Tone.STRONG), f"{known_as} {sentence}")
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


def _field_changes(fields: tuple[FieldChange, ...]) -> Iterator[Line]:
    """The fields by their call, which is written beside a single field and above several."""
    by_means: dict[str, list[FieldChange]] = {}
    for item in fields:
        by_means.setdefault(item.means.text, []).append(item)
    for means, items in sorted(by_means.items(), key=lambda group: len(group[1]) > 1):
        tone = Tone.REPLACE if items[0].replaces else Tone.FAINT
        if len(items) > 1 and means:
            yield line((f"      # {means}", tone))
        note = f"  # {means}" if means and len(items) == 1 else ""
        for item in items:
            yield from differing(item.name, item.before, item.after, indent=6, note=(note, tone))


def _output_changes(plan: Plan) -> Iterator[Line]:
    if not plan.outputs.changed:
        return
    yield line("Outputs:")
    for name in plan.outputs.changed:
        before, after = plan.outputs.before.get(name), plan.outputs.after.get(name)
        yield from differing(name, before, after, indent=6, note=("", None))
    yield line()
