"""`ssh-config`: the machines as hosts of ssh's configuration, for other programs that use ssh."""

from __future__ import annotations

import os
from pathlib import Path

import click

from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.completing.offers import addresses
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.encoding.files import put_in_place
from novita_infra.operations.access.hosts import read_hosts
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.views.content.lines import plain
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.machines.ssh_config import SshConfig, SshHost

SUMMARY = "Print the machines as hosts for ssh's configuration"


@click.command("ssh-config", cls=Command)
@click.argument("machines", metavar="[ADDR...]", shell_complete=addresses, nargs=-1)
@click.option(
    "-o",
    "--out",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the configuration into this file, for an Include of ~/.ssh/config.",
)
@with_account_options
@format_options("ssh_config")
@with_renderer
def ssh_config(
    *, machines: tuple[str, ...], file: Path | None, account_options: AccountOptions, renderer: Renderer
) -> int:
    """Print each machine that lets its user in as a Host of ssh's configuration, named by its address and its id.

    ADDR is an address, a pattern, a label or an id. By default these are the machines that the project records, and
    without a project all of the account. Every other mark of an address is a dot: instance.worker["1"] is
    instance.worker.1. Run it again after an apply.

    \b
    Examples:
      novita-infra ssh-config --out ~/.ssh/novita-infra
      novita-infra ssh-config 'instance.worker*'
    """

    async def show() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            hosts = await read_hosts(view, machines, os.environ)
        content = SshConfig(
            tuple(
                SshHost(
                    names=item.names,
                    machine=item.machine.title,
                    host=item.machine.login.host,
                    port=item.machine.login.port,
                    user=item.machine.login.user,
                    options=item.options,
                )
                for item in hosts
            )
        )
        if file is None:
            renderer.result(content)
            return 0
        put_in_place(file, plain(content.lines()).encode())
        count = f"{len(hosts)} host{'s' * (len(hosts) != 1)}"
        renderer.note(f"Wrote {count}. To include the file, begin ~/.ssh/config with: Include {_quoted(file)}")
        if renderer.for_programs:
            renderer.result(content)
        return 0

    return carried_out(show())


def _quoted(file: Path) -> str:
    text = str(file.absolute())
    return f'"{text}"' if " " in text else text
