"""`clusters`: the clusters, and what is free in each."""

from __future__ import annotations

import click

from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.market.catalogue import read_clusters
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.market.clusters import cluster_listing

SUMMARY = "List the clusters and what is free there"


@click.command(cls=Command)
@sim_option
@format_options("clusters")
@with_renderer
def clusters(*, sim: bool, renderer: Renderer) -> int:
    """List the clusters with their regions, their features, and the GPU products that are free there on demand.

    \b
    Examples:
      novita-infra clusters
      novita-infra clusters --json | jq -r '.[] | select(.network_storage) | .id'
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            renderer.result(cluster_listing(*await read_clusters(view)))
        return 0

    return carried_out(show())
