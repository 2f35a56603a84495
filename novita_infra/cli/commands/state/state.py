"""`state`: lists, shows, moves and removes records. No object is changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from novita_infra.cli.command import Command
from novita_infra.cli.lazy import LazyGroup
from novita_infra.cli.options import address as address_of
from novita_infra.cli.options import lock_timeout_option, path_argument
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import NAME
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import problem
from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state_edits import forget, load_state, move_record, recorded, rename_state
from novita_infra.state.state import State
from novita_infra.views.content.lines import line
from novita_infra.views.content.state import RecordContent
from novita_infra.views.renderer import Renderer

SUMMARY = "List, show, move and remove records"


@click.command("list", cls=Command)
@path_argument
@with_project_options
@format_options()
@with_renderer
def list_(*, project_options: ProjectOptions, renderer: Renderer) -> int:
    """List the recorded addresses.

    \b
    Example:
      novita-infra state list --env prod
    """
    state = load_state(project_options, report=renderer.note)
    data = [{"address": str(address), "id": state.records[address].id} for address in _addresses(state)]
    renderer.show((line(str(address)) for address in _addresses(state)), data)
    return 0


@click.command("show", cls=Command)
@click.argument("address", metavar="ADDR", type=address_of)
@path_argument
@with_project_options
@format_options()
@with_renderer
def show_record(*, address: Address, project_options: ProjectOptions, renderer: Renderer) -> int:
    """Show one record.

    \b
    Example:
      novita-infra state show instance.trainer
    """
    renderer.result(RecordContent(recorded(project_options, address)))
    return 0


@click.command("rm", cls=Command)
@click.argument("words", metavar="ADDR... [PATH]", nargs=-1, required=True)
@with_project_options
@lock_timeout_option
@with_renderer
def remove(*, words: tuple[str, ...], project_options: ProjectOptions, renderer: Renderer) -> int:
    """Remove records from the state; the objects are not changed.

    The next apply creates again what a manifest still declares, or refuses to if the object has its owner mark.
    `import` records it again.

    \b
    Example:
      novita-infra state rm instance.trainer 'instance.worker["eu"]'
    """
    addresses, project_options = _split(words, project_options)
    removed = forget(project_options, addresses, report=renderer.note)
    renderer.show(line(f"Removed from the state: {record.address}{_known_as(record)}") for record in removed)
    renderer.message(
        "The objects remain. The next apply creates those again that are still declared and have no owner mark."
    )
    return 0


def _known_as(record: Record) -> str:
    """The ids that the state no longer holds."""
    parts = [record.id] if record.id else []
    parts += [f"replaced, deletion not confirmed: {', '.join(record.retired)}"] if record.retired else []
    return f" ({'; '.join(parts)})" if parts else ""


@click.command("mv", cls=Command)
@click.argument("source", metavar="SOURCE", type=address_of)
@click.argument("target", metavar="TARGET", type=address_of)
@path_argument
@with_project_options
@lock_timeout_option
@with_renderer
def move(*, source: Address, target: Address, project_options: ProjectOptions, renderer: Renderer) -> int:
    """Move a record to another address, after a rename in the manifests; the object is not changed.

    \b
    Example:
      novita-infra state mv instance.trainer instance.teacher
    """
    state = move_record(project_options, source, target, report=renderer.note)
    renderer.show([line(f"Moved in the state: {source} is now {target}")])
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


@click.group(
    "state",
    cls=LazyGroup,
    table={
        "Commands": {
            "list": (f"{__name__}:list_", "List the recorded addresses"),
            "show": (f"{__name__}:show_record", "Show one record"),
            "mv": (f"{__name__}:move", "Move a record to another address"),
            "rename": (f"{__name__}:rename_project", "Give the state of a renamed project its new name"),
            "rm": (f"{__name__}:remove", "Remove records, not the objects"),
        }
    },
)
def state() -> None:
    """Read and edit the state. No object in the cloud is changed."""


def _addresses(state: State) -> list[Address]:
    return sorted(state.records)


def _split(words: tuple[str, ...], project_options: ProjectOptions) -> tuple[tuple[Address, ...], ProjectOptions]:
    """The addresses, and the project options with the folder if the last word is one."""
    *first, last = words
    try:
        return tuple(map(Address.parse, words)), project_options
    except ValueError as wrong:
        if not first or not Path(last).exists():
            raise problem(str(wrong)) from wrong
    return _split(tuple(first), replace(project_options, path=Path(last)))
