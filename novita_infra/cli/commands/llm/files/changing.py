"""`files upload` and `files delete`."""

from __future__ import annotations

from pathlib import Path

import click

from novita_infra.batches.checking import check_input
from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.confirmation import approved
from novita_infra.cli.live.amount_line import AmountLines
from novita_infra.cli.options import auto_approve_option, sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import EXIT_ERROR, problem
from novita_infra.operations.llm.files import delete_files, files_to_delete, send_input
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.llm.files import file_listing, uploaded_facts


@click.command("upload", cls=Command)
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@sim_option
@format_options("uploaded_file")
@with_renderer
def files_upload(*, file: Path, sim: bool, renderer: Renderer) -> int:
    """Check a JSONL file as the input of a batch, and upload it. What the account has already is not sent again.

    The name in the account ends with the SHA-256 of the content: by it the same content is found, also after an upload
    whose answer was lost.

    \b
    Examples:
      novita-infra files upload prompts.jsonl
      novita-infra files upload prompts.jsonl --query id
    """
    amounts = AmountLines(renderer)

    async def send() -> int:
        with amounts.shown():
            checked = check_input(file, moved=amounts.part("checked", 0))
            async with bare_account(renderer, sim=sim) as view:
                made = await send_input(view, checked, amounts.transfer("sent", checked.content.bytes))
        renderer.result(uploaded_facts(made, checked))
        return 0

    return carried_out(send())


@click.command("delete", cls=Command)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--used", is_flag=True, help="Delete also what a batch that is not over reads; the batch then fails.")
@auto_approve_option
@sim_option
@format_options("files")
@with_renderer
def files_delete(*, ids: tuple[str, ...], used: bool, auto_approve: bool, sim: bool, renderer: Renderer) -> int:
    """Delete files of the account, after a question. What a running batch reads is refused.

    \b
    Examples:
      novita-infra files delete file_d2co1f2nfm5s73d0aaag
      novita-infra files delete $(novita-infra files list --query '[].id') --auto-approve

    \b
    Exit codes: 0 done; 1 error; 5 a batch that is not over reads the file.
    """
    if renderer.for_programs and not auto_approve:
        raise problem("--json cannot ask", "add --auto-approve")

    async def delete() -> int:
        async with bare_account(renderer, sim=sim) as view:
            now = view.clock.now()
            if not auto_approve:
                found = await files_to_delete(view, ids, used=used)
                listing = file_listing(((item.file, item.batches) for item in found), now=now)
                renderer.message(*listing.lines())
                if not approved("Delete these files?", renderer, otherwise="to confirm, add --auto-approve"):
                    return EXIT_ERROR
            gone = await delete_files(view, ids, used=used)
            renderer.result(file_listing(((file, ()) for file in gone), now=now))
            renderer.message("These files are deleted.")
        return 0

    return carried_out(delete())
