"""`quota`: the limits of the account."""

from __future__ import annotations

import click

from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.account.limits import read_limits
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.account.limits import quota_listing

SUMMARY = "Show rate limits of models, and limits of endpoints and prewarms"


@click.command("quota", cls=Command)
@click.argument("name", metavar="[NAME]", default="")
@sim_option
@format_options("quota")
@with_renderer
def quota(*, name: str, sim: bool, renderer: Renderer) -> int:
    """Show the limits of the account; with a NAME, those with that text in their name.

    These are the rates at which each model may be called, the bounds of endpoints, and how many prewarmed images there
    may be. The tier follows the top-ups of three months.

    \b
    Examples:
      novita-infra quota deepseek
      novita-infra quota endpoint
      novita-infra quota --json | jq '.[] | select(.used != null and .used >= .limit)'
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            limits = await read_limits(view)
        renderer.result(quota_listing(limits.rates, limits.counts, limits.endpoints, name=name))
        return 0

    return carried_out(show())
