"""The report of an environment: a few facts; a page shows more of what they are made of. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from novita_infra.catalogue.prices import Amount, rate, unknown
from novita_infra.model.clock import timestamp
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.planning.orphans import Orphan
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.review import Review
from novita_infra.state.recovery.past import Past
from novita_infra.views.content.listing import Facts, fact
from novita_infra.views.results.orphans import OrphanListing, orphan_listing


class ReportBasis(NamedTuple):
    """What a report is made of."""

    review: Review
    """Of the plan that an apply would make."""
    orphans: OrphanListing
    past: Past
    now: float
    """Unix seconds."""
    warnings: tuple[Diagnostic, ...] = ()
    """Those of the manifests."""


@dataclass(frozen=True, slots=True)
class ReportFacts(Facts):
    """How an environment is, as `report --json` prints it."""

    name: ClassVar[str] = "report"

    basis: ReportBasis
    """For a format that shows more."""
    project: str = fact("The project.", title="Project")
    environment: str = fact("The environment.", title="Environment")
    read: str = fact("When the account was read, in UTC.", title="Read")
    resources: int = fact("How many resources exist.", title="Resources")
    per_hour: Amount = fact("The known part of what they cost per hour.", title="Per hour")
    price_unknown: tuple[str, ...] = fact("What has no known price.", title="Without a price")
    to_change: int = fact("How many resources an apply would change.", title="To change")
    problems: tuple[str, ...] = fact("Why an apply would be refused; empty where it would not be.", title="Problems")
    drifted: int = fact("How many resources were changed outside of novita-infra.", title="Drifted")
    orphans: int = fact("How many live objects of the account are in no state.", title="Orphans")
    orphans_per_hour: Amount = fact("The known part of what the orphans cost per hour.", title="Orphans per hour")
    last_run: str | None = fact("The run that changed the state last; null if none is known.", title="Last run")
    last_took: float | None = fact("The seconds of the last run that made a call; null if none is kept.")
    took: str | None = fact("The same for a person.", title="Last run with calls took")


def report_facts(
    review: Review,
    *,
    orphans: Iterable[Orphan],
    unlisted: Iterable[str],
    past: Past,
    now: float,
    warnings: tuple[Diagnostic, ...] = (),
) -> ReportFacts:
    """The facts. `unlisted` are the types that could not be read; `now` is in Unix seconds."""
    plan, orphans = review.plan, tuple(orphans)
    costs = [cost for row in review.cost.rows for cost in row.before] if review.cost else []
    run = past.states[0].state.last_run if past.states else None
    took = past.last.end - past.last.begin if past.last else None
    return ReportFacts(
        project=plan.project,
        environment=plan.environment,
        read=timestamp(now),
        resources=sum(change.action is not Action.CREATE and bool(change.id) for change in plan.changes),
        per_hour=rate(costs),
        price_unknown=tuple(unknown(costs)),
        to_change=sum(change.action is not Action.NONE for change in plan.changes),
        problems=tuple(map(str, review.problems)),
        drifted=len({item.address for item in plan.drift}),
        orphans=len(orphans),
        orphans_per_hour=sum((item.per_hour for item in orphans), Amount()),
        last_run=str(run) if run else None,
        last_took=round(took, 1) if took is not None else None,
        took=in_words(took) if took is not None else None,
        basis=ReportBasis(review, orphan_listing(orphans, now=now, unlisted=unlisted), past, now, warnings),
    )
