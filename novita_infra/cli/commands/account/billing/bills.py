"""`billing usage`, `billing fixed-term` and `billing keys`: lines of bills, or their sums by group."""

from __future__ import annotations

import functools
import os
from collections.abc import Awaitable, Callable
from typing import Any

import click

from novita_infra.account.bill_groups import GROUPS, KEY_GROUPS, LABEL, OwnedLine, sums_by_group
from novita_infra.account.spans import TimeSpan
from novita_infra.cli.account_options import bare_account, with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.completing.offers import addresses
from novita_infra.cli.options import sim_option
from novita_infra.cli.rendering import Callback, format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.cli.span_options import span_options
from novita_infra.operations.account.billing.owners import owners_of
from novita_infra.operations.account.billing.reading import (
    Bills,
    read_keys,
    read_terms,
    read_usage,
    span_named,
)
from novita_infra.operations.account.billing.selection import selected_lines
from novita_infra.operations.account.view import AccountOptions, AccountView, open_account_view
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.account.billing import BillGroups, BillListing, KeyBillListing, bill_sums


def _group(text: str) -> str:
    """A group of bills of objects."""
    if text in {"", *GROUPS} or (text.startswith(LABEL) and text != LABEL):
        return text
    raise click.BadParameter(f'"{text}" is no group: {", ".join(GROUPS)}, or one label such as {LABEL}team')


def _with_objects(function: Callback) -> Callback:
    """Adds the options of bills of objects."""

    @click.argument("words", metavar="[ADDR|ID]...", shell_complete=addresses, nargs=-1)
    @span_options(since="the first day of this month")
    @click.option(
        "--by",
        "by",
        default="",
        type=_group,
        metavar="GROUP",
        help=f"Show the sums by {', '.join(GROUPS)}, or by one label, such as {LABEL}team.",
    )
    @with_account_options
    @format_options("bills", "bill_groups")
    @with_renderer
    @functools.wraps(function)
    def inner(**options: Any) -> Any:
        return function(**options)

    return inner


@click.command("usage", cls=Command)
@_with_objects
def usage(**options: Any) -> int:
    """Show what was billed for usage: objects by the hour or the day, and calls of models.

    A line is of one object and day in UTC; of an hour, if the range does not begin and end at midnight. An object that
    the states of the project have, or had, is shown by its address. The lines are compared with the control total of
    the API.

    \b
    Examples:
      novita-infra billing usage --since 7d --by label:team
      novita-infra billing usage --since 2026-10 --until 2026-11 --by address
      novita-infra billing usage instance.trainer --since yesterday
      novita-infra billing usage --json | jq -r .sums.amount
    """
    return carried_out(_objects(read_usage, **options))


@click.command("fixed-term", cls=Command)
@_with_objects
def fixed_term(**options: Any) -> int:
    """Show what was bought for months, by the time of the purchase.

    \b
    Examples:
      novita-infra billing fixed-term --since 2026-01
      novita-infra billing fixed-term --since 90d --by address
    """
    return carried_out(_objects(read_terms, **options))


@click.command("keys", cls=Command)
@span_options(since="the first day of this month")
@click.option(
    "--by",
    type=click.Choice(KEY_GROUPS),
    help="Show the sums by this.",
)
@sim_option
@format_options("key_bills", "bill_groups")
@with_renderer
def key_bills(*, since: str, until: str, by: str | None, sim: bool, renderer: Renderer) -> int:
    """Show what calls of models cost by API key. It is the same money as that of `billing usage`, cut another way.

    The API has no such bills from before 2026-01-01.

    \b
    Examples:
      novita-infra billing keys --since 30d --by key
      novita-infra billing keys --since 2026-10 --until 2026-11 --by product
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            bills = await read_keys(view, span_named(since, until, view.clock.now()))
        sums = bill_sums(bills.lines, bills.span)
        owned = [OwnedLine(line) for line in bills.lines]
        renderer.result(BillGroups.of(sums_by_group(owned, by), sums) if by else KeyBillListing.of(bills.lines, sums))
        return 0

    return carried_out(show())


async def _objects(
    read: Callable[[AccountView, TimeSpan], Awaitable[Bills]],
    *,
    words: tuple[str, ...],
    since: str,
    until: str,
    by: str,
    account_options: AccountOptions,
    renderer: Renderer,
) -> int:
    async with open_account_view(account_options, os.environ, report=renderer.note) as view:
        bills = await read(view, span_named(since, until, view.clock.now()))
        owners = owners_of(view, {line.owner for line in bills.lines} if not words else None)
        lines = selected_lines(view, owners, bills.lines, words)
    sums = (
        bill_sums(lines, bills.span)
        if words
        else bill_sums(lines, bills.span, control=bills.control, unlisted=bills.unlisted)
    )
    owned = [owners.owned(line) for line in lines]
    renderer.result(BillGroups.of(sums_by_group(owned, by), sums) if by else BillListing.of(owned, sums))
    return 0
