"""`models`: the language models."""

from __future__ import annotations

import click

from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.market.catalogue import read_models, read_one_model
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.market.models import model_facts, model_listing

SUMMARY = "List language models, or show one"


@click.command(cls=Command)
@click.argument("id_", metavar="[ID]", required=False)
@sim_option
@format_options("models", "model")
@with_renderer
def models(*, id_: str | None, sim: bool, renderer: Renderer) -> int:
    """List the language models with their context, prices and capabilities; with an ID, show that one.

    Prices are in USD for a million tokens: those of the lowest tier where the price depends on the size of a request.

    \b
    Examples:
      novita-infra models
      novita-infra models deepseek/deepseek-v3.2
      novita-infra models --json | jq -r '.[] | select(.batch) | .id'
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            if id_:
                renderer.result(model_facts(await read_one_model(view, id_)))
            else:
                renderer.result(model_listing(await read_models(view)))
        return 0

    return carried_out(show())
