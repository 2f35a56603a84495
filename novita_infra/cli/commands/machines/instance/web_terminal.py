"""`instance web-terminal`: shows the web terminal of instances, and switches it on or off."""

from __future__ import annotations

import os

import click

from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import problem
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.operations.machines.terminals import web_terminals
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.machines.terminals import terminal_listing


@click.command("web-terminal", cls=Command)
@click.argument("targets", nargs=-1, required=True, metavar="WORD...")
@click.option("--on", "enable", is_flag=True, help="Switch it on.")
@click.option("--off", "disable", is_flag=True, help="Switch it off.")
@click.option("--credentials", is_flag=True, help="Show the password, too.")
@click.option("--steal", is_flag=True, help="Insist on an object that carries the owner mark of another project.")
@with_account_options
@format_options("web_terminals")
@with_renderer
def show_web_terminal(
    *,
    account_options: AccountOptions,
    targets: tuple[str, ...],
    enable: bool,
    disable: bool,
    credentials: bool,
    steal: bool,
    renderer: Renderer,
) -> int:
    """Show the web terminal of instances: a shell in the browser. --on and --off switch it.

    A WORD is an address, a pattern, a label or an id. The password is not shown without --credentials. Whoever has it
    has the machine: switch the terminal off again.

    \b
    Examples:
      novita-infra instance web-terminal instance.trainer
      novita-infra instance web-terminal instance.trainer --on --credentials
      novita-infra instance web-terminal 'instance.*' --off
    """
    if enable and disable:
        raise problem("--on and --off exclude each other", "choose one")

    async def work() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            wanted = True if enable else False if disable else None
            found = await web_terminals(view, targets, enable=wanted, steal=steal)
            rows = [
                (item.title, item.live.id, view.recorded.address_of(item.kind.type, item.live.id), terminal)
                for item, terminal in found
            ]
            renderer.result(terminal_listing(rows, credentials=credentials))
        return 0

    return carried_out(work())
