"""`job break`: interrupts jobs."""

from __future__ import annotations

import os

import click

from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.operations.machines.jobs import addresses_of, break_jobs
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.machines.jobs import broken_job_listing


@click.command("break", cls=Command)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--steal", is_flag=True, help="Insist on a machine that carries the owner mark of another project.")
@with_account_options
@format_options("broken_jobs")
@with_renderer
def break_running_jobs(
    *, account_options: AccountOptions, ids: tuple[str, ...], steal: bool, renderer: Renderer
) -> int:
    """Interrupt jobs that run, also those that only `v2 jobs` lists. A job that is over is left alone.

    \b
    Examples:
      novita-infra job break 1a2b3c4d5e6f7a8b
    """

    async def work() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            before = await break_jobs(view, ids, steal=steal)
            renderer.result(broken_job_listing(before, addresses=addresses_of(view, before)))
        return 0

    return carried_out(work())
