"""`spend`: what a project has cost."""

from __future__ import annotations

import os

import click

from novita_infra.account.bill_groups import LABEL
from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.cli.span_options import span_options
from novita_infra.operations.account.billing.reading import span_named
from novita_infra.operations.account.billing.spending import read_spending
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.account.spend import spend_statement

SUMMARY = "Show what this project has cost, beside what its plan says"

_GROUPS = ("address", "kind", "label")


def _group(text: str) -> str:
    if text in _GROUPS or (text.startswith(LABEL) and text != LABEL):
        return text
    raise click.BadParameter(f'"{text}" is no group: {", ".join(_GROUPS)}, or one label such as {LABEL}team')


@click.command("spend", cls=Command)
@span_options(since="the first day of this month")
@click.option(
    "--by",
    "by",
    default="address",
    show_default=True,
    type=_group,
    metavar="GROUP",
    help=f"Show the sums by {', '.join(_GROUPS)}, or by one label, such as {LABEL}team.",
)
@with_account_options
@format_options("spend")
@with_renderer
def spend(*, since: str, until: str, by: str, account_options: AccountOptions, renderer: Renderer) -> int:
    """Show what the resources of this project have cost, also those that are deleted.

    Beside what was billed stands what the recorded resources cost per hour at today's prices, and what that makes from
    the first bill of each resource on, as if it ran all the time; a resource that was stopped, or whose price has
    changed, has cost less or more. Below the table stands what the plan of the last apply said. Deleted resources are
    known from the earlier states that are kept. Of a batch counts what its record says it cost, when it ended: no bill
    names a batch.

    \b
    Examples:
      novita-infra spend --since 7d
      novita-infra spend --since 2026-10 --until 2026-11 --by label:team
      novita-infra spend --env prod --json | jq -r .total
    """

    async def show() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            span = span_named(since, until, view.clock.now())
            found = await read_spending(view, span, by)
            project = view.place.name if view.place else ""
        environment = account_options.environment
        renderer.result(
            spend_statement(
                found.spendings,
                span,
                project=project,
                environment=environment,
                others=found.others,
                planned=found.planned,
                recorded=found.recorded,
                unknown=found.unknown,
            )
        )
        return 0

    return carried_out(show())
