"""`batches results`: the results of a batch beside its requests."""

from __future__ import annotations

from pathlib import Path

import click

from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.live.amount_line import AmountLines
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import EXIT_ERROR
from novita_infra.operations.llm.batches import fetch_results
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.llm.batches import result_facts

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("results", cls=Command)
@click.argument("id_", metavar="ID")
@click.option("--into", type=_FILE, metavar="FILE", help="Write them here; ID.results.jsonl by default.")
@click.option(
    "--input", "given", type=_FILE, metavar="FILE", help="The input on the disk, so that it is not downloaded."
)
@sim_option
@format_options("batch_results")
@with_renderer
def batches_results(*, id_: str, into: Path | None, given: Path | None, sim: bool, renderer: Renderer) -> int:
    """Download the results and the errors of a batch that is over, and write them beside its requests.

    The file has a line for each request, in the order of the input: custom_id, request, status (completed, failed or
    missing), status_code, response and error. It takes its place when it is whole.

    \b
    Examples:
      novita-infra batches results batch_d2co1f2nfm5s73d0aaag --into answers.jsonl
      novita-infra batches results batch_d2co1f2nfm5s73d0aaag --input prompts.jsonl --json

    \b
    Exit codes: 0 each request has an answer; 1 error, or some failed or have
                no result: they are written, too; 130 interrupted.
    """
    amounts = AmountLines(renderer)
    target = into or Path(f"{id_}.results.jsonl")

    async def fetch() -> int:
        with amounts.shown():
            async with bare_account(renderer, sim=sim) as view:
                batch, joined = await fetch_results(
                    view,
                    id_,
                    target,
                    given=given,
                    received=amounts.transfer,
                    joined=amounts.part("joined", 0, unit="rows"),
                )
        renderer.result(result_facts(batch, joined, target))
        return EXIT_ERROR if joined.failed or joined.missing.count else 0

    return carried_out(fetch())
