"""`batches list`, `batches get` and `batches cancel`."""

from __future__ import annotations

import os

import click

from novita_infra.cli.account_options import bare_account, with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.operations.llm.batches import cancel_batches, read_batch, read_batches
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.llm.batches import batch_facts, batch_listing, cancelled_listing


@click.command("list", cls=Command)
@sim_option
@format_options("batches")
@with_renderer
def batches_list(*, sim: bool, renderer: Renderer) -> int:
    """List the batches of the account, the newest first. Novita deletes none.

    \b
    Examples:
      novita-infra batches list
      novita-infra batches list --query "[?state=='running'].id"
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            renderer.result(batch_listing(await read_batches(view), now=view.clock.now()))
        return 0

    return carried_out(show())


@click.command("get", cls=Command)
@click.argument("word", metavar="BATCH")
@with_account_options
@format_options("batch_facts")
@with_renderer
def batches_get(*, word: str, account_options: AccountOptions, renderer: Renderer) -> int:
    """Show one batch: its state, its counts and its files. A BATCH is an id, or the address of a batch of the project.

    \b
    Examples:
      novita-infra batches get batch.questions
      novita-infra batches get batch_d2co1f2nfm5s73d0aaag
    """

    async def show() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            renderer.result(batch_facts(await read_batch(view, word)))
        return 0

    return carried_out(show())


@click.command("cancel", cls=Command)
@click.argument("words", nargs=-1, required=True, metavar="BATCH...")
@with_account_options
@format_options("cancelled_batches")
@with_renderer
def batches_cancel(*, words: tuple[str, ...], account_options: AccountOptions, renderer: Renderer) -> int:
    """Cancel batches. What is answered by then is kept, and charged; a batch that is over is left alone.

    A BATCH is an id, or an address, a pattern or a label of batches of the project.

    \b
    Examples:
      novita-infra batches cancel 'batch.*'
      novita-infra batches cancel batch_d2co1f2nfm5s73d0aaag
    """

    async def cancel() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            renderer.result(cancelled_listing(await cancel_batches(view, words)))
        return 0

    return carried_out(cancel())
