"""`jobs`: the jobs of the service on machines."""

from __future__ import annotations

import os

import click

from novita_infra.account.jobs import TYPES
from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.options import duration_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import nearest
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.operations.machines.jobs import addresses_of, read_jobs
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.machines.jobs import job_listing

SUMMARY = "List saved images, moves and other jobs on machines"


def _job_type(_ctx: click.Context, _option: click.Parameter, text: str) -> str:
    """The type as the service writes it. A word that is like none may be a newer one."""
    written = {_plain(known): known for known in TYPES}
    if _plain(text) in written:
        return written[_plain(text)]
    if text and (hint := nearest(text, TYPES)).startswith("did you mean"):
        raise click.BadParameter(f"{text!r} is no type of job that is known; {hint}")
    return text


def _plain(text: str) -> str:
    return text.lower().replace("-", "").replace("_", "")


@click.command(cls=Command)
@click.option(
    "--type",
    "kind",
    default="",
    callback=_job_type,
    metavar="TYPE",
    help=f"Only of this type: {', '.join(TYPES)}; in any case of letters.",
)
@click.option(
    "--state",
    type=click.Choice(["pulling", "running", "success", "fail", "break"], case_sensitive=False),
    default=None,
    help="Only in this state.",
)
@click.option("--since", type=duration_option, metavar="T", help="Only of the last T, such as 2h or 7d.")
@with_account_options
@format_options("jobs")
@with_renderer
def jobs(
    *, account_options: AccountOptions, kind: str, state: str | None, since: float | None, renderer: Renderer
) -> int:
    """List the jobs of the service on machines, the newest first: saved images, moves to other nodes.

    \b
    Examples:
      novita-infra jobs --state running
      novita-infra jobs --type autoInstanceMigrate --since 7d --json
    """

    async def show() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            now = view.clock.now()
            found = await read_jobs(view, kind=kind, state=state or "", since=now - since if since else 0)
            renderer.result(job_listing(found, addresses=addresses_of(view, found), now=now))
        return 0

    return carried_out(show())
