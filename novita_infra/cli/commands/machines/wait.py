"""`wait`: waits until objects are in a phase, or until an expression over their attributes holds."""

from __future__ import annotations

import os

import click

from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.options import duration_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.operations.machines.conditions import parse_condition
from novita_infra.operations.machines.waiting import wait_for_objects
from novita_infra.planning.waits import WaitOutcome
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.machines.wait import wait_listing

SUMMARY = "Wait until objects are in a phase, or an expression holds"


@click.command(cls=Command)
@click.argument("targets", nargs=-1, required=True, metavar="WORD...")
@click.option(
    "--for",
    "wanted",
    default="ready",
    show_default=True,
    metavar="PHASE|EXPRESSION",
    help="A phase: ready, stopped, failed, changing, leaving or gone; or an expression over attributes and fields.",
)
@click.option(
    "--timeout",
    type=duration_option,
    default="1h",
    show_default=True,
    metavar="T",
    help="How long to wait, such as 30s, 5m or 1d.",
)
@with_account_options
@format_options("wait")
@with_renderer
def wait(
    *, account_options: AccountOptions, targets: tuple[str, ...], wanted: str, timeout: float, renderer: Renderer
) -> int:
    """Wait until each object is in a phase, or until an expression over its attributes and fields is true.

    A WORD is an address, a pattern, a label or an id, of any kind of resource. An expression may name what `explain`
    lists, and phase, status, id and name. A name is null while the object does not have it.

    \b
    Examples:
      novita-infra wait instance.trainer
      novita-infra wait 'instance.*' --for stopped --timeout 10m
      novita-infra wait endpoint.api --for 'readyWorkers >= 2'
      novita-infra wait instance.web --for 'url != null'

    \b
    Exit codes: 0 all are so; 1 one cannot become so: it failed, or does not
                exist; 4 the time is over; 130 interrupted.
    """
    condition = parse_condition(wanted)

    async def work() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            ends = await wait_for_objects(view, targets, condition, most=timeout)
        renderer.result(wait_listing(ends))
        outcomes = {end.outcome for end in ends}
        if WaitOutcome.FAILED in outcomes:
            return EXIT_ERROR
        return EXIT_BLOCKED if WaitOutcome.TIMED_OUT in outcomes else 0

    return carried_out(work())
