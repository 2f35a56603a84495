"""`ps`: what runs in the account, what it costs, and why something does not run."""

from __future__ import annotations

import os

import click

from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.rendering import format_options, warn, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.account.beyond_v1 import beyond_warnings
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.operations.machines.listing import find_machines
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.machines.ps import machine_listing

SUMMARY = "Show what runs, what it costs, and why a machine stopped"


@click.command(cls=Command)
@click.argument("targets", nargs=-1, metavar="[WORD]...")
@click.option("--all", "everything", is_flag=True, help="Also what is stopped or gone, with the reason.")
@click.option(
    "--details",
    is_flag=True,
    help="Read the uptime and the last GPU use of every machine, with two calls for each. Without it: of up to 20.",
)
@with_account_options
@format_options("ps")
@with_renderer
def ps(
    *,
    account_options: AccountOptions,
    targets: tuple[str, ...],
    everything: bool,
    details: bool,
    renderer: Renderer,
) -> int:
    """Show the instances and endpoints of the account: where they run, what they cost, when their GPUs were used.

    A WORD is an address, a pattern, a label or an id; without one, everything that runs is shown. An object that a WORD
    names is shown with the reason why it does not run. The last use of GPUs covers the last 7 days.

    \b
    Examples:
      novita-infra ps
      novita-infra ps --all
      novita-infra ps instance.trainer
      novita-infra ps 'instance.*' --env dev --json | jq '.[].per_hour.most'
      novita-infra ps label:team=research
    """

    async def show() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            found = await find_machines(view, targets, everything=everything, detailed=True if details else None)
            renderer.result(machine_listing(found.items, now=view.clock.now(), hidden=found.hidden))
            warn(renderer, beyond_warnings(found.beyond, what="it is not among these, nor is its price"))
        return 0

    return carried_out(show())
