"""`state fsck`: everything that is wrong with a state."""

from __future__ import annotations

import os

import click

from novita_infra.cli.command import Command
from novita_infra.cli.lazy import EXIT_ERROR
from novita_infra.cli.options import path_argument
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import Severity
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.fsck import check_live, check_stored
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.state_fsck import state_check


@click.command("fsck", cls=Command)
@path_argument
@with_project_options
@click.option("--live", is_flag=True, help="Compare the records with the account, too.")
@format_options("state_fsck")
@with_renderer
def check_whole_state(*, project_options: ProjectOptions, live: bool, renderer: Renderer) -> int:
    """Check the state: schema, references, digests, journal, and the chain of its earlier versions.

    With --live: records whose object does not exist, and objects of this project that no record holds.

    \b
    Examples:
      novita-infra state fsck
      novita-infra state fsck --live --env prod

    \b
    Exit codes: 0 no errors, perhaps warnings; 1 errors.
    """
    return carried_out(_check(project_options, renderer, live=live))


async def _check(project_options: ProjectOptions, renderer: Renderer, *, live: bool) -> int:
    found = check_stored(project_options)
    if live and any(item.severity is Severity.ERROR and not item.address for item in found):
        renderer.note("The account is not read: the state has errors. After `novita-infra state repair`, check again.")
    elif live:
        found += await check_live(project_options, os.environ, report=renderer.note)
    renderer.result(state_check(found))
    return EXIT_ERROR if any(item.severity is Severity.ERROR for item in found) else 0
