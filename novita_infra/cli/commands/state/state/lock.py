"""`state lock`: the locks of states that runs hold."""

from __future__ import annotations

import click

from novita_infra.cli.command import Command
from novita_infra.cli.confirmation import approved
from novita_infra.cli.lazy import EXIT_ERROR, LazyGroup
from novita_infra.cli.options import auto_approve_option, dry_run_option, path_argument
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.model.durations import in_words
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.held_locks import breaking, held_locks
from novita_infra.views.content.lines import line
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.state_locks import lock_listing


@click.command("list", cls=Command)
@path_argument
@with_project_options
@format_options("state_locks")
@with_renderer
def list_locks(*, project_options: ProjectOptions, renderer: Renderer) -> int:
    """List the locks that runs hold on the states of the project, with their holders.

    \b
    Example:
      novita-infra state lock list
    """
    renderer.result(lock_listing(held_locks(project_options)))
    return 0


@click.command("break", cls=Command)
@path_argument
@with_project_options
@dry_run_option
@auto_approve_option
@with_renderer
def break_lock(*, project_options: ProjectOptions, dry_run: bool, auto_approve: bool, renderer: Renderer) -> int:
    """Take the lock of an environment away from a run that has ended without giving it back.

    A lock is free by itself when its process ends on this machine, and when it gives no sign of life in a backend on a
    server. A run that loses its lock can write nothing any more. It stops before its next call; what it recorded
    remains.

    \b
    Examples:
      novita-infra state lock break --env prod --dry-run
      novita-infra state lock break --env prod
    """
    lock = breaking(project_options)
    if lock.held is None:
        renderer.message(f"The state of {lock.environment} is not locked.")
        return 0
    age = "" if lock.held.age is None else f"; last sign of life {in_words(lock.held.age)} ago"
    holder = lock.held.holder or "another process, which has only just begun"
    renderer.show([line(f"{lock.environment} is locked by {holder}{age}")])
    if dry_run:
        return 0
    renderer.message("It is safe if that run has ended. If it has not, it stops before its next call.")
    if not auto_approve and not approved("Break the lock?", renderer, otherwise="to confirm, add --auto-approve"):
        return EXIT_ERROR
    lock.take_away()
    renderer.message("The lock is free. The next apply goes on from what that run recorded.")
    return 0


@click.group(
    "lock",
    cls=LazyGroup,
    table={
        "Commands": {
            "list": (f"{__name__}:list_locks", "List the locks that runs hold"),
            "break": (f"{__name__}:break_lock", "Take a lock away from a dead run"),
        }
    },
)
def state_lock() -> None:
    """The locks of states.

    \b
    Examples:
      novita-infra state lock list
      novita-infra state lock break --env prod
    """
