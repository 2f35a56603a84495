"""Runs the policies on the plan of a command, or of a program."""

from __future__ import annotations

from collections.abc import Mapping

from novita_infra.operations.session import Session
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.review import Review


async def judged(session: Session, review: Review, plan_options: PlanOptions, environ: Mapping[str, str]) -> Review:
    """The review with the verdicts of the policies of the project and of the options. They read the plan as JSON."""
    if not (session.project.rules.policies or plan_options.policies):
        return review
    from novita_infra.policies.running import judge_plan  # noqa: PLC0415 -- few projects have policies
    from novita_infra.views.formats.json.plan import plan_json_of  # noqa: PLC0415 -- likewise

    return await judge_plan(
        session.project,
        review,
        asked=plan_options,
        environ=environ,
        awaited=session.client.awaited,
        shown=plan_json_of(session.project),
    )
