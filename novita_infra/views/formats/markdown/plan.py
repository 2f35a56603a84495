"""A plan, or drift, as the comment of a pull request: what must be known first, then the changes, folded. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.planning.plan.changes import Action, Change, Drift
from novita_infra.planning.plan.costs import Money
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.costs import bound_text, is_priced, row_text, standing_text, sum_texts, unknown_texts
from novita_infra.views.content.diagnostics import FailureContent
from novita_infra.views.content.lines import Line
from novita_infra.views.content.plan import (
    DriftContent,
    PlanContent,
    by_address,
    change_sentence,
    nothing_to_do,
    summary,
    symbol,
)
from novita_infra.views.formats.markdown.fitting import LIMIT, bytes_together, fitting, joined_parts
from novita_infra.views.formats.markdown.listing import table_row, table_text
from novita_infra.views.formats.markdown.marks import code, diff_line, fenced, folded, markdown_text, marker
from novita_infra.views.plan_lines.drift import drift_lines
from novita_infra.views.plan_lines.plan import plan_lines

_MOST_ITEMS: Final = 10
"""The most losses, errors or warnings that are listed: more would leave no room for the changes."""
_LONGEST: Final = 300
"""The most characters of one of them."""
_MOST_BYTES: Final = 900
"""The most bytes of one of them in Markdown."""
_WHOLE: Final = "the complete plan has them: `plan --out FILE` or `--json-into FILE`"


def plan_markdown(content: PlanContent) -> str:
    """The comment: at most 64,000 bytes, whatever the size of the plan."""
    review, plan = content.review, content.review.plan
    head = [
        marker("plan", plan.project, plan.environment),
        f"### {'Plan to destroy' if plan.destroys else 'Plan for'} {_place(plan)}",
        f"**{markdown_text(_state(review))}**",
        _bullets("Errors: nothing of this plan can be applied", review.problems),
        _losses(plan),
        _bullets("Warnings", (*content.warnings, *review.notes)),
        _cost(review.cost),
        _rollouts(plan),
    ]
    foot = [f"Digest of this plan: {code(content.digest)}"] if content.digest and not review.problems else []
    changes = [change for change in plan.changes if change.action is not Action.NONE]
    costs = by_address(review.cost)
    room = LIMIT - bytes_together([*head, *foot])
    table = fitting(changes, lambda change: _row(change, row_text(costs.get(change.address))), room // 2, _table)
    details = _details(plan_lines(review), room - bytes_together([table]))
    return joined_parts([*head, table, details, *foot])


def drift_markdown(content: DriftContent) -> str:
    """The comment, or the issue, on what was changed outside of novita-infra."""
    plan = content.review.plan
    count = len({item.address for item in plan.drift})
    found = f"{count:,} resource{'s were' if count > 1 else ' was'} changed outside of novita-infra."
    head = [
        marker("drift", plan.project, plan.environment),
        f"### Drift of {_place(plan)}",
        f"**{found if count else 'No drift.'}**",
        _bullets("Warnings", (*content.warnings, *content.review.notes)),
    ]
    room = LIMIT - bytes_together(head)
    heads = ("Resource", "Id", "Cause")
    table = fitting(plan.drift, _drift_row, room // 2, lambda shown, left: table_text(heads, shown, left))
    details = _details(drift_lines(plan), room - bytes_together([table]))
    return joined_parts([*head, table, details])


def failure_markdown(content: FailureContent) -> str:
    """The comment on a command that ended before it had a result, so that none of an earlier run is taken for it."""
    title = f"### {markdown_text(content.command)} has failed"
    return joined_parts([marker(content.command), title, _bullets("Errors", content.diagnostics)])


def _place(plan: Plan) -> str:
    return f"project {code(plan.project)}, environment {code(plan.environment)}"


def _state(review: Review) -> str:
    if review.empty:
        return nothing_to_do(review.plan)
    return summary(review.plan)


def _losses(plan: Plan) -> str:
    """The data that is lost, and the permissions that were given for it."""
    lost = [f"{code(str(address))} loses {_short(text)}" for address, text in _lost(plan)]
    if not lost:
        return ""
    allowed = ", ".join(map(code, plan.selection.data_loss))
    given = f"\n\nThe loss is allowed for {allowed}." if allowed else ""
    return f"**Data is lost:**\n\n{_listed(lost)}{given}"


def _lost(plan: Plan) -> Iterator[tuple[Address, str]]:
    for change in plan.changes:
        for loss in (*change.loses, *(loss for old in change.retires for loss in old.loses)):
            yield change.address, str(loss)


def _rollouts(plan: Plan) -> str:
    """The pace of the rollouts."""
    return _listed([f"**Rollout of {_short(item.name)}:** {item}" for item in plan.rollouts])


def _bullets(title: str, diagnostics: Sequence[Diagnostic]) -> str:
    texts = [_short(str(item)) for item in diagnostics]
    return f"**{title}:**\n\n{_listed(texts)}" if texts else ""


def _listed(texts: Sequence[str]) -> str:
    more = [f"- and {len(texts) - _MOST_ITEMS:,} more; {_WHOLE}"] if len(texts) > _MOST_ITEMS else []
    return "\n".join([*(f"- {text}" for text in texts[:_MOST_ITEMS]), *more])


def _short(text: str) -> str:
    """The text as it reads outside of code, cut where it is long."""
    for most in (_LONGEST, _LONGEST // 10):
        shown = markdown_text(text if len(text) <= most else f"{text[:most]}...")
        if len(shown.encode()) <= _MOST_BYTES:
            break
    return shown


def _cost(money: Money | None) -> str:
    if money is None or not is_priced(money):
        return ""
    texts = [*sum_texts(money)] or [("cost, as before", standing_text(money))]
    texts += unknown_texts(money)
    if money.bound is not None:
        texts.append(("if nobody comes back", bound_text(money.bound)))
    return "\n".join(f"- **{markdown_text(title)}:** {_short(text)}" for title, text in texts[: 2 * _MOST_ITEMS])


def _row(change: Change, cost: str) -> str:
    cells = (
        code(symbol(change), in_table=True),
        code(str(change.address), in_table=True),
        markdown_text(change_sentence(change).strip()),
        _short(cost),
    )
    return table_row(cells)


def _drift_row(item: Drift) -> str:
    id_ = code(item.id, in_table=True) if item.id else ""
    return table_row((code(str(item.address), in_table=True), id_, markdown_text(item.cause.value)))


def _table(rows: Sequence[str], left: int) -> str:
    return table_text(("", "Resource", "Change", "Cost"), rows, left)


def _details(lines: Iterable[Line], room: int) -> str:
    def show(shown: Sequence[str], left: int) -> str:
        more = f"\n\n{left:,} lines are left out here; {_WHOLE}." if left else ""
        return folded("All details", fenced(shown, "diff") + more)

    return fitting([*lines], diff_line, room, show)
