"""`keys`: the API keys of the account."""

from __future__ import annotations

import os

import click

from novita_infra.cli.command import Command
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.account.limits import read_keys_of_account
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.account.limits import key_listing

SUMMARY = "List API keys, and the models that each may call"


@click.command("keys", cls=Command)
@sim_option
@format_options("keys")
@with_renderer
def keys(*, sim: bool, renderer: Renderer) -> int:
    """List the API keys of the account with their middle hidden, and the models that each may call.

    An owner or administrator of a team sees all keys, others see their own. Keys are created in the console only.

    \b
    Examples:
      novita-infra keys
      novita-infra keys --json | jq -r '.[] | select(.last_used == null) | .name'
    """

    async def show() -> int:
        where = AccountOptions(sim=sim, names_objects=False)
        async with open_account_view(where, os.environ, report=renderer.note) as view:
            renderer.result(key_listing(*await read_keys_of_account(view)))
        return 0

    return carried_out(show())
