"""What a project has cost since a date, beside what its records cost at today's prices."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

from novita_infra.account.billing import sum_of
from novita_infra.account.spans import TimeSpan
from novita_infra.catalogue.prices import Amount, Cost, PriceList
from novita_infra.kinds import KINDS
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import problem
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.billing.job_costs import costs_of_jobs, read_costly_jobs
from novita_infra.operations.account.billing.owners import Owners, owners_of
from novita_infra.operations.account.billing.reading import read_terms, read_usage
from novita_infra.operations.account.view import AccountView
from novita_infra.planning.cost.spending import PlannedSpending, Spending, billed_objects, spendings
from novita_infra.refresh.catalogue import read_price_list
from novita_infra.state.state import LastRun


@dataclass(frozen=True, slots=True)
class ProjectSpending:
    """What the resources of a project have cost. Money is in 1/100000 USD."""

    spendings: tuple[Spending, ...]
    others: Fraction
    """What the rest of the account has cost in the same time."""
    planned: tuple[PlannedSpending, ...] = ()
    """What the last plan of each environment said."""
    recorded: Fraction = Fraction(0)
    """The part of it that the records of jobs say: bills do not name them."""
    unknown: tuple[str, ...] = ()
    """The jobs whose cost is not known, each by its address and id."""


async def read_spending(view: AccountView, span: TimeSpan, by: str) -> ProjectSpending:
    """What the resources of the project have cost, by group. Raises ApiError, and Problems without a project."""
    if view.place is None:
        raise problem("there is no project here", "go to its folder, or name it: --project FOLDER")
    types = {item.address.type for item in view.recorded}
    (usage, terms), jobs = await together(
        together(read_usage(view, span), read_terms(view, span)), read_costly_jobs(view)
    )
    prices = await read_price_list(view.client, (KINDS[name] for name in types))
    owners = owners_of(view, {line.owner for line in (*usage.lines, *terms.lines)} | jobs.keys())
    job_costs = costs_of_jobs(jobs, owners, span)
    of_usage = [owners.owned(line) for line in (*usage.lines, *job_costs.lines) if owners.of(line.owner)]
    of_terms = [owners.owned(line) for line in terms.lines if owners.of(line.owner)]
    objects = billed_objects(of_usage, of_terms, lambda id: _costs(owners, id, prices))
    found = spendings(objects, by, min(view.clock.now(), span.end))
    total = sum_of((*usage.lines, *terms.lines)) + usage.unlisted + terms.unlisted
    own = sum((item.usage + item.bought for item in found), Fraction(0))
    return ProjectSpending(
        tuple(found),
        max(total - own, Fraction(0)),  # a bill of tokens comes later than the record of a batch
        _planned(view),
        recorded=sum_of(job_costs.lines),
        unknown=job_costs.unknown,
    )


def _planned(view: AccountView) -> tuple[PlannedSpending, ...]:
    states = sorted(view.recorded.states.items())
    return tuple(planned_spending(name, state.last_run) for name, state in states if state.last_run or state.records)


def planned_spending(environment: str, run: LastRun | None) -> PlannedSpending:
    """What the plan of the last run said; not known for an edit, and for what an older version recorded."""
    if run is None:
        return PlannedSpending(environment, None)
    per_hour, said = None, run.planned
    if said is not None:
        with suppress(ValueError, ZeroDivisionError):  # of a state that was edited by hand
            per_hour = Amount(Fraction(said.least), Fraction(said.most))
    return PlannedSpending(environment, per_hour, bool(said and said.partly), run.since, run.operation)


def _costs(owners: Owners, id: str, prices: PriceList) -> tuple[Cost, ...] | None:
    owner = owners.of(id)
    if owner is None or owner.record is None:
        return None
    costs = KINDS[owner.address.type].market.costs
    return costs(owner.record.spec, prices) if costs else ()
