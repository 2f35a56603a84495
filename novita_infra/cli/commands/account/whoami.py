"""`whoami`: whose key is in use."""

from __future__ import annotations

import click

from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.account.limits import read_identity
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.account.limits import who_am_i

SUMMARY = "Show whose API key is in use"


@click.command("whoami", cls=Command)
@sim_option
@format_options("whoami")
@with_renderer
def whoami(*, sim: bool, renderer: Renderer) -> int:
    """Show the account, the API key and the member of the team behind the commands.

    The API lists keys with their middle hidden: if several fit the one in use, all are shown.

    \b
    Examples:
      novita-infra whoami
      novita-infra whoami --json | jq -r .account
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            identity = await read_identity(view)
            renderer.result(who_am_i(view.cloud, identity.account, identity.keys, identity.member))
        return 0

    return carried_out(show())
