"""`cp`: files to a machine and from it, through the user's own scp."""

from __future__ import annotations

import click

from novita_infra.cli.account_options import with_long_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.programs.flags import SCP, passed_on
from novita_infra.cli.programs.handing_over import run_program, with_program_options
from novita_infra.cli.rendering import with_renderer
from novita_infra.operations.access.ssh import copied_path, one_machine, scp_words
from novita_infra.operations.account.view import AccountOptions
from novita_infra.views.renderer import Renderer

SUMMARY = "Copy files to a machine or from it"


@click.command(cls=Command)
@click.argument("source", metavar="SOURCE")
@click.argument("target", metavar="TARGET")
@passed_on("scp", SCP)
@with_program_options
@with_long_account_options
@with_renderer
def cp(
    *,
    source: str,
    target: str,
    flags: tuple[str, ...],
    wait: bool,
    prints: bool,
    account_options: AccountOptions,
    renderer: Renderer,
) -> int:
    """Copy SOURCE to TARGET. One of them is ADDR:PATH, a path on the machine at an address or an id.

    It runs the scp of this machine. Options of scp itself, such as -r for folders, -p, -C, -i FILE and -o NAME=VALUE,
    are passed on. A path of this machine with a colon is written with a slash: ./a:b.

    \b
    Examples:
      novita-infra cp train.py instance.trainer:/workspace/
      novita-infra cp -r instance.trainer:/workspace/out .
    """
    paths = copied_path(source), copied_path(target)
    machine = one_machine(*paths).machine
    return run_program(
        machine,
        lambda login, hosts: scp_words(login, hosts, *paths, flags=flags),
        account_options=account_options,
        wait=wait,
        prints=prints,
        renderer=renderer,
    )
