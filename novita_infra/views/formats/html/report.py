"""The report of an environment as a page: the plan that an apply would make, and what else is known. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from novita_infra.model.clock import moment
from novita_infra.planning.plan.costs import Money
from novita_infra.views.content.plan import PlanContent
from novita_infra.views.formats.html.page import Page, TablePart, Tile, page_text
from novita_infra.views.formats.html.past import past_part
from novita_infra.views.formats.html.plan import cost_part, page_of_plan
from novita_infra.views.results.account.report import ReportFacts
from novita_infra.views.results.orphans import OrphanListing


def report_page(facts: ReportFacts) -> str:
    """The page."""
    return page_text(page_of_report(facts))


def page_of_report(facts: ReportFacts) -> Page:
    """The parts of the page."""
    basis = facts.basis
    page = page_of_plan(PlanContent(basis.review, warnings=basis.warnings))
    return page._replace(
        title=f"Report on {facts.project}",
        sentence="" if page.entries or page.errors else "An apply would change no resource.",
        place=[("environment", facts.environment), ("read", moment(basis.now)), *_last(facts)],
        tiles=[*_counted(facts), *(tile for tile in page.tiles if tile.resources and tile.action != "none")],
        cost=cost_part(_standing(basis.review.cost), standing="now"),
        past=past_part(basis.past, basis.now),
        orphans=_orphan_table(basis.orphans),
    )


def _counted(facts: ReportFacts) -> Iterator[Tile]:
    """What exists, and what needs a look."""
    yield Tile("none", "", facts.resources, "resource" if facts.resources == 1 else "resources")
    if facts.drifted:
        yield Tile("update", "", facts.drifted, "drifted", "drift")
    if facts.orphans:
        yield Tile("delete", "", facts.orphans, "orphan" if facts.orphans == 1 else "orphans", "orphans")


def _last(facts: ReportFacts) -> list[tuple[str, str]]:
    return [("last run", facts.last_run)] if facts.last_run else []


def _standing(money: Money | None) -> Money | None:
    """The cost as it is now, without what an apply would change."""
    if money is None:
        return None
    rows = [replace(row, after=row.before, once=(), remains=False) for row in money.rows if row.before]
    return replace(money, rows=tuple(rows))


def _orphan_table(listing: OrphanListing) -> TablePart:
    if not listing.rows:
        return TablePart((), (), " ".join(str(item) for item in listing.lines()))
    heads, rows = listing.table()
    return TablePart(heads, rows, " ".join(str(item).strip() for item in listing.closing()).strip())
