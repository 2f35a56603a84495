"""`show`: the state or a saved plan. Offline."""

from __future__ import annotations

from pathlib import Path

import click

from novita_infra.cli.command import Command
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.operations.plans.saved_plans import is_plan, read_saved_plan
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.edits import load_state
from novita_infra.views.content.plan import PlanContent
from novita_infra.views.content.state import StateContent
from novita_infra.views.renderer import Renderer

SUMMARY = "Show the state or a saved plan"


@click.command(cls=Command)
@click.argument("path", metavar="[PATH or PLANFILE]", default=".", type=click.Path(path_type=Path), required=False)
@with_project_options
@format_options()
@with_renderer
def show(*, project_options: ProjectOptions, renderer: Renderer) -> int:
    """Show the state of an environment, or a saved plan.

    Does not call the cloud. A secret is never shown: the state holds only a digest of it.

    \b
    Examples:
      novita-infra show
      novita-infra show prod.niplan
      novita-infra show --json prod.niplan | jq .resource_changes
    """
    if is_plan(project_options.path):
        saved = read_saved_plan(project_options.path, project_options)
        renderer.result(
            PlanContent(saved.review, saved.digest, saved, configuration=lambda: saved.setting.configuration)
        )
        return 0
    renderer.result(StateContent(load_state(project_options, report=renderer.note)))
    return 0
