"""`import`: adds an existing object to the state."""

from __future__ import annotations

import os

import click

from novita_infra.cli.command import Command
from novita_infra.cli.options import address as address_of
from novita_infra.cli.options import lock_timeout_option, path_argument, steal_option
from novita_infra.cli.project_options import again, with_project_options
from novita_infra.cli.rendering import format_options, warn, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.addresses import Address
from novita_infra.model.records import Record
from novita_infra.operations.importing import import_object, writes_manifest
from novita_infra.operations.session import ProjectOptions, open_session, state_locked, unset_in
from novita_infra.views.content.state import RecordContent
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.imports import import_lines

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

    ID is the id of the object in the cloud. The object is only read. If a manifest declares ADDR, the next plan shows
    how the object differs from it. Otherwise a manifest is written whose plan is empty; values that may be secret are
    not in it and are kept as they are. An object whose owner mark names another project, environment or address is
    refused, and so is one that another environment records.

    \b
    Examples:
      novita-infra import instance.trainer 7a1b2c
      novita-infra import network_storage.data 66f3 examples/training-cluster --sim

    \b
    Exit codes: 0 done; 1 error; 5 the object belongs to others.
    """
    record, lines = carried_out(_import(project_options, renderer, address, id_))
    renderer.result(RecordContent(record, imported="Imported"))
    renderer.message(*lines)
    return 0


async def _import(
    project_options: ProjectOptions, renderer: Renderer, address: Address, id_: str
) -> tuple[Record, list[str]]:
    async with (
        open_session(project_options, os.environ, empty=True, lenient=True, report=renderer.note) as session,
        state_locked(session, "import"),
    ):
        warn(renderer, unset_in(session.project))
        written = writes_manifest(session, address)
        record = await import_object(session, address, id_, steal=project_options.steal)
    others = [name for name in session.project.environments if name != session.project.environment]
    plan = again("plan", project_options)
    return record, list(import_lines(record.source, written=written, plan=plan, other_environments=others))
