"""`ci drift`: opens, updates or closes the issue about the drift of an environment, in a scheduled job."""

from __future__ import annotations

import os

import click

from novita_infra.cli.command import Command
from novita_infra.cli.commands.main.plan import EXIT_DRIFT
from novita_infra.cli.commands.pipelines.ci.jobs import CommandJob, on_forge
from novita_infra.cli.commands.reading.drift import with_advice
from novita_infra.cli.notifying.options import with_notifications
from novita_infra.cli.options import path_argument
from novita_infra.cli.project_options import again, with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import EXIT_REFUSED
from novita_infra.operations.ci.remarks import close_issues, put_issue
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.session import ProjectOptions, open_session
from novita_infra.planning.options import PlanOptions
from novita_infra.views.content.plan import DriftContent
from novita_infra.views.documents import document_text
from novita_infra.views.formats.markdown.remarks import healed_document
from novita_infra.views.renderer import Renderer

_SEEN_TO = "An `apply` puts back what the manifests say; to keep a change, write it into the manifests."


@click.command("drift", cls=Command)
@path_argument
@with_project_options
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 3 for drift, too.")
@format_options("drift")
@with_renderer
@with_notifications("ci drift")
def ci_drift(*, project_options: ProjectOptions, detailed_exitcode: bool, renderer: Renderer) -> int:
    """Look for drift: open the issue of this environment, update it, or close it when the drift is gone.

    The issue has the label "novita-infra drift". One that a person closes is opened again by the next run if the drift
    remains.

    \b
    Examples:
      novita-infra ci drift
      novita-infra ci drift fleet --env prod

    \b
    Exit codes: 0 the issue says what there is; 1 error; 3 drift (with
                --detailed-exitcode); 5 the state is lost.
    """
    job = CommandJob(project_options, "drift")
    return carried_out(_looked(job, project_options, renderer, detailed=detailed_exitcode))


async def _looked(job: CommandJob, project_options: ProjectOptions, renderer: Renderer, *, detailed: bool) -> int:
    async with open_session(project_options, os.environ, lenient=True, report=renderer.note) as session:
        review = await plan_project(session, PlanOptions())
        refused = review.code if not session.state.searched else 0
        review = with_advice(review, again("apply", project_options))
        content = DriftContent(review, warnings=session.project.warnings, declared=session.project.declared)
        renderer.result(content)
    if refused == EXIT_REFUSED:
        return refused
    title = f"Drift: {job.where}"
    if review.plan.drift:
        body = job.text(document_text("markdown", content), closing=[_SEEN_TO])
        await on_forge(put_issue, job.forge, title, body)
        return EXIT_DRIFT if detailed else 0
    closed = await on_forge(close_issues, job.forge, job.mark(), job.text(healed_document(job.where)), title)
    if closed:
        renderer.message("The issue about drift is closed.")
    return 0
