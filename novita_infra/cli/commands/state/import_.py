"""`import`: adds an existing object to the state."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from novita_infra.cli.command import Command
from novita_infra.cli.completing.offers import addresses, kinds
from novita_infra.cli.options import address as address_of
from novita_infra.cli.options import lock_timeout_option, steal_option
from novita_infra.cli.project_options import again, note_project_above, with_project_options
from novita_infra.cli.rendering import format_options, warn, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.kinds import by_name
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import problem
from novita_infra.model.records import Record
from novita_infra.operations.importing import import_object, writes_manifest
from novita_infra.operations.imports.whole_account import DEFAULT_FILE, ImportSelection, import_account
from novita_infra.operations.session import ProjectOptions, open_session, state_locked, unset_in, validate_project
from novita_infra.views.content.state import RecordContent
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.import_all import ImportedRow, ImportListing
from novita_infra.views.results.imports import import_lines

SUMMARY = "Import an existing object into the state"


@click.command("import", cls=Command)
@click.argument("words", metavar="ADDR ID [PATH]", shell_complete=addresses, nargs=-1)
@with_project_options
@click.option("--all", "whole", is_flag=True, help="Import every object that no state records: import --all [PATH].")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="KIND",
    shell_complete=kinds,
    help="With --all: only this kind; repeatable.",
)
@click.option("--match", default="", metavar="GLOB", help="With --all: only objects whose name fits; * is any text.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="K=V",
    help="Refused: the API has no labels to select by; --kind and --match select.",
)
@click.option(
    "--into",
    default="",
    metavar="FILE",
    help=f"With --all: the new manifest file; {DEFAULT_FILE}, or imported-2.yaml and so on, by default.",
)
@click.option("--dry-run", is_flag=True, help="With --all: only show what would be imported, and the manifests.")
@steal_option
@lock_timeout_option
@format_options("import_all")
@with_renderer
def import_(  # noqa: PLR0913 -- each is an option
    *,
    words: tuple[str, ...],
    whole: bool,
    kinds: tuple[str, ...],
    match: str,
    labels: tuple[str, ...],
    into: str,
    dry_run: bool,
    project_options: ProjectOptions,
    renderer: Renderer,
) -> int:
    """Import existing objects into the state: one by its ID, or all that no state records.

    ID is the id of the object in the cloud. Objects are only read. If a manifest declares ADDR, the next plan shows
    how the object differs from it. Otherwise a manifest is written whose plan is empty; values that may be secret are
    not in it and are kept as they are. An object whose owner mark names another project, environment or address is
    refused, and so is one that another environment records; --all leaves it out.

    \b
    Examples:
      novita-infra import instance.trainer 7a1b2c
      novita-infra import network_storage.data 66f3 examples/training-cluster --sim
      novita-infra import --all --dry-run
      novita-infra import --all --kind instance --match 'worker-*' --into workers.yaml

    \b
    Exit codes: 0 done; 1 error; 5 the object belongs to others.
    """
    if labels:
        raise problem("--label selects nothing: the API has no labels", "select by --kind and --match")
    if whole:
        if len(words) > 1:
            raise problem("--all takes no ADDR and no ID", "name the folder of the project, or leave it out")
        where = _named(project_options, words)
        chosen = ImportSelection(tuple(map(_type, kinds)), match, steal=project_options.steal)
        return carried_out(_import_all(where, renderer, chosen, into=into, dry_run=dry_run))
    for given, option in ((kinds, "--kind"), (match, "--match"), (into, "--into"), (dry_run, "--dry-run")):
        if given:
            raise problem(f"{option} is for --all", "add --all, or leave it out")
    if not 2 <= len(words) <= 3:
        raise click.UsageError("name the address and the id of the object: import ADDR ID, or import --all")
    address, id_, *path = words
    where = _named(project_options, path)
    record, lines = carried_out(_import(where, renderer, address_of(address), id_))
    renderer.result(RecordContent(record, imported="Imported"))
    renderer.message(*lines)
    return 0


def _named(project_options: ProjectOptions, path: list[str] | tuple[str, ...]) -> ProjectOptions:
    """The project of the folder that stands last, or of this one."""
    where = replace(project_options, path=Path(path[0])) if path else project_options
    note_project_above(where.path, "PATH")
    return where


def _type(name: str) -> str:
    """The type of a kind, which may be named as in a manifest, too: `Instance`."""
    kind = by_name(name)
    return kind.type if kind else name


async def _import_all(
    project_options: ProjectOptions, renderer: Renderer, chosen: ImportSelection, *, into: str, dry_run: bool
) -> int:
    async with (
        open_session(project_options, os.environ, empty=True, lenient=True, report=renderer.note) as session,
        state_locked(session, "import"),
    ):
        warn(renderer, unset_in(session.project))
        result = await import_account(
            session,
            chosen,
            into,
            loaded=lambda: validate_project(project_options, os.environ, lenient=True),
            dry_run=dry_run,
        )
    rows = (
        ImportedRow(item.type, item.id, item.name, str(item.address) if item.address else None, item.why)
        for item in result.objects
    )
    renderer.result(ImportListing(tuple(rows), dry_run))
    if dry_run:
        renderer.message("", *result.text.rstrip("\n").split("\n"))
        return 0
    if result.text:
        plan = again("plan", project_options)
        renderer.message(
            *import_lines(result.file, written=True, plan=plan, environment=session.project.one_of_several)
        )
    if result.variables:
        renderer.message(f"A new object needs these variables, and a plan does not: {', '.join(result.variables)}")
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
    plan = again("plan", project_options)
    return record, list(
        import_lines(record.source, written=written, plan=plan, environment=session.project.one_of_several)
    )
