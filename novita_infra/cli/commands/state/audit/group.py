"""`audit`: the group of the commands that show and check the log of the calls that change something."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "Show and check the log of every call that changes something"


@click.group(
    "audit",
    cls=LazyGroup,
    table={
        "Commands": {
            "show": (f"{__package__}.log:show_log", "List the calls: who made them, why, and what came of it"),
            "verify": (f"{__package__}.log:verify_log", "Check that no entry was changed or removed"),
        }
    },
)
def audit() -> None:
    """The audit log: each call that changes something, in a chain of digests that the state ends.

    \b
    Examples:
      novita-infra audit show --since 7d
      novita-infra audit verify --env prod
    """
