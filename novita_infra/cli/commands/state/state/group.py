"""`state`: the group of the commands that read, edit, check and move the state."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "List, show and move records; check, repair and restore the state"


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
        },
        "Repair": {
            "fsck": (f"{__package__}.fsck:check_whole_state", "Check the state, its history, and the account"),
            "repair": (f"{__package__}.repair:repair_state", "Put a damaged or lost state together again"),
            "history": (f"{__package__}.history:show_history", "List the earlier versions"),
            "restore": (f"{__package__}.history:restore_state", "Put an earlier version in the place of the state"),
        },
        "Sharing": {
            "pull": (f"{__package__}.transfer:pull_state", "Print the state as JSON"),
            "push": (f"{__package__}.transfer:push_state", "Put a state from a file in the place of the state"),
            "migrate": (f"{__package__}.migrate:migrate_state", "Move the state to another backend"),
            "lock": (f"{__package__}.lock:state_lock", "List and break locks"),
        },
    },
)
def state() -> None:
    """Read, edit, check and move the state. No object in the cloud is changed.

    \b
    Examples:
      novita-infra state list --env prod
      novita-infra state mv instance.trainer instance.teacher
    """
