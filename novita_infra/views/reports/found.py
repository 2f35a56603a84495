"""The results of commands as findings: manifests, plans, drift, orphans, and commands that failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import EXIT_OVER_BUDGET, EXIT_REFUSED, Diagnostic, Severity
from novita_infra.model.printable import printable, shortened
from novita_infra.planning.plan.changes import Action, Drift
from novita_infra.planning.plan.review import Remarks, Review, denied_by, warned_by
from novita_infra.views.content.diagnostics import FailureContent, ValidationContent
from novita_infra.views.content.drift import answer, drifted
from novita_infra.views.content.plan import DriftContent, PlanContent
from novita_infra.views.content.values import inline
from novita_infra.views.reports.report import (
    BUDGET,
    CHECK,
    COMMAND,
    DRIFT,
    MANIFEST,
    ORPHAN,
    PREFLIGHT,
    REFUSED,
    UNREAD,
    UNSET,
    Report,
    ReportItem,
    ReportRule,
    policy_rule,
)
from novita_infra.views.reports.repository import RepositoryPaths
from novita_infra.views.results.orphans import OrphanListing, OrphanRow

_BY_CODE: Final = {EXIT_REFUSED: REFUSED, EXIT_OVER_BUDGET: BUDGET}
"""The rules of the planner's findings, by the exit code that they ask for."""
_MOST_FIELDS: Final = 10
"""The most fields of a drifted resource that are named."""


def report_of(content: Any, paths: RepositoryPaths) -> Report:
    """The findings of a result. Raises TypeError for a result without any."""
    match content:
        case PlanContent():
            report = _plan(content)
        case DriftContent():
            report = _drift(content)
        case ValidationContent():
            report = _validation(content)
        case OrphanListing():
            report = _orphans(content)
        case FailureContent():
            report = _failure(content)
        case _:
            raise TypeError(type(content).__name__)
    declared = content.declared if isinstance(content, (PlanContent, DriftContent)) else ()
    places = {str(item.address): item.origin for item in declared}
    items = tuple(_placed(item, paths, places) for item in report.items)
    return replace(report, items=items, file=paths.project_file)


def _placed(item: ReportItem, paths: RepositoryPaths, places: Mapping[str, Origin]) -> ReportItem:
    """The finding, fit to be shown, with its own place, or else that where its resource is declared."""
    origin = item.origin or places.get(item.address)
    return replace(
        item,
        summary=printable(item.summary),
        hint=printable(item.hint),
        address=printable(item.address),
        origin=paths.place(origin) if origin else None,
    )


def _plan(content: PlanContent) -> Report:
    review = content.review
    return replace(
        _of_review("plan", review),
        items=(*_manifest_items(content.warnings), *_review_items(review)),
        policies=tuple(dict.fromkeys(judgement.policy.name for judgement in review.verdicts)),
        passed="the plan can be applied",
    )


def _drift(content: DriftContent) -> Report:
    review, plan = content.review, content.review.plan
    actions = {change.address: change.action for change in plan.changes}
    found = (_drift_item(address, items, actions.get(address)) for address, items in drifted(plan))
    return replace(
        _of_review("drift", review),
        items=(*_manifest_items(content.warnings), *found, *_review_items(review)),
        passed="nothing was changed outside of novita-infra",
    )


def _of_review(command: str, review: Review) -> Report:
    plan = review.plan
    addresses = [*(item.address for item in plan.changes), *(item.address for item in plan.drift)]
    return Report(command, (), plan.project, (plan.environment,), tuple(dict.fromkeys(map(str, addresses))))


def _validation(content: ValidationContent) -> Report:
    items = list(_manifest_items(content.diagnostics))
    for at, environments in enumerate(content.found_in[: len(items)]):
        items[at] = replace(items[at], environments=environments)
    known = dict.fromkeys((*content.environments, *(name for item in items for name in item.environments)))
    return Report("validate", tuple(items), environments=tuple(known) or ("",), passed="the manifests are valid")


def _orphans(content: OrphanListing) -> Report:
    unread = (
        ReportItem(UNREAD, Severity.WARNING, f"the API answered without a list of {name}", key=name)
        for name in content.unlisted
    )
    found = (*map(_orphan_item, content.rows), *unread)
    return Report("orphans", found, passed="no orphans among what was read")


def _failure(content: FailureContent) -> Report:
    items = [_item(_manifest_rule(item) if item.origin else COMMAND, item) for item in content.diagnostics]
    return Report(content.command, tuple(items))


def _manifest_items(diagnostics: Iterable[Diagnostic]) -> Iterator[ReportItem]:
    for item in diagnostics:
        yield _item(_manifest_rule(item), item)


def _manifest_rule(item: Diagnostic) -> ReportRule:
    return UNSET if item.unset else MANIFEST


def _review_items(review: Review) -> Iterator[ReportItem]:
    """What blocks the plan, and the warnings about it."""
    yield from _remark_items(review.checks, None)
    yield from _remark_items(review.preflight, PREFLIGHT)
    for judgement in review.verdicts:
        name = judgement.policy.name
        for diagnostic in (*denied_by([judgement]), *warned_by([judgement])):
            item = _item(policy_rule(name), diagnostic)
            yield replace(item, policy=name, origin=item.origin or (None if item.address else judgement.policy.origin))


def _remark_items(remarks: Remarks, rule: ReportRule | None) -> Iterator[ReportItem]:
    for finding in remarks.findings:
        yield _item(rule or _BY_CODE.get(finding.code, CHECK), finding.diagnostic)
    for note in remarks.notes:
        yield _item(rule or CHECK, note)


def _item(rule: ReportRule, item: Diagnostic) -> ReportItem:
    return ReportItem(rule, item.severity, item.summary, item.hint, item.address, item.origin)


def _drift_item(address: Address, items: list[Drift], action: Action | None) -> ReportItem:
    """The drift of one resource, with all of its causes."""
    causes = ", ".join(dict.fromkeys(f"{item.cause.value}{f' ({item.says})' if item.says else ''}" for item in items))
    fields = [
        f"{field.name}: {shortened(inline(field.before))} -> {shortened(inline(field.after))}"
        for item in items
        for field in item.fields
    ]
    more = f" and {len(fields) - _MOST_FIELDS} more" if len(fields) > _MOST_FIELDS else ""
    differ = f": {', '.join(fields[:_MOST_FIELDS])}{more}" if fields else ""
    known_as = f" ({items[0].id})" if items[0].id else ""
    hint = ", ".join(dict.fromkeys(answer(item, action or Action.NONE) for item in items))
    summary = f"{address}{known_as} was changed outside of novita-infra, {causes}{differ}"
    return ReportItem(DRIFT, Severity.WARNING, summary, hint, str(address), key=str(address))


def _orphan_item(row: OrphanRow) -> ReportItem:
    what = f"{row.kind} {row.id}"
    hint = f"status {row.status}, price of an hour: {row.price}, made by: {row.maker}"
    summary = f"{what} ({row.name}) is in no state"
    return ReportItem(ORPHAN, Severity.WARNING, summary, hint, what, key=what)
