"""`why`: explains a planned change by the manifests and the cloud."""

from __future__ import annotations

import os
from pathlib import Path

import click

from novita_infra.cli.command import Command
from novita_infra.cli.completing.offers import addresses
from novita_infra.cli.options import address as address_of
from novita_infra.cli.options import with_plan_options
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, warn, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, nearest_address, problem
from novita_infra.operations.manifests.provenance import provenance_of
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.plans.saved_plans import is_plan, read_saved_plan
from novita_infra.operations.session import ProjectOptions, open_session, unset_in
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.why import reasons
from novita_infra.views.renderer import Renderer

SUMMARY = "Explain why a plan changes a resource"


@click.command(cls=Command)
@click.argument("address", metavar="ADDR", shell_complete=addresses, type=address_of)
@click.argument("path", metavar="[PATH or PLANFILE]", default=".", type=click.Path(path_type=Path), required=False)
@with_project_options
@with_plan_options
@format_options()
@with_renderer
def why(*, address: Address, project_options: ProjectOptions, plan_options: PlanOptions, renderer: Renderer) -> int:
    """Explain why a plan changes the resource ADDR.

    Walks from the step to the field, to the value, and to the manifest line, variable, environment or live event that
    caused it. Of a resource that is created or stays as it is, it gives each value with its origins.

    Makes a plan like `plan`, so it needs NOVITA_API_KEY or --sim; with a saved plan it works offline.

    \b
    Examples:
      novita-infra why instance.trainer --sim
      novita-infra why instance.trainer prod.niplan
      novita-infra why instance.trainer --env prod --json | jq .because
    """
    saved = is_plan(project_options.path)
    review = (
        read_saved_plan(project_options.path, project_options).review
        if saved
        else carried_out(_planned(project_options, renderer, plan_options))
    )
    plan = review.plan
    if address not in {change.address for change in plan.changes}:
        known = (change.address for change in plan.changes)
        raise problem(f"there is no resource {address}", nearest_address(address, known))
    trail = provenance_of(project_options, os.environ).trail
    change_reasons = reasons(plan, address, trail, renames=review.renames)
    renderer.result(change_reasons)
    return 0


async def _planned(project_options: ProjectOptions, renderer: Renderer, plan_options: PlanOptions) -> Review:
    async with open_session(
        project_options, os.environ, destroys=plan_options.destroys, lenient=True, report=renderer.note
    ) as session:
        warn(renderer, unset_in(session.project))
        review = await plan_project(session, plan_options)
        if not session.state.searched and review.code == EXIT_REFUSED:  # a plan without its state explains nothing
            raise Problems(review.problems, code=review.code)
        return review
