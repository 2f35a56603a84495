"""`state`: the group of the commands that read, edit, check and move the state."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "List, show, move and remove records"


@click.group(
    "state",
    cls=LazyGroup,
    table={
        "Records": {
            "list": (f"{__package__}.records:list_", "List the recorded addresses"),
            "show": (f"{__package__}.records:show_record", "Show one record"),
            "mv": (f"{__package__}.moves:move", "Move a record to another address"),
            "rename": (f"{__package__}.moves:rename_project", "Give the state of a renamed project its new name"),
            "rm": (f"{__package__}.removal:remove", "Remove records, not the objects"),
        }
    },
)
def state() -> None:
    """Read, edit, check and move the state. No object in the cloud is changed."""
