"""`products`: the products as the API lists them."""

from __future__ import annotations

import click

from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.market.catalogue import read_products
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.market.products import TYPES, product_listing

SUMMARY = "List the products with their prices"


@click.command(cls=Command)
@click.argument("type_", metavar="[gpu|cpu|serverless]", type=click.Choice(TYPES), required=False)
@sim_option
@format_options("products")
@with_renderer
def products(*, type_: str | None, sim: bool, renderer: Renderer) -> int:
    """List the products as the API lists them: of GPU instances, of CPU instances, and of endpoints (serverless).

    Prices are per GPU. What is free where, and at what price: novita-infra offers.

    \b
    Examples:
      novita-infra products
      novita-infra products serverless --json | jq -r '.[].name'
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            renderer.result(product_listing(await read_products(view, (type_,) if type_ else TYPES)))
        return 0

    return carried_out(show())
