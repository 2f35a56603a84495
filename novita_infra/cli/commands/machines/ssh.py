"""`ssh`: a shell or a command on a machine, through the user's own ssh."""

from __future__ import annotations

import click

from novita_infra.cli.account_options import with_long_account_options
from novita_infra.cli.completing.offers import addresses
from novita_infra.cli.programs.flags import SSH, WithCommand, passed_on, with_command
from novita_infra.cli.programs.handing_over import run_program, with_program_options
from novita_infra.cli.rendering import with_renderer
from novita_infra.operations.access.ssh import ssh_words
from novita_infra.operations.account.view import AccountOptions
from novita_infra.views.renderer import Renderer

SUMMARY = "Log in to a machine by SSH, or run a command there"


@click.command(cls=WithCommand)
@click.argument("machine", metavar="ADDR", shell_complete=addresses)
@passed_on("ssh", SSH)
@with_program_options
@with_long_account_options
@with_command
@with_renderer
def ssh(
    *,
    machine: str,
    flags: tuple[str, ...],
    words: tuple[str, ...],
    wait: bool,
    prints: bool,
    account_options: AccountOptions,
    renderer: Renderer,
) -> int:
    """Log in to the machine at ADDR, an address or an id, or run the command behind -- there.

    It runs the ssh of this machine, with its agent and its settings. Options of ssh itself, such as -A, -i FILE, -J
    HOST, -o NAME=VALUE, -t and -v, are passed on. The exit code is that of ssh.

    \b
    Examples:
      novita-infra ssh instance.trainer
      novita-infra ssh instance.trainer -- nvidia-smi
      novita-infra ssh -A -i ~/.ssh/gpu 'instance.worker["1"]' --wait
    """
    return run_program(
        machine,
        lambda login, hosts: ssh_words(login, hosts, flags=flags, command=words),
        account_options=account_options,
        wait=wait,
        prints=prints,
        renderer=renderer,
    )
