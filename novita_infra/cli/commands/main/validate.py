"""`validate`: checks the manifests offline."""

from __future__ import annotations

import os
from dataclasses import replace

import click

from novita_infra.cli.command import Command
from novita_infra.cli.options import path_argument
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.session import ProjectOptions, validate_project
from novita_infra.views.content.diagnostics import ValidationContent
from novita_infra.views.renderer import Renderer

SUMMARY = "Check the manifests without the cloud"


@click.command(cls=Command)
@path_argument
@with_project_options
@format_options("validation")
@with_renderer
def validate(*, project_options: ProjectOptions, renderer: Renderer) -> int:
    """Check the manifests without the cloud.

    Every error names its file, line and column. PATH is a project folder or one manifest file.

    \b
    Examples:
      novita-infra validate
      novita-infra validate examples/quickstart --env prod
      novita-infra validate --json | jq .diagnostics
    """
    try:
        project = validate_project(project_options, os.environ, lenient=True)
    except Problems as problems:
        renderer.result(ValidationContent(problems.diagnostics, resources=None))
        return problems.code
    warnings = tuple(item for item in project.warnings if not item.unasked)  # nothing is wrong with them
    renderer.result(ValidationContent(warnings, resources=len(project.declared)))
    others = not project_options.environment and not renderer.for_programs
    for name in project.environments if others else ():
        _check_environment(name, project_options, renderer, chosen=project.environment)
    return 0


def _check_environment(name: str, project_options: ProjectOptions, renderer: Renderer, *, chosen: str) -> None:
    """Reports errors of another environment; it may lack variables that are set only for its apply."""
    if name == chosen:
        return
    try:
        validate_project(replace(project_options, environment=name), os.environ, lenient=True)
    except Problems as problems:
        first = problems.diagnostics[0]
        more = f" (and {len(problems.diagnostics) - 1} more)" if len(problems.diagnostics) > 1 else ""
        renderer.message(f"environment {name}: {first}{more}; see: novita-infra validate --env {name}")
