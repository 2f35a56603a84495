"""`validate`: what can be known to be wrong without the cloud."""

from __future__ import annotations

import os
from dataclasses import replace

import click

from novita_infra.cli.console import Console, sources
from novita_infra.cli.options import Command, json_option, path_argument, with_console
from novita_infra.cli.project_options import located
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.session import ProjectOptions, validate_project
from novita_infra.views.content.lines import Tone, line
from novita_infra.views.json.diagnostics import validation_json


@click.command(cls=Command)
@path_argument
@located
@json_option
@with_console
def validate(*, where: ProjectOptions, screen: Console) -> int:
    """Check the manifests without the cloud.

    Every problem is told with its file, line and column. PATH is a project folder or one manifest file.

    \b
    Examples:
      novita-infra validate
      novita-infra validate examples/quickstart --env prod
      novita-infra validate --json | jq .diagnostics
    """
    try:
        project = validate_project(where, os.environ)
    except Problems as problems:
        if not screen.json:
            raise
        screen.show_json(validation_json(screen.placed(problems.diagnostics), sources()))
        return problems.code
    if screen.json:
        screen.show_json(validation_json(screen.placed(project.warnings), sources()))
        return 0
    screen.tell(project.warnings)
    count = len(project.declared)
    screen.show([line((f"Valid: {count} resource{'' if count == 1 else 's'}.", Tone.GOOD))])
    for name in project.environments if not where.environment else ():
        _look_at(name, where, screen, chosen=project.environment)
    return 0


def _look_at(name: str, where: ProjectOptions, screen: Console, *, chosen: str) -> None:
    """Says whether another environment is sound too; it may lack variables that are set only where it is applied."""
    if name == chosen:
        return
    try:
        validate_project(replace(where, environment=name), os.environ)
    except Problems as problems:
        first = problems.diagnostics[0]
        more = f" (and {len(problems.diagnostics) - 1} more)" if len(problems.diagnostics) > 1 else ""
        screen.say(f"environment {name}: {first}{more}; see: novita-infra validate --env {name}")
