"""Makes a command notify: adds `--no-notify`, and sends what the project asks for when the command is over."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from novita_infra.cli.rendering import Callback
from novita_infra.views.renderer import Renderer

no_notify_option = click.option("--no-notify", is_flag=True, help="Send no notifications of the project.")


def with_notifications(command: str) -> Callable[[Callback], Callback]:
    """Makes the function of that command notify. It stands below `with_renderer`."""

    def add(function: Callback) -> Callback:
        @no_notify_option
        @functools.wraps(function)
        def inner(*, no_notify: bool, renderer: Renderer, **rest: Any) -> Any:
            folder, environment = _place(rest)
            from novita_infra.manifests.project.rules.project_notifications import may_notify  # noqa: PLC0415 -- once

            if no_notify or not may_notify(folder):
                return function(renderer=renderer, **rest)
            from novita_infra.cli.notifying.command_notes import CommandNotes  # noqa: PLC0415 -- few projects notify
            from novita_infra.cli.notifying.sending import send_notices  # noqa: PLC0415
            from novita_infra.views.documents import BesideOther  # noqa: PLC0415

            notes = CommandNotes()
            click.get_current_context().call_on_close(
                lambda: send_notices(command, notes, renderer, folder=folder, environment=environment)
            )
            try:
                return function(renderer=BesideOther(renderer, notes), **rest)
            except BaseException as failure:
                notes.failure = failure
                raise

        return inner

    return add


def _place(options: dict[str, Any]) -> tuple[Path, str]:
    """The folder of the command's project, and the environment that it names."""
    from novita_infra.manifests.project.discovery import folder_for_messages  # noqa: PLC0415 -- only here

    where = options.get("project_options")
    if where is None:
        account = options["account_options"]
        return folder_for_messages(account.project), account.environment
    path = where.path
    if path.is_file() and path.suffix not in {".yaml", ".yml"}:  # a saved plan
        path = options.get("folder") or Path()
    return folder_for_messages(path if path.is_dir() else path.parent), where.environment
