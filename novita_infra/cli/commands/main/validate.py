"""`validate`: checks the manifests offline."""

from __future__ import annotations

import os

import click

from novita_infra.cli.command import Command
from novita_infra.cli.options import path_argument
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.model.diagnostics import EXIT_ERROR
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.validation import validate_environments
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

    Every environment is checked, unless --env or NOVITA_INFRA_ENV names one. Every error names its file, line and
    column. PATH is a project folder or one manifest file.

    \b
    Examples:
      novita-infra validate
      novita-infra validate examples/quickstart --env prod
      novita-infra validate --json | jq .diagnostics
    """
    found = validate_environments(project_options, os.environ)
    renderer.result(ValidationContent(found.diagnostics, found.resources, found.environments, found.found_in))
    return 0 if found.resources is not None else EXIT_ERROR
