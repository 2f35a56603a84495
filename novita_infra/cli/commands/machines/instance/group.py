"""`instance`: the group of the commands that start, stop, restart, move, renew and save instances."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "Start, stop, restart, move, renew and save instances"


@click.group(
    "instance",
    cls=LazyGroup,
    table={
        "Instances": {
            "start": (f"{__package__}.actions:start_instances", "Start stopped instances"),
            "stop": (f"{__package__}.actions:stop_instances", "Stop instances; their root disks are kept"),
            "restart": (f"{__package__}.actions:restart_instances", "Restart the containers of instances"),
            "migrate": (
                f"{__package__}.actions:migrate_instances",
                "Move instances to other nodes, without their data",
            ),
            "web-terminal": (
                f"{__package__}.web_terminal:show_web_terminal",
                "Show a shell in the browser, and switch it on or off",
            ),
            "renew": (f"{__package__}.actions:renew_instances", "Buy more months for monthly instances"),
            "save-image": (
                f"{__package__}.actions:save_instance_image",
                "Save the root disk of an instance",
            ),
        },
    },
)
def instance() -> None:
    """Start, stop, restart, move, renew and save instances, outside of a plan. No state is written.

    \b
    Examples:
      novita-infra instance stop instance.trainer
      novita-infra instance start 'instance.*' --env dev

    \b
    Exit codes: 0 done; 1 error, or the time is over; 4 nothing is free; 5 the
                instance belongs to others; 130 interrupted.
    """
