"""`balance`: what the account can spend, and how long that lasts."""

from __future__ import annotations

import click

from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.account.balance import read_balance
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.balance import balance_facts

SUMMARY = "Show what the account can spend, and how long that lasts"


@click.command(cls=Command)
@sim_option
@format_options("balance")
@with_renderer
def balance(*, sim: bool, renderer: Renderer) -> int:
    """Show the balance of the account, the rate at which it is spent, and how long it lasts.

    The rate is that of everything live on the account that is charged by the hour or the day, at today's prices. It
    does not hold calls of models, and months that are paid in advance.

    \b
    Examples:
      novita-infra balance
      novita-infra balance --json | jq -r .runway_hours.least
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            report = await read_balance(view)
        renderer.result(balance_facts(report.balance, report.runway, unlisted=report.unlisted))
        return 0

    return carried_out(show())
