"""A plan as a page: what must be known first, the cost, the graph, and every change. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from markupsafe import Markup

from novita_infra.model.addresses import Address
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.costs import Money
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.costs import (
    bound_text,
    hourly,
    is_priced,
    remaining_texts,
    row_text,
    standing_text,
    sum_texts,
    unknown_texts,
)
from novita_infra.views.content.diagnostics import FailureContent
from novita_infra.views.content.graph import graph_of, needs_of
from novita_infra.views.content.lines import Line
from novita_infra.views.content.plan import (
    VERBS,
    PlanContent,
    by_address,
    change_sentence,
    nothing_to_do,
    symbol,
)
from novita_infra.views.formats.html.markup import lines_markup
from novita_infra.views.formats.html.page import CostPart, CostRow, Entry, Page, Tile, Titled, page_text
from novita_infra.views.formats.html.past import past_part
from novita_infra.views.pictures.graph import graph_svg
from novita_infra.views.pictures.grouping import picture_of
from novita_infra.views.plan_lines.drift import adopted_lines, drift_sign, lines_by_drift, unread_lines
from novita_infra.views.plan_lines.estimate import estimate_lines
from novita_infra.views.plan_lines.plan import (
    changed_output_lines,
    edit_lines,
    lines_by_change,
    lookup_lines,
    time_lines,
)
from novita_infra.views.plan_lines.safety import policy_lines, rollout_lines, targeting_lines

_MOST_ROWS: Final = 12
"""The most resources whose cost is shown."""
_ALWAYS: Final = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
"""The actions that have a tile even without a resource, so that nobody looks for them."""


def plan_page(content: PlanContent) -> str:
    """The page of a plan."""
    return page_text(page_of_plan(content))


def failure_page(content: FailureContent) -> str:
    """The page of a command that ended before it had a result, so that none of an earlier run is taken for it."""
    return page_text(
        Page(f"{content.command} has failed", "There is no result.", errors=[*map(str, content.diagnostics)])
    )


def page_of_plan(content: PlanContent) -> Page:
    """The parts of the page of a plan."""
    review, plan = content.review, content.review.plan
    digest = [("digest", content.digest)] if content.digest and not review.problems else []
    ids = {change.address: f"r{number}" for number, change in enumerate(plan.changes)}
    return Page(
        f"{'Plan to destroy' if plan.destroys else 'Plan for'} {plan.project}",
        nothing_to_do(plan) if review.empty else "",
        place=[("environment", plan.environment), *digest],
        tiles=() if review.empty else [*_tiles(plan)],
        errors=[*map(str, review.problems)],
        warnings=[*map(str, (*content.warnings, *review.notes))],
        losses=[*_losses(plan)],
        cost=cost_part(review.cost),
        graph=plan_graph(plan, ids),
        entries=() if review.empty else [*_entries(review, ids)],
        unchanged=[(ids[item.address], str(item.address)) for item in plan.changes if item.action is Action.NONE],
        drift=[*drift_entries(plan)],
        notes=[*_notes(content)],
        past=past_part(content.past(), review.cost.read if review.cost else 0.0) if content.past else None,
    )


def plan_graph(plan: Plan, ids: Mapping[Address, str]) -> Markup:
    """The picture of a plan, whose nodes lead to the elements with the ids; empty without resources."""
    graph = graph_of(needs_of(plan), {change.address: change.action for change in plan.changes})
    return Markup(graph_svg(picture_of(graph), ids)) if graph.nodes else Markup()  # noqa: S704 -- its texts are escaped


def drift_entries(plan: Plan) -> Iterator[Entry]:
    """What was changed outside of novita-infra."""
    for number, (item, cause, below) in enumerate(lines_by_drift(plan)):
        action = Action.DELETE if item.gone else Action.UPDATE
        says = f"({item.id}) {cause}" if item.id else cause
        sign, _ = drift_sign(item)
        yield Entry(f"d{number}", _class(action), sign, str(item.address), says, "", lines_markup(below))


def cost_part(money: Money | None, *, standing: str = "as before") -> CostPart | None:
    """The cost of an environment; None where nothing of it costs. `standing` is its title where it does not change."""
    if money is None or not is_priced(money):
        return None
    moving = sum_texts(money)
    texts = [*moving] or [(standing, standing_text(money))]
    texts += [*unknown_texts(money), *remaining_texts(money)]
    if money.bound is not None:
        texts.append(("if nobody comes back", bound_text(money.bound)))
    costing = [row for row in money.rows if row.counts.most]
    dearest = sorted(costing, key=lambda row: -row.counts.most)
    largest = dearest[0].counts.most if dearest else 1
    rows = [
        CostRow(str(row.address), hourly(row.after), max(1, round(100 * row.counts.most / largest)))
        for row in dearest[:_MOST_ROWS]
    ]
    caption = f"Per hour{' after the plan' if moving else ''}, by resource"
    return CostPart(texts, rows, caption, len(dearest) - len(rows))


def _tiles(plan: Plan) -> Iterator[Tile]:
    counts = Counter(change.action for change in plan.changes)
    for action, (to_do, _) in VERBS.items():
        if counts[action] or action in _ALWAYS:
            sign = symbol(Change(plan.changes[0].address, action)) if plan.changes else ""
            yield Tile(_class(action), sign, counts[action], to_do)
    if counts[Action.NONE]:
        yield Tile(_class(Action.NONE), "=", counts[Action.NONE], "unchanged")


def _losses(plan: Plan) -> Iterator[str]:
    """The data that is lost, and for which resources that is allowed."""
    for change in plan.changes:
        for loss in (*change.loses, *(loss for old in change.retires for loss in old.loses)):
            yield f"{change.address} loses {loss}"
    if plan.selection.data_loss and any(change.loses for change in plan.changes):
        yield f"The loss is allowed for {', '.join(plan.selection.data_loss)}."


def _entries(review: Review, ids: Mapping[Address, str]) -> Iterator[Entry]:
    costs = by_address(review.cost)
    for item in lines_by_change(review):
        change = item.change
        yield Entry(
            ids[change.address],
            _class(change.action),
            symbol(change),
            str(change.address),
            change_sentence(change).strip(),
            row_text(costs.get(change.address)),
            lines_markup(item.lines),
        )


def _notes(content: PlanContent) -> Iterator[Titled]:
    """What else a plan says, each with a title."""
    review, plan = content.review, content.review.plan
    now = review.cost.read if review.cost else None
    parts: tuple[tuple[str, Iterable[Line]], ...] = (
        ("Estimate", estimate_lines(content.time) if content.time is not None else ()),
        ("Looked up", lookup_lines(review)),
        ("Moved and imported", edit_lines(plan)),
        ("Asked for by the time", time_lines(review)),
        ("Adopted", adopted_lines(plan)),
        ("Not read", unread_lines(plan, now=now)),
        ("Outputs", changed_output_lines(plan)),
        ("Rollouts", rollout_lines(plan)),
        ("Selected", targeting_lines(plan)),
        ("Policies", policy_lines(review.verdicts)),
    )
    for title, lines in parts:
        items = [*lines]
        if items and str(items[0]) == f"{title}:":
            items = items[1:]
        if body := lines_markup(items):
            yield Titled(title, body)


def _class(action: Action) -> str:
    """The class of the colours of an action."""
    return action.name.lower()
