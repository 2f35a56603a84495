"""`import`: adds an existing object to the state."""

from __future__ import annotations

import os

import click

from novita_infra.cli.command import Command
from novita_infra.cli.options import address as address_of
from novita_infra.cli.options import lock_timeout_option, path_argument, steal_option
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.addresses import Address
from novita_infra.model.records import Record
from novita_infra.operations.importing import import_object
from novita_infra.operations.session import ProjectOptions, open_session, state_locked
from novita_infra.views.content.state import RecordContent
from novita_infra.views.renderer import Renderer

SUMMARY = "Import an existing object into the state"


@click.command("import", cls=Command)
@click.argument("address", metavar="ADDR", type=address_of)
@click.argument("id_", metavar="ID")
@path_argument
@with_project_options
@steal_option
@lock_timeout_option
@format_options()
@with_renderer
def import_(*, address: Address, id_: str, project_options: ProjectOptions, renderer: Renderer) -> int:
    """Import an existing object into the state.

    ID is the id of the object in the cloud. If no manifest declares ADDR, one is written that agrees with the object.
    The object is only read; the next plan shows how it differs from its manifest. An object whose owner mark names
    another project, environment or address is refused, and so is one that another environment records.

    \b
    Examples:
      novita-infra import instance.trainer 7a1b2c
      novita-infra import network_storage.data 66f3 examples/training-cluster --sim

    \b
    Exit codes: 0 done; 1 error; 5 the object belongs to others.
    """
    record = carried_out(_import(project_options, address, id_))
    renderer.result(RecordContent(record, imported="Imported"))
    renderer.message(
        "A new manifest holds the values that the cloud shows; variables named like secrets come from the environment.",
        "Move other secrets there, then see the differences: novita-infra plan",
    )
    return 0


async def _import(project_options: ProjectOptions, address: Address, id_: str) -> Record:
    async with open_session(project_options, os.environ, empty=True) as session, state_locked(session, "import"):
        return await import_object(session, address, id_, steal=project_options.steal)
