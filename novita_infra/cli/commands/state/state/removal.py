"""`state rm`: removes records. No object is changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from novita_infra.cli.command import Command
from novita_infra.cli.completing.offers import addresses
from novita_infra.cli.options import dry_run_option, lock_timeout_option
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import with_renderer
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import problem
from novita_infra.model.records import Record
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.edits import forget
from novita_infra.views.content.lines import line
from novita_infra.views.renderer import Renderer


@click.command("rm", cls=Command)
@click.argument("words", metavar="ADDR... [PATH]", shell_complete=addresses, nargs=-1, required=True)
@with_project_options
@dry_run_option
@lock_timeout_option
@with_renderer
def remove(*, words: tuple[str, ...], project_options: ProjectOptions, dry_run: bool, renderer: Renderer) -> int:
    """Remove records from the state; the objects are not changed.

    The next apply creates again what a manifest still declares, or refuses to if the object has its owner mark.
    `import` records it again.

    \b
    Example:
      novita-infra state rm instance.trainer 'instance.worker["eu"]'
    """
    addresses, project_options = _split(words, project_options)
    removed = forget(project_options, addresses, dry_run=dry_run, report=renderer.note)
    done = "Would be removed from the state" if dry_run else "Removed from the state"
    renderer.show(line(f"{done}: {record.address}{_known_as(record)}") for record in removed)
    if not dry_run:
        renderer.message(
            "The objects remain. The next apply creates those again that are still declared and have no owner mark."
        )
        renderer.message("One that has a mark is not created twice: `novita-infra orphans --adopt` records it again.")
    return 0


def _known_as(record: Record) -> str:
    """The ids that the state no longer holds."""
    parts = [record.id] if record.id else []
    parts += [f"replaced, deletion not confirmed: {', '.join(record.retired)}"] if record.retired else []
    return f" ({'; '.join(parts)})" if parts else ""


def _split(words: tuple[str, ...], project_options: ProjectOptions) -> tuple[tuple[Address, ...], ProjectOptions]:
    """The addresses, and the project options with the folder if the last word is one."""
    *first, last = words
    try:
        return tuple(map(Address.parse, words)), project_options
    except ValueError as wrong:
        if not first or not Path(last).exists():
            raise problem(str(wrong)) from wrong
    return _split(tuple(first), replace(project_options, path=Path(last)))
