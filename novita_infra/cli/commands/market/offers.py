"""`offers`: what can be rented where, at what price, and whether it is free."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import click

from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.options import WholeNumber, sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.kinds import KINDS
from novita_infra.model.diagnostics import problem
from novita_infra.operations.market.offers import OfferOptions, find_offers
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.market.offers import offer_listing
from novita_infra.views.results.market.products import TYPES

SUMMARY = "Show what is free where, and its price"


def _price(text: str) -> Decimal:
    """A price in USD."""
    try:
        price = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        price = Decimal("NaN")
    if not (price.is_finite() and price > 0):
        raise click.BadParameter(f"{text} is no price: write USD per hour, such as 1.25")
    return price


@click.command(cls=Command)
@click.option("--type", type=click.Choice(TYPES), help="Only these products; gpu and cpu by default.")
@click.option("--gpu", default="", metavar="NAME", help="The name of a GPU product, or a part of it.")
@click.option("--min-memory", type=WholeNumber(min=1), metavar="GB", help="The least memory of a GPU.")
@click.option("--max-price", type=_price, metavar="USD", help="The most that a GPU may cost per hour.")
@click.option("--cluster", default="", metavar="NAME", help="The cluster, by id or name.")
@click.option("--region", default="", metavar="NAME", help="The clusters, by a part of their names: US, California.")
@click.option(
    "--billing",
    type=click.Choice(("onDemand", "spot", "monthly")),
    help="The billing mode in which it is offered, and whose price counts.",
)
@click.option(
    "--count",
    type=WholeNumber(min=1, max=8),
    default=1,
    metavar="N",
    help="The GPUs of one machine; prices are for all.",
)
@click.option("--free", is_flag=True, help="Only what is free now.")
@click.option(
    "--limit",
    type=WholeNumber(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="The most rows of the table; 0 for all. JSON has all.",
)
@sim_option
@format_options("offers")
@with_renderer
def offers(*, sim: bool, limit: int, renderer: Renderer, **options: Any) -> int:
    """Show what can be rented in which cluster, at what price, and whether it is free now; the cheapest first.

    GPU products of instances, then CPU products; with --type serverless, the products of endpoints. Below the table
    stand the lines of a manifest that ask for the first one that is free.

    \b
    Examples:
      novita-infra offers --free
      novita-infra offers --min-memory 48 --max-price 1.50 --region US --free
      novita-infra offers --gpu "RTX 4090" --count 4 --billing spot
      novita-infra offers --free --json | jq '.[0].manifest.spec'
    """
    wanted = OfferOptions(**{name: value for name, value in options.items() if value is not None})
    if wanted.gpu and wanted.type == "cpu":
        raise problem("--gpu names a GPU product, and --type cpu has none", "leave one of them out")

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            found = await find_offers(view, wanted)
        renderer.result(
            offer_listing(found.offers, found.catalogue, KINDS.values(), reason=found.reason, limit=limit or None)
        )
        return 0

    return carried_out(show())
