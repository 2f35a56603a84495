"""`render`: the manifests after evaluation. Offline."""

from __future__ import annotations

import os

import click

from novita_infra.cli.command import Command
from novita_infra.cli.options import path_argument
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.operations.manifests.rendering import render_project
from novita_infra.operations.session import ProjectOptions
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.rendered import RenderedListing, rendered_row

SUMMARY = "Print the manifests after variables, environments and forEach"


@click.command(cls=Command)
@path_argument
@with_project_options
@click.option("--show-origin", is_flag=True, help="Name the file, line and column of each value.")
@format_options("render")
@with_renderer
def render(*, project_options: ProjectOptions, show_origin: bool, renderer: Renderer) -> int:
    """Print the manifests after variables, environments, forEach, defaults and templates.

    No secret is read or shown: it stands as (secret) or (not read). An attribute of another resource stays an
    expression.

    \b
    Examples:
      novita-infra render --env prod
      novita-infra render --show-origin | grep prod.yaml
      novita-infra render --json | jq '.[].manifest.spec'
    """
    resources, warnings = render_project(project_options, os.environ)
    renderer.diagnostics(warnings)
    rows = (
        rendered_row(item.address, item.parts, item.origins if show_origin else {}, item.unread) for item in resources
    )
    renderer.result(RenderedListing(tuple(rows)))
    return 0
