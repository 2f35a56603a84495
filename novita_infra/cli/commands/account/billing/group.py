"""`billing`: the group of the commands that show bills and payments."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "Show bills by object, label or day; months; payments"


@click.group(
    "billing",
    cls=LazyGroup,
    table={
        "Bills": {
            "usage": (f"{__package__}.bills:usage", "What ran by the hour or the day, and calls of models"),
            "fixed-term": (f"{__package__}.bills:fixed_term", "What was bought for months"),
            "keys": (f"{__package__}.bills:key_bills", "Calls of models by API key"),
            "monthly": (f"{__package__}.payments:monthly", "The bill of each month"),
        },
        "Payments": {
            "transactions": (f"{__package__}.payments:transactions", "Top-ups, refunds and purchases"),
        },
    },
)
def billing() -> None:
    """Show bills and payments of the account. Amounts are exact.

    \b
    Examples:
      novita-infra billing usage --since 7d --by label:team
      novita-infra billing monthly
    """
