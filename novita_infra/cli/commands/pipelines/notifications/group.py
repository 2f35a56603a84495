"""`notifications`: the group of the commands about the notifications of a project."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "Try the notifications of this project"


@click.group(
    "notifications",
    cls=LazyGroup,
    table={
        "Commands": {"test": (f"{__package__}.testing:test_notifications", "Send a test message and show the answers")}
    },
)
def notifications() -> None:
    """The notifications that the project file lists: webhooks, Slack, Microsoft Teams and mail.

    \b
    Examples:
      novita-infra notifications test
      novita-infra notifications test slack --env prod
    """
