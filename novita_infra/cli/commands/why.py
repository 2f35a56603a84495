"""`why`: what happens to a resource, and what in the manifests or in the cloud it happens because of."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from novita_infra.cli.console import Console
from novita_infra.cli.options import Command, address, json_option, plan_options, with_console
from novita_infra.cli.project_options import located
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.operations.planning import plan_project
from novita_infra.operations.provenance import provenance_of
from novita_infra.operations.saved_plans import is_plan, read_plan
from novita_infra.operations.session import ProjectOptions, open_session
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.why import reasons
from novita_infra.views.json.why import why_json
from novita_infra.views.text.why import why_lines


@click.command(cls=Command)
@click.argument("what", metavar="ADDR", type=address)
@click.argument("path", metavar="[PATH or PLANFILE]", default=".", type=click.Path(path_type=Path), required=False)
@located
@plan_options
@json_option
@with_console
def why(*, what: Address, where: ProjectOptions, asked: PlanOptions, screen: Console) -> int:
    """Explain what a plan does to the resource ADDR.

    Walks from the step to the field, to the value, and to the manifest line, variable, environment or live event that
    caused it. Makes a plan as `plan` does, so it needs NOVITA_API_KEY or --sim; a saved plan asks nobody.

    \b
    Examples:
      novita-infra why instance.trainer --sim
      novita-infra why instance.trainer prod.niplan
      novita-infra why instance.trainer --env prod --json | jq .because
    """
    saved = is_plan(where.path)
    review = read_plan(where.path).review if saved else asyncio.run(_planned(where, screen, asked))
    plan = review.plan
    if what not in {change.address for change in plan.changes}:
        known = sorted(str(change.address) for change in plan.changes)
        raise problem(f"there is no resource {what}", nearest(str(what), known))
    found = reasons(plan, what, provenance_of(where, os.environ).trail)
    if screen.json:
        screen.show_json(why_json(found))
    else:
        screen.show(why_lines(found))
    return 0


async def _planned(where: ProjectOptions, screen: Console, asked: PlanOptions) -> Review:
    async with open_session(where, os.environ, destroys=asked.destroys) as session:
        session.tell = screen.say
        return await plan_project(session, asked)
