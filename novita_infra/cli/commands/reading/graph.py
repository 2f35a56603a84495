"""`graph`: draws the dependencies of resources. Offline."""

from __future__ import annotations

import os
from pathlib import Path

import click

from novita_infra.cli.command import Command
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import with_renderer
from novita_infra.operations.plans.saved_plans import is_plan, read_saved_plan
from novita_infra.operations.session import ProjectOptions, validate_project
from novita_infra.views.content.graph import declared_needs, graph_of, needs_of
from novita_infra.views.documents import document_text
from novita_infra.views.output_formats import document_formats
from novita_infra.views.renderer import Renderer

SUMMARY = "Draw the dependencies of resources"


@click.command(cls=Command)
@click.argument("path", metavar="[PATH or PLANFILE]", default=".", type=click.Path(path_type=Path), required=False)
@with_project_options
@click.option(
    "--format",
    "form",
    type=click.Choice([*document_formats("graph")]),
    default="mermaid",
    show_default=True,
    help="dot is for Graphviz, mermaid for Markdown, svg a picture; there, many resources that are alike are one.",
)
@with_renderer
def graph(*, project_options: ProjectOptions, form: str, renderer: Renderer) -> int:
    """Draw the dependencies of resources.

    An arrow points from a resource to one that it waits for. With a saved plan, the colours show the actions.

    \b
    Examples:
      novita-infra graph examples/training-cluster
      novita-infra graph --format svg > needs.svg
      novita-infra graph --format dot | dot -Tpdf > needs.pdf
    """
    if is_plan(project_options.path):
        plan = read_saved_plan(project_options.path, project_options).review.plan
        drawn = graph_of(needs_of(plan), {change.address: change.action for change in plan.changes})
        renderer.verbatim(document_text(form, drawn))
        return 0
    project = validate_project(project_options, os.environ, lenient=True)
    drawn = graph_of(declared_needs(project.declared))
    renderer.verbatim(document_text(form, drawn))
    return 0
