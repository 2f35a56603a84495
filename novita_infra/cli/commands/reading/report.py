"""`report`: how an environment is, in a few facts and as a page. Reads only."""

from __future__ import annotations

import os

import click

from novita_infra.cli.command import Command
from novita_infra.cli.options import path_argument
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.session import ProjectOptions, open_session, report_other_run
from novita_infra.operations.state.reporting import fleet_report
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.account.report import report_facts

SUMMARY = "Report on an environment: cost, drift, orphans, the last run"


@click.command(cls=Command)
@path_argument
@with_project_options
@format_options("report")
@with_renderer
def report(*, project_options: ProjectOptions, renderer: Renderer) -> int:
    """Report on an environment: resources, cost, drift, orphans, and the last run.

    With --html, as one page with the graph, the timeline of the last run and the cost over time. Reads the account, the
    state and its history; changes nothing.

    \b
    Examples:
      novita-infra report --env prod --html report.html
      novita-infra report --json | jq .orphans
    """
    return carried_out(_report(project_options, renderer))


async def _report(project_options: ProjectOptions, renderer: Renderer) -> int:
    async with open_session(project_options, os.environ, lenient=True, report=renderer.note) as session:
        report_other_run(session)
        found = await fleet_report(session)
    renderer.result(
        report_facts(
            found.review,
            orphans=found.orphans.items,
            unlisted=found.orphans.unlisted,
            past=found.past,
            now=found.now,
            warnings=session.project.warnings,
        )
    )
    return 0
