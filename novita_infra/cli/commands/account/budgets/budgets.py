"""`budgets list`, `budgets set` and `budgets check`."""

from __future__ import annotations

import re
from fractions import Fraction

import click

from novita_infra.account.budgets import LEAST, Cycle, Holder
from novita_infra.catalogue.prices import usd
from novita_infra.catalogue.products import UNIT as USD
from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.confirmation import approved
from novita_infra.cli.lazy import EXIT_ERROR
from novita_infra.cli.options import auto_approve_option, sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import problem
from novita_infra.operations.account.limits import budget_named, change_budget, check_budget, read_budgets
from novita_infra.views.content.lines import line
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.account.limits import BudgetCheck, budget_listing

_TYPES: dict[str, Cycle] = {"monthly": "Recurring", "once": "One-time", "unlimited": "Unlimited"}
_HOLDER = click.argument("holder", type=click.Choice(["member", "key"]))
_ID = click.argument("word", metavar="ID")


def _money(text: str) -> int:
    """An amount of USD in 1/100000 USD. A budget has at most four digits after the point."""
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,4})?", text):
        raise click.BadParameter(f'"{text}" is no amount of USD: write one such as 50 or 12.5')
    return int(Fraction(text) * USD)


@click.command("list", cls=Command)
@sim_option
@format_options("budgets")
@with_renderer
def list_budgets(*, sim: bool, renderer: Renderer) -> int:
    """List the budgets of the members of the team, and of their keys.

    \b
    Examples:
      novita-infra budgets list
      novita-infra budgets list --json | jq '.[] | select(.remaining != null)'
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            renderer.result(budget_listing(await read_budgets(view)))
        return 0

    return carried_out(show())


@click.command("set", cls=Command)
@_HOLDER
@_ID
@click.option("--limit", type=_money, metavar="USD", help="The limit in USD, at least 1; for --monthly and --once.")
@click.option("--monthly", "cycle", flag_value="monthly", help="The limit holds for each month.")
@click.option("--once", "cycle", flag_value="once", help="The limit holds until it is used up.")
@click.option("--unlimited", "cycle", flag_value="unlimited", help="There is no limit.")
@auto_approve_option
@sim_option
@format_options("budgets")
@with_renderer
def set_one(
    *,
    holder: Holder,
    word: str,
    limit: int | None,
    cycle: str | None,
    auto_approve: bool,
    sim: bool,
    renderer: Renderer,
) -> int:
    """Set the budget of a member (by id or e-mail) or of a key (by id or name), after a question.

    \b
    Examples:
      novita-infra budgets set member ada@example.com --limit 50 --monthly
      novita-infra budgets set key key_3f9a --unlimited --auto-approve
    """
    if cycle is None:
        raise problem("the budget has no type", "add --monthly, --once or --unlimited")
    if (limit is None) != (cycle == "unlimited"):
        raise problem(
            "--unlimited has no --limit" if limit is not None else f"--{cycle} needs a limit", "such as --limit 50"
        )
    if limit is not None and limit < LEAST:
        raise problem(f"a budget of {usd(limit)} is too small", "--limit 1 or more, or --unlimited")
    if renderer.for_programs and not auto_approve:
        raise problem("--json cannot ask", "add --auto-approve")

    async def change() -> int:
        async with bare_account(renderer, sim=sim) as view:
            budget = budget_named(await read_budgets(view), holder, word)
            renderer.message(
                line(
                    f"{holder} {budget.name} ({budget.id}): {_words(budget.type, budget.limit)} becomes ",
                    _words(_TYPES[cycle], limit),
                )
            )
            if not auto_approve and not approved("Set it?", renderer, otherwise="to confirm, add --auto-approve"):
                return EXIT_ERROR
            renderer.result(budget_listing([await change_budget(view, budget, _TYPES[cycle], limit or 0)]))
        return 0

    return carried_out(change())


@click.command("check", cls=Command)
@_HOLDER
@_ID
@click.option(
    "--cost", type=_money, metavar="USD", help="Ask whether so much is left; without it, whether anything is."
)
@sim_option
@format_options("budget_check")
@with_renderer
def check_one(*, holder: Holder, word: str, cost: int | None, sim: bool, renderer: Renderer) -> int:
    """Ask the API whether the budget of a member or a key suffices.

    \b
    Examples:
      novita-infra budgets check member ada@example.com
      novita-infra budgets check key key_3f9a --cost 2.50
    """

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            budget = budget_named(await read_budgets(view), holder, word)
            renderer.result(BudgetCheck(holder, budget.id, await check_budget(view, budget, cost)))
        return 0

    return carried_out(show())


def _words(cycle: str, limit: int | None) -> str:
    """A budget in words."""
    if cycle == "Unlimited":
        return "unlimited"
    amount = "an unknown limit" if limit is None else usd(limit)
    return f"{amount} {'a month' if cycle == 'Recurring' else 'once'}"
