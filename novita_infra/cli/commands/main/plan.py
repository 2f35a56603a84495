"""`plan`: shows the changes that `apply` would make."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from novita_infra.cli.command import Command
from novita_infra.cli.notifying.options import with_notifications
from novita_infra.cli.options import path_argument, with_plan_options
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.kinds import KINDS
from novita_infra.library.judging import judged
from novita_infra.model.diagnostics import EXIT_ERROR
from novita_infra.operations.hooks import after_plan, before_plan, hooks_of_command
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.plans.saved_plans import save_plan, store_new_state
from novita_infra.operations.session import ProjectOptions, open_session, report_other_run
from novita_infra.planning.cost.durations import estimate
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.saved.plan_file import check_free, digest_of
from novita_infra.views.content.plan import PlanContent
from novita_infra.views.formats.json.configuration import configuration_of
from novita_infra.views.renderer import Renderer

if TYPE_CHECKING:
    from novita_infra.state.recovery.past import Past

SUMMARY = "Show what apply would do"

EXIT_CHANGES = 2
EXIT_DRIFT = 3
"""There is drift, and no change of the manifests."""


@click.command(cls=Command)
@path_argument
@with_project_options
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Save the plan, to apply it as shown. Only a plan file is overwritten.",
)
@click.option("--destroy", "destroys", is_flag=True, help="Plan to delete all resources of this environment.")
@with_plan_options
@click.option("--estimate", "estimated", is_flag=True, help="Estimate the duration, with the steps that take longest.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 for changes, 3 for drift only.")
@format_options("plan")
@with_renderer
@with_notifications("plan")
def plan(
    *,
    project_options: ProjectOptions,
    out: Path | None,
    destroys: bool,
    plan_options: PlanOptions,
    estimated: bool,
    detailed_exitcode: bool,
    renderer: Renderer,
) -> int:
    """Show the changes that apply would make.

    Each change names its call, the lost data and the cost. Reads the cloud, so it needs NOVITA_API_KEY or --sim. PATH
    is a project folder or one manifest file.

    \b
    Examples:
      novita-infra plan --sim
      novita-infra plan --env prod --out prod.niplan && novita-infra apply prod.niplan
      novita-infra plan --target instance.trainer
      novita-infra plan --replace instance.trainer --allow-data-loss instance.trainer
      novita-infra plan --json | jq '.resource_changes[].change.actions'

    \b
    Exit codes: 0 done; 1 error; 2 changes, 3 drift only (both with
                --detailed-exitcode); 4 blocked by capacity or limits; 5 refused
                by a protection or a policy; 6 over a budget.
    """
    plan_options = replace(plan_options, destroys=destroys)
    run = _plan(
        project_options, renderer, out=out, plan_options=plan_options, estimated=estimated, detailed=detailed_exitcode
    )
    return carried_out(run)


async def _plan(
    project_options: ProjectOptions,
    renderer: Renderer,
    *,
    out: Path | None,
    plan_options: PlanOptions,
    estimated: bool,
    detailed: bool,
) -> int:
    if out is not None:
        check_free(out)
    async with open_session(
        project_options, os.environ, destroys=plan_options.destroys, report=renderer.note
    ) as session:
        report_other_run(session)
        if out is not None:
            await store_new_state(session)
        hooks = hooks_of_command(session, "plan", plan_options, os.environ)
        await before_plan(hooks, session)
        review = await judged(session, await plan_project(session, plan_options), plan_options, os.environ)
        digest = ""
        if out is not None and review.problems:
            digest = digest_of(review)
        elif out is not None:
            configuration = configuration_of(session.project)
            digest = save_plan(session, review, out, asked=plan_options, configuration=configuration)
        time = estimate(review.plan, session.state.durations, KINDS) if estimated else None
        renderer.result(
            PlanContent(
                review,
                digest,
                time=time,
                warnings=session.project.warnings,
                configuration=lambda: configuration_of(session.project),
                declared=session.project.declared,
                past=lambda: _past(project_options),
            )
        )
        await after_plan(hooks, review)
        if review.problems:
            return review.code or EXIT_ERROR
        if out is not None:
            renderer.message(
                f"Saved. To apply exactly this plan: novita-infra apply {shlex.quote(str(out))}",
                f"Its digest, for the approval: {digest}",
            )
    if not detailed or (review.empty and not review.plan.drift):
        return 0
    return EXIT_DRIFT if review.plan.drift_only else EXIT_CHANGES


def _past(project_options: ProjectOptions) -> Past:
    """What the place of the state keeps."""
    from novita_infra.operations.state.reporting import kept_past  # noqa: PLC0415 -- few plans are written as a page

    return kept_past(project_options)
