"""`batches check`: an input before its upload."""

from __future__ import annotations

from pathlib import Path

import click

from novita_infra.batches.checking import check_input
from novita_infra.batches.estimates import estimate_tokens
from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.live.amount_line import AmountLines
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.llm.batches import read_model_of
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.llm.batches import checked_facts


@click.command("check", cls=Command)
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--offline", is_flag=True, help="Check the file alone: neither its model nor what it costs.")
@sim_option
@format_options("checked_input")
@with_renderer
def batches_check(*, file: Path, offline: bool, sim: bool, renderer: Renderer) -> int:
    """Check a JSONL file as the input of a batch, and say what it may cost. Nothing is sent.

    A batch has at most 50,000 lines and 100 MB. Each line is a request with a custom_id of its own and a body; all have
    one model, which batches may use. Every error is named with its line. Tokens and cost are rough: only Novita counts
    tokens. They follow from the length of the texts, and from max_tokens.

    \b
    Examples:
      novita-infra batches check prompts.jsonl
      novita-infra batches check prompts.jsonl --offline
      novita-infra batches check prompts.jsonl --query most
    """
    amounts = AmountLines(renderer)
    with amounts.shown():
        checked = check_input(file, moved=amounts.part("checked", 0))
    if offline:
        tokens = estimate_tokens(checked.sizes)
        renderer.result(checked_facts(checked, tokens, (None, None), suits=None, asked=False))
        return 0

    async def ask() -> int:
        async with bare_account(renderer, sim=sim) as view:
            found = await read_model_of(view, checked)
        suits = found.model.abilities.batches
        renderer.result(checked_facts(checked, found.tokens, (found.least, found.most), suits=suits, asked=True))
        return 0

    return carried_out(ask())
