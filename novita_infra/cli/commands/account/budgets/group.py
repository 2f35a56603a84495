"""`budgets`: the group of the commands that show and set budgets of members and keys."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "Show and set budgets of team members and API keys"


@click.group(
    "budgets",
    cls=LazyGroup,
    table={
        "Commands": {
            "list": (f"{__package__}.budgets:list_budgets", "List the budgets of members and keys"),
            "set": (f"{__package__}.budgets:set_one", "Set the budget of a member or a key"),
            "check": (f"{__package__}.budgets:check_one", "Ask whether a budget suffices"),
        }
    },
)
def budgets() -> None:
    """The budgets of team members and API keys.

    A member whose budget is used up can start nothing more that is charged by the hour. A budget of a key limits its
    calls of models alone.

    \b
    Examples:
      novita-infra budgets list
      novita-infra budgets set member ada@example.com --limit 50 --monthly
    """
