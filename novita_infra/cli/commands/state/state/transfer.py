"""`state pull` and `state push`: the whole state as JSON."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from novita_infra.cli.command import Command
from novita_infra.cli.commands.state.state.changing import carried_through
from novita_infra.cli.options import auto_approve_option, dry_run_option, lock_timeout_option, path_argument
from novita_infra.cli.project_options import again, with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.encoding.files import read_file
from novita_infra.model.diagnostics import naming_file
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.transfers import pulled, pushing
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.state_change import push_change

_LARGEST = 1_000_000_000
"""Bytes of the largest state that is pushed."""


@click.command("pull", cls=Command)
@path_argument
@with_project_options
@with_renderer
def pull_state(*, project_options: ProjectOptions, renderer: Renderer) -> int:
    """Print the state as JSON, with the changes of a killed run. Secrets are digests.

    After an edit, remove the line "checksum" before it is pushed.

    \b
    Example:
      novita-infra state pull > state.json
    """
    renderer.verbatim(pulled(project_options))
    return 0


@click.command("push", cls=Command)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True, exists=True, dir_okay=False))
@path_argument
@with_project_options
@click.option(
    "--force",
    is_flag=True,
    help="Insist on a state of another lineage, on an older one, or on one that forgets objects.",
)
@dry_run_option
@auto_approve_option
@lock_timeout_option
@format_options("state_change")
@with_renderer
def push_state(
    *,
    file: Path,
    project_options: ProjectOptions,
    force: bool,
    dry_run: bool,
    auto_approve: bool,
    renderer: Renderer,
) -> int:
    """Put a state that `state pull` printed in the place of the present one, as a new version.

    FILE may be `-` for stdin; then --auto-approve is needed. It is refused if it is of another state, older than the
    present one, or without a record of an object that the present one records.

    \b
    Examples:
      novita-infra state push state.json --dry-run
      novita-infra state push state.json
    """
    is_stdin = str(file) == "-"
    with naming_file(file):
        data = sys.stdin.buffer.read() if is_stdin else read_file(file, most=_LARGEST)
    with pushing(project_options, data, "stdin" if is_stdin else str(file), force=force, report=renderer.note) as job:
        adopt = again("orphans", project_options)
        change = push_change(job.store.describe(), job.present, job.pushed, job.forgotten, adopt=adopt)
        question = "Push this state?"
        return carried_through(change, renderer, job.save, question=question, dry_run=dry_run, approve=auto_approve)
