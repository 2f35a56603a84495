"""`webhook`: the group of the commands about events of tasks."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "Take the events of tasks that have ended"


@click.group(
    "webhook",
    cls=LazyGroup,
    table={
        "Events": {"listen": (f"{__package__}.listening:listen", "Take events, check them, and run a command for each")}
    },
)
def webhook() -> None:
    """Events of tasks that have ended, which Novita sends to the address in a task's extra.webhook.url.

    \b
    Example:
      novita-infra webhook listen --json
    """
