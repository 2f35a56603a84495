"""The options of commands about the account, which need no manifests."""

from __future__ import annotations

import functools
import os
import shlex
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import click

from novita_infra.cli.completing.offers import environments
from novita_infra.cli.options import folder_option, sim_option
from novita_infra.cli.project_options import ENVIRONMENT, note_project_above
from novita_infra.cli.rendering import Callback
from novita_infra.operations.account.view import AccountOptions, AccountView, open_account_view
from novita_infra.views.renderer import Renderer


def with_account_options(function: Callback, *, environment_flags: tuple[str, ...] = ("-e", "--env")) -> Callback:
    """Adds the options and passes them on as `account_options`."""

    @sim_option
    @click.option(
        *environment_flags,
        "environment",
        shell_complete=environments,
        default="",
        envvar=ENVIRONMENT,
        show_envvar=True,
        metavar="NAME",
        help="The environment whose addresses are meant; all of the project by default.",
    )
    @folder_option(
        "The project whose states name the objects; the one in this folder by default. There need not be one."
    )
    @functools.wraps(function)
    def inner(*, sim: bool, environment: str, folder: Path, **rest: Any) -> Any:
        note_project_above(folder, "--project")
        return function(account_options=AccountOptions(project=folder, environment=environment, sim=sim), **rest)

    return inner


def with_long_account_options(function: Callback) -> Callback:
    """The same for a command whose letters belong to another program."""
    return with_account_options(function, environment_flags=("--env",))


def bare_account(renderer: Renderer, *, sim: bool) -> AbstractAsyncContextManager[AccountView]:
    """The account without the states of any project, so that no object has an address. Notes go to the renderer."""
    return open_account_view(AccountOptions(sim=sim, names_objects=False), os.environ, report=renderer.note)


def account_command(command: str, where: AccountOptions, *words: str) -> str:
    """The command line that runs `command` on the same account and the same states, ready to paste."""
    line = ["novita-infra", *command.split(), *words]
    line += ["--sim"] if where.sim else []
    line += ["--env", where.environment] if where.environment else []
    line += ["--project", str(where.project)] if where.project != Path() else []
    return shlex.join(line)
