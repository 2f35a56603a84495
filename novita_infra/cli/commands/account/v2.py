"""`v2`: what the lists of /gpus/v2 show."""

from __future__ import annotations

import click

from novita_infra.account.v2_objects import V2_LISTS
from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import format_options, warn, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import EXIT_ERROR
from novita_infra.operations.account.beyond_v1 import V2Search, beyond_warnings, listed_in_both
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.v2_objects import v2_listing

SUMMARY = "Show what /gpus/v2 lists, and whether v1 shows it, too"


@click.command(cls=Command)
@click.argument("lists", nargs=-1, metavar="[LIST]...", type=click.Choice([*V2_LISTS]))
@click.option("--only", is_flag=True, help="Only what the lists of v1 do not show.")
@sim_option
@format_options("v2_objects")
@with_renderer
def v2(*, lists: tuple[str, ...], only: bool, sim: bool, renderer: Renderer) -> int:
    """Show the objects that the second generation of the API lists, and whether the first shows them, too.

    A LIST is instances, endpoints, templates, networks, prewarm-tasks or jobs; without one, all are read. Reads only.
    What only v2 shows is not managed here: delete it with `api DELETE`, or create it again from a manifest.

    \b
    Examples:
      novita-infra v2
      novita-infra v2 instances --only
      novita-infra v2 --json | jq -r '.[] | select(.in_v1 == false).id'
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            found, in_v1 = await listed_in_both(
                view.client, [V2_LISTS[word] for word in dict.fromkeys(lists or V2_LISTS)]
            )
        items = [item for item in found.items if not only or in_v1(item) is False]
        renderer.result(v2_listing(items, in_v1=in_v1))
        warn(renderer, beyond_warnings(V2Search(unread=found.unread), what=""))
        return EXIT_ERROR if found.unread else 0

    return carried_out(show())
