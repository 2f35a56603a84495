"""`metrics`: the use of a machine over time."""

from __future__ import annotations

import os

import click

from novita_infra.account.moments import FORMS, parse_moment
from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.completing.offers import addresses
from novita_infra.cli.options import duration_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.cli.span_options import moment_text
from novita_infra.operations.access.metrics import read_metrics
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.machines.metrics import metrics_facts

SUMMARY = "Show how much a machine used its processors, memory and GPUs"


@click.command(cls=Command)
@click.argument("machine", metavar="ADDR", shell_complete=addresses)
@click.option(
    "--since", default="1h", show_default=True, type=moment_text, metavar="T", help=f"The beginning, in UTC: {FORMS}."
)
@click.option(
    "--interval",
    type=duration_option,
    metavar="T",
    help="The time between two figures, such as 30s or 5m; by default one that gives up to 60 of them.",
)
@click.option("--table", "is_table", is_flag=True, help="Show every figure instead of sparklines.")
@with_account_options
@format_options("metrics")
@with_renderer
def metrics(
    *,
    machine: str,
    since: str,
    interval: float | None,
    is_table: bool,
    account_options: AccountOptions,
    renderer: Renderer,
) -> int:
    """Show the use of the processors, memory, root disk and GPUs of the instance at ADDR, in percent.

    \b
    Examples:
      novita-infra metrics instance.trainer
      novita-infra metrics instance.trainer --since 7d --svg week.svg
      novita-infra metrics instance.trainer --json --query "series[?metric=='gpu'].average"
    """

    async def show() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            found = await read_metrics(
                view,
                machine,
                since=parse_moment(since, view.clock.now()),
                interval=None if interval is None else int(interval),
            )
        renderer.result(
            metrics_facts(
                found.title,
                found.id,
                found.status,
                span=(found.start, found.end),
                interval=found.interval,
                series=found.series,
                is_table=is_table,
            )
        )
        return 0

    return carried_out(show())
