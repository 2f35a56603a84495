"""`idle`: machines whose GPUs rest, with the command that stops them."""

from __future__ import annotations

import os

import click

from novita_infra.account.metrics import WINDOW
from novita_infra.cli.account_options import account_command, with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.notifying.options import with_notifications
from novita_infra.cli.options import duration_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import problem
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.operations.machines.idling import find_idle_machines
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.machines.idle import idle_listing

SUMMARY = "Show machines whose GPUs rest, and the command that stops them"

EXIT_FOUND = 2


@click.command(cls=Command)
@click.argument("targets", nargs=-1, metavar="[WORD]...")
@click.option(
    "--since",
    type=duration_option,
    default="2h",
    show_default=True,
    metavar="T",
    help="How long the GPUs must have rested, such as 30m, 2h or 1d; at most 7d.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if there are such machines.")
@with_account_options
@format_options("idle")
@with_renderer
@with_notifications("idle")
def idle(
    *,
    account_options: AccountOptions,
    targets: tuple[str, ...],
    since: float,
    detailed_exitcode: bool,
    renderer: Renderer,
) -> int:
    """Show the machines that run and whose GPUs rest, what that has cost, and the command that stops them.

    A WORD is an address, a pattern, a label or an id; without one, all machines of the account are looked at, with one
    call for each that runs: 10 seconds for 10,000. The figures cover the last 7 days; of more than 500 machines, only
    those of the 500 dearest that rest do, and the others rest for --since or more.

    \b
    Examples:
      novita-infra idle
      novita-infra idle 'instance.*' --since 30m
      novita-infra idle --json | jq -r '.[].id'

    \b
    Exit codes: 0 done; 1 error; 2 there are such machines (with
                --detailed-exitcode); 130 interrupted.
    """
    if since > WINDOW:
        raise problem("--since is more than the figures of the use cover", "the most is 7d")

    async def show() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            found = await find_idle_machines(view, targets, since=since)
            names = [item.address or item.live.id for item in found.items]
            command = account_command("instance stop", account_options, *names)
            now = view.clock.now()
            renderer.result(idle_listing(found.items, now=now, command=command, unmeasured=found.unmeasured))
        return EXIT_FOUND if detailed_exitcode and found.items else 0

    return carried_out(show())
