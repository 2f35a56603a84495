"""`batches results`: the results of a batch beside its requests."""

from __future__ import annotations

import os
from pathlib import Path

import click

from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.live.amount_line import AmountLines
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import EXIT_ERROR
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.operations.llm.batches import fetch_results
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.llm.batches import result_facts

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("results", cls=Command)
@click.argument("word", metavar="BATCH")
@click.option("--into", type=_FILE, metavar="FILE", help="Write them here; ID.results.jsonl by default.")
@click.option(
    "--input", "given", type=_FILE, metavar="FILE", help="The input on the disk, so that it is not downloaded."
)
@with_account_options
@format_options("batch_results")
@with_renderer
def batches_results(
    *, word: str, into: Path | None, given: Path | None, account_options: AccountOptions, renderer: Renderer
) -> int:
    """Download the results and the errors of a batch that is over, and write them beside its requests.

    The file has a line for each request, in the order of the input: custom_id, request, status (completed, failed or
    missing), status_code, response and error. It takes its place when it is whole. A BATCH is an id, or the address of
    a batch of the project.

    \b
    Examples:
      novita-infra batches results batch.questions --into answers.jsonl
      novita-infra batches results batch_d2co1f2nfm5s73d0aaag --into answers.jsonl
      novita-infra batches results batch_d2co1f2nfm5s73d0aaag --input prompts.jsonl --json

    \b
    Exit codes: 0 each request has an answer; 1 error, or some failed or have
                no result: they are written, too; 130 interrupted.
    """
    amounts = AmountLines(renderer)

    async def fetch() -> int:
        with amounts.shown():
            async with open_account_view(account_options, os.environ, report=renderer.note) as view:
                batch, joined = await fetch_results(
                    view,
                    word,
                    into,
                    given=given,
                    received=amounts.transfer,
                    joined=amounts.part("joined", 0, unit="rows"),
                )
                errors = joined.errors.lines(view.client.redacted)
        renderer.result(result_facts(batch, joined, errors))
        return EXIT_ERROR if joined.failed or joined.missing.count else 0

    return carried_out(fetch())
