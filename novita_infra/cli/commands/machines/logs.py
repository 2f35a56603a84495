"""`logs`: what a machine or a worker has written, and what it writes."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, Final

import click

from novita_infra.account.moments import FORMS, parse_moment
from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.completing.offers import addresses
from novita_infra.cli.options import WholeNumber
from novita_infra.cli.rendering import Callback, format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.cli.span_options import moment_text
from novita_infra.cli.streams import output_is_lost
from novita_infra.model.diagnostics import problem
from novita_infra.operations.access.logs import LogQuery, read_log
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.machines.log_entry import log_entry_facts

_LAST: Final = 100
"""Lines to begin with."""
SUMMARY = "Show the log of a machine or of a worker, and follow it"


def with_query(function: Callback) -> Callback:
    """Adds the options that say what is asked of a log, and passes them on as `asked`, which takes the time now."""

    @click.option("-f", "--follow", is_flag=True, help="Show what comes, until Ctrl-C or until the machine is gone.")
    @click.option(
        "--since",
        default="",
        type=moment_text,
        metavar="T",
        help=f"Leave out what is older, if the lines hold times: {FORMS}.",
    )
    @click.option(
        "--tail",
        "last",
        type=WholeNumber(min=0),
        metavar="N",
        help="How many of the last lines to begin with: 100 by default, with --since all.",
    )
    @click.option("--system", is_flag=True, help="The log of the platform: the image, the start of the container.")
    @click.option("--worker", default="", metavar="ID", help="The log of one worker of an endpoint; by default of all.")
    @functools.wraps(function)
    def inner(*, follow: bool, since: str, last: int | None, system: bool, worker: str, **rest: Any) -> Any:
        if system and worker:
            raise problem("--system and --worker exclude each other", "a worker has one log")
        count = _LAST if last is None and not since else last

        def asked(now: float) -> LogQuery:
            begin = parse_moment(since, now) if since else None
            return LogQuery(worker=worker, system=system, since=begin, last=count, follow=follow)

        return function(asked=asked, **rest)

    return inner


@click.command(cls=Command)
@click.argument("machine", metavar="ADDR", shell_complete=addresses)
@with_query
@click.option("--raw", is_flag=True, help="Print colours and other codes for terminals as they were written.")
@with_account_options
@format_options("log_entry")
@with_renderer
def logs(
    *,
    machine: str,
    asked: Callable[[float], LogQuery],
    raw: bool,
    account_options: AccountOptions,
    renderer: Renderer,
) -> int:
    """Show the log of the instance or endpoint at ADDR, an address or an id.

    Known secrets are replaced, and so is what looks like a password. With --json each entry is one line.

    \b
    Examples:
      novita-infra logs instance.trainer -f
      novita-infra logs instance.trainer --since 2h
      novita-infra logs endpoint.chat --worker 8c17c0f7a9f35c1a --tail 1000
    """
    if raw and renderer.for_programs:
        raise problem("--raw and --json exclude each other", "JSON holds no codes for terminals")

    async def show() -> int:
        async with (
            open_account_view(account_options, os.environ, report=renderer.note) as view,
            aclosing(read_log(view, machine, asked(view.clock.now()))) as entries,
        ):
            async for entry in entries:
                if raw:
                    sys.stdout.write(f"{entry.raw}\n")
                    sys.stdout.flush()
                else:
                    renderer.result(log_entry_facts(entry.text, entry.at))
                if output_is_lost():
                    break
        return 0

    return carried_out(show())
