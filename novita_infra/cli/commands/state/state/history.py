"""`state history` and `state restore`: earlier states."""

from __future__ import annotations

import click

from novita_infra.cli.command import Command
from novita_infra.cli.commands.state.state.changing import carried_through
from novita_infra.cli.options import (
    WholeNumber,
    auto_approve_option,
    dry_run_option,
    lock_timeout_option,
    path_argument,
)
from novita_infra.cli.project_options import again, with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.history import history_of, restoring
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.state_change import restoration_change
from novita_infra.views.results.state_history import state_history


@click.command("history", cls=Command)
@path_argument
@with_project_options
@format_options("state_history")
@with_renderer
def show_history(*, project_options: ProjectOptions, renderer: Renderer) -> int:
    """List the saved states that are kept: when, by whom, by which command and plan.

    \b
    Examples:
      novita-infra state history
      novita-infra state history --json | jq '.[0].by'
    """
    renderer.result(state_history(history_of(project_options, report=renderer.note)))
    return 0


@click.command("restore", cls=Command)
@click.option(
    "--serial", required=True, type=WholeNumber(min=1), metavar="N", help="The version, as `state history` lists it."
)
@path_argument
@with_project_options
@dry_run_option
@auto_approve_option
@lock_timeout_option
@format_options("state_change")
@with_renderer
def restore_state(
    *, serial: int, project_options: ProjectOptions, dry_run: bool, auto_approve: bool, renderer: Renderer
) -> int:
    """Put an earlier state in the place of the present one, as a new version. No object is changed.

    Objects that were created since remain recorded, and what was deleted since does not return.

    \b
    Examples:
      novita-infra state restore --serial 41 --dry-run
      novita-infra state restore --serial 41
    """
    with restoring(project_options, serial, report=renderer.note) as job:
        change = restoration_change(
            job.store.describe(), job.present, serial, job.restoration, adopt=again("orphans", project_options)
        )
        question = f"Restore version {serial}?"
        return carried_through(change, renderer, job.save, question=question, dry_run=dry_run, approve=auto_approve)
