"""`state list` and `state show`: the records as they are."""

from __future__ import annotations

import click

from novita_infra.cli.command import Command
from novita_infra.cli.completing.offers import addresses
from novita_infra.cli.options import address as address_of
from novita_infra.cli.options import path_argument
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.model.addresses import Address
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.edits import load_state, recorded
from novita_infra.views.content.lines import line
from novita_infra.views.content.state import RecordContent
from novita_infra.views.renderer import Renderer


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
    records = load_state(project_options, report=renderer.note).records
    data = [{"address": str(address), "id": records[address].id} for address in sorted(records)]
    renderer.show((line(str(address)) for address in sorted(records)), data)
    return 0


@click.command("show", cls=Command)
@click.argument("address", metavar="ADDR", shell_complete=addresses, type=address_of)
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
