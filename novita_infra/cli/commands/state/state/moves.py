"""`state mv` and `state rename`: give a record, or the whole state, another name. No object is changed."""

from __future__ import annotations

import click

from novita_infra.cli.command import Command
from novita_infra.cli.completing.offers import addresses
from novita_infra.cli.options import address as address_of
from novita_infra.cli.options import dry_run_option, lock_timeout_option, path_argument
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import with_renderer
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import NAME
from novita_infra.model.addresses import Address
from novita_infra.model.values import Value
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.edits import move_record, rename_state
from novita_infra.views.content.lines import line
from novita_infra.views.renderer import Renderer


@click.command("mv", cls=Command)
@click.argument("source", metavar="SOURCE", type=address_of, shell_complete=addresses)
@click.argument("target", metavar="TARGET", type=address_of, shell_complete=addresses)
@path_argument
@with_project_options
@dry_run_option
@lock_timeout_option
@with_renderer
def move(
    *, source: Address, target: Address, project_options: ProjectOptions, dry_run: bool, renderer: Renderer
) -> int:
    """Move a record to another address, after a rename in the manifests; the object is not changed.

    \b
    Example:
      novita-infra state mv instance.trainer instance.teacher
    """
    state = move_record(project_options, source, target, dry_run=dry_run, report=renderer.note)
    done = f"Would be moved in the state: {source} to {target}" if dry_run else None
    renderer.show([line(done or f"Moved in the state: {source} is now {target}")])
    name = state.records[target].spec.get(NAME)
    if name not in (None, target.name):
        renderer.message(f"The object is named {name}{_after_move(source, target, name)}.")
    return 0


def _after_move(source: Address, target: Address, name: Value) -> str:
    """What becomes of the name of a moved object."""
    if name == source.name and not KINDS[target.type].can_rename:
        return ", and remains so: it cannot be renamed"
    return f": with `name: {name}` in the spec of {target.name} it is unchanged"


@click.command("rename", cls=Command)
@click.argument("source", metavar="PROJECT/ENVIRONMENT")
@path_argument
@with_project_options
@lock_timeout_option
@with_renderer
def rename_project(*, source: str, project_options: ProjectOptions, renderer: Renderer) -> int:
    """Make the state of a renamed project or environment that of the project as it is named now.

    PROJECT/ENVIRONMENT is what the state is of; a command that refuses the state prints it. The owner marks of the
    objects remain known.

    \b
    Example:
      novita-infra state rename fleet/default
    """
    state = rename_state(project_options, source, report=renderer.note)
    renderer.show([line(f"Renamed in the state: {source} is now {state.project}/{state.environment}")])
    return 0
