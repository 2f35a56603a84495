"""Commands that find a machine and then become a program of the user, such as ssh."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import click

from novita_infra.cli.rendering import Callback
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import problem
from novita_infra.operations.access.login import MachineLogin, login_of
from novita_infra.operations.access.ssh import INSTALL, known_hosts_file
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.programs.handover import hand_over
from novita_infra.views.renderer import Renderer


def with_program_options(function: Callback) -> Callback:
    """Adds the options of such a command: `wait` and `prints`."""
    function = click.option(
        "--print", "prints", is_flag=True, help="Print the command line of the program instead of running it."
    )(function)
    return click.option("--wait", is_flag=True, help="Wait until the machine lets its user in.")(function)


def run_program(
    word: str,
    words_of: Callable[[MachineLogin, Path | None], Sequence[str]],
    *,
    account_options: AccountOptions,
    wait: bool,
    prints: bool,
    renderer: Renderer,
    before: Callable[[MachineLogin], str] | None = None,
) -> int:
    """Becomes the program for the machine that the word means; it returns only if it prints the command line.

    `words_of` gives the words of the program; it takes the login and the file of the keys of hosts. `before` gives what
    to say first. Raises Problems, ApiError and OSError.
    """

    async def find() -> tuple[MachineLogin, Path | None]:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            found = await login_of(view, word, wait=wait)
            if view.sim and not prints:
                raise problem(
                    f"{found.title} is a machine of the built-in simulator: nobody is at its address",
                    "--print shows the command line",
                )
            return found, known_hosts_file(view.place, os.environ)

    login, known_hosts = carried_out(find())
    words = words_of(login, known_hosts)
    if not prints:
        if known_hosts is not None:
            with suppress(OSError):  # ssh says so if it cannot write the file
                known_hosts.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if before is not None:
            renderer.note(before(login))
        hand_over(words, os.environ, install=INSTALL)
    renderer.verbatim(f"{shlex.join(words)}\n")
    return 0
