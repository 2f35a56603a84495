"""`destroy`: deletes all resources of an environment, after a plan and a question."""

from __future__ import annotations

from dataclasses import replace

import click

from novita_infra.cli.command import Command
from novita_infra.cli.commands.main.apply import apply_project
from novita_infra.cli.notifying.options import with_notifications
from novita_infra.cli.options import (
    auto_approve_option,
    lock_timeout_option,
    path_argument,
    with_plan_options,
    with_run_limits,
)
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.session import ProjectOptions
from novita_infra.planning.options import PlanOptions, RunLimits
from novita_infra.views.renderer import Renderer

SUMMARY = "Delete all resources of this environment"


@click.command(cls=Command)
@path_argument
@with_project_options
@with_plan_options
@auto_approve_option
@with_run_limits
@lock_timeout_option
@format_options()
@with_renderer
@with_notifications("destroy")
def destroy(
    *,
    project_options: ProjectOptions,
    plan_options: PlanOptions,
    auto_approve: bool,
    limits: RunLimits,
    renderer: Renderer,
) -> int:
    """Delete all resources of this environment.

    Shows the plan, with the data that is lost, and asks first. Protected resources are refused, and so are network
    storages that --allow-data-loss does not name.

    \b
    Examples:
      novita-infra destroy --sim
      novita-infra destroy --env dev --allow-data-loss 'network_storage.*'
      novita-infra destroy --env dev --target instance.trainer
    """
    plan_options = replace(plan_options, destroys=True)
    run = apply_project(project_options, renderer, plan_options=plan_options, approved=auto_approve, limits=limits)
    return carried_out(run)
