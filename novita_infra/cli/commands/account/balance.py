"""`balance`: what the account can spend."""

from __future__ import annotations

import os

import click

from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.account.balance import read_balance
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.balance import balance_facts

SUMMARY = "Show what the account can spend"


@click.command(cls=Command)
@with_account_options
@format_options("balance")
@with_renderer
def balance(*, account_options: AccountOptions, renderer: Renderer) -> int:
    """Show the balance of the account.

    \b
    Examples:
      novita-infra balance
      novita-infra balance --json | jq -r .available
    """

    async def show() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            renderer.result(balance_facts(await read_balance(view)))
        return 0

    return carried_out(show())
