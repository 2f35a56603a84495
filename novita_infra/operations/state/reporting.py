"""The report of an environment: what is live, what an apply would change, orphans, and the past. Changes nothing."""

from __future__ import annotations

from novita_infra.model.frozen import dataclass
from novita_infra.operations.orphans import OrphanSearch, find_orphans
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.session import ProjectOptions, Session
from novita_infra.operations.state.edits import store_of
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.review import Review
from novita_infra.state.recovery.past import Past, past_of


@dataclass(frozen=True, slots=True)
class FleetReport:
    """What is known of an environment."""

    review: Review
    """Of the plan that an apply would make now."""
    orphans: OrphanSearch
    past: Past
    now: float
    """Unix seconds."""


async def fleet_report(session: Session) -> FleetReport:
    """Reads the account and the states. Raises Problems as `find_orphans`, and ApiError."""
    review = await plan_project(session, PlanOptions())
    orphans = await find_orphans(session, detailed=False)
    return FleetReport(review, orphans, kept_past(session.where), session.clock.now())


def kept_past(where: ProjectOptions) -> Past:
    """The past that the place of the state keeps. Takes no lock."""
    return past_of(store_of(where).storage)
