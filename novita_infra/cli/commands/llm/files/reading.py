"""`files list`, `files get` and `files content`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import click

from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.live.amount_line import AmountLines
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import problem
from novita_infra.model.printable import printable
from novita_infra.operations.llm.files import download_file, read_file_facts, read_files
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.llm.files import DownloadedFacts, file_facts, file_listing


@click.command("list", cls=Command)
@sim_option
@format_options("files")
@with_renderer
def files_list(*, sim: bool, renderer: Renderer) -> int:
    """List the files of the account, the newest first: inputs of batches, and their results.

    \b
    Examples:
      novita-infra files list
      novita-infra files list --query "[?purpose=='batch_output'].id"
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            found = await read_files(view)
            renderer.result(file_listing(((item.file, item.batches) for item in found), now=view.clock.now()))
        return 0

    return carried_out(show())


@click.command("get", cls=Command)
@click.argument("id_", metavar="ID")
@sim_option
@format_options("file")
@with_renderer
def files_get(*, id_: str, sim: bool, renderer: Renderer) -> int:
    """Show one file: its name, length, how long it is kept, and which batches read it.

    \b
    Examples:
      novita-infra files get file_d2co1f2nfm5s73d0aaag
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            found = await read_file_facts(view, id_)
            renderer.result(file_facts(found.file, found.batches))
        return 0

    return carried_out(show())


@click.command("content", cls=Command)
@click.argument("id_", metavar="ID")
@click.option(
    "--into",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it here; the file takes its place when it is whole. Without it, it goes to stdout.",
)
@sim_option
@format_options("downloaded_file")
@with_renderer
def files_content(*, id_: str, into: Path | None, sim: bool, renderer: Renderer) -> int:
    """Download what a file holds, as it is: JSON Lines. A download that breaks off goes on where it was.

    \b
    Examples:
      novita-infra files content file_d2co1f2nfm5s73d0aaag --into results.jsonl
      novita-infra files content file_d2co1f2nfm5s73d0aaag | jq .custom_id
    """
    if into is None and renderer.for_programs:
        raise problem("--json is about the downloaded file", "add --into FILE, or leave out --json")
    amounts = AmountLines(renderer)

    async def load() -> int:
        with amounts.shown(), tempfile.TemporaryDirectory() as folder:
            async with bare_account(renderer, sim=sim) as view:
                target = into or Path(folder) / "content"
                size = await download_file(view, id_, target, amounts.transfer)
            if into is None:
                show_content(target)
                return 0
        renderer.result(DownloadedFacts(id=id_, into=str(into), bytes=size))
        return 0

    return carried_out(load())


def show_content(file: Path) -> None:
    """Copies the content to stdout: byte by byte to a program, without control characters to a terminal."""
    with file.open("rb") as content:
        if sys.stdout.isatty():
            for line in content:
                click.echo(printable(line.rstrip(b"\r\n").decode("utf-8", "replace")))
        else:
            shutil.copyfileobj(content, sys.stdout.buffer)
            sys.stdout.buffer.flush()
