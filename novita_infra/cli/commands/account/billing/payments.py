"""`billing monthly` and `billing transactions`: the bills of months, and payments."""

from __future__ import annotations

import click

from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.cli.span_options import span_options
from novita_infra.operations.account.billing.reading import read_months, read_transactions, span_named
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.account.payments import month_listing, transaction_listing


@click.command("monthly", cls=Command)
@span_options(since="2025-10, the first month of which the API has a bill")
@sim_option
@format_options("monthly_bills")
@with_renderer
def monthly(*, since: str, until: str, sim: bool, renderer: Renderer) -> int:
    """Show the bill of each month, usage and purchases together.

    \b
    Examples:
      novita-infra billing monthly
      novita-infra billing monthly --since 2026-07 --until 2026-10
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            renderer.result(month_listing(await read_months(view, since, until)))
        return 0

    return carried_out(show())


@click.command("transactions", cls=Command)
@span_options(since="the first day of this month")
@sim_option
@format_options("transactions")
@with_renderer
def transactions(*, since: str, until: str, sim: bool, renderer: Renderer) -> int:
    """Show top-ups, refunds and purchases.

    \b
    Examples:
      novita-infra billing transactions --since 2026-01
      novita-infra billing transactions --since 90d --json | jq '.[] | select(.type == "recharge")'
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            renderer.result(
                transaction_listing(await read_transactions(view, span_named(since, until, view.clock.now())))
            )
        return 0

    return carried_out(show())
