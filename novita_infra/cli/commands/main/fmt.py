"""`fmt`: formats the manifests."""

from __future__ import annotations

from pathlib import Path

import click

from novita_infra.cli.command import Command
from novita_infra.cli.options import path_argument
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.model.diagnostics import EXIT_ERROR
from novita_infra.operations.manifests.formatting import unformatted_files, write_formatted
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.formatted import formatted_listing

SUMMARY = "Format the manifests; comments stay"

EXIT_UNFORMATTED = 2


@click.command(cls=Command)
@path_argument
@click.option("--check", is_flag=True, help="Write nothing; exit with 2 if a file is not formatted.")
@click.option("--diff", is_flag=True, help="Show the differences too.")
@format_options("fmt")
@with_renderer
def fmt(*, path: Path, check: bool, diff: bool, renderer: Renderer) -> int:
    """Format the manifests; comments stay.

    PATH is a project folder or one file, which may be a file of variables. The names of the changed files are printed.
    A file with errors is left as it is.

    \b
    Examples:
      novita-infra fmt
      novita-infra fmt --check --diff
      novita-infra fmt prod.vars.yaml
    """
    files, diagnostics = unformatted_files(path)
    if not check:
        for file in files:
            write_formatted(file)
    renderer.diagnostics(diagnostics)
    if files or not diagnostics or renderer.for_programs:
        renderer.result(formatted_listing(((file.name, file.before, file.after) for file in files), diff=diff))
    if diagnostics:
        return EXIT_ERROR
    return EXIT_UNFORMATTED if check and files else 0
