"""`port-forward`: ports of this machine that lead to a machine, through the user's own ssh."""

from __future__ import annotations

import click

from novita_infra.cli.account_options import with_long_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.completing.offers import addresses
from novita_infra.cli.programs.flags import SSH, passed_on
from novita_infra.cli.programs.handing_over import run_program, with_program_options
from novita_infra.cli.rendering import with_renderer
from novita_infra.operations.access.ssh import Forward, forward_words, parse_forward
from novita_infra.operations.account.view import AccountOptions
from novita_infra.views.renderer import Renderer

SUMMARY = "Make ports of a machine open on this one"


def _forward(text: str) -> Forward:
    try:
        return parse_forward(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("port-forward", cls=Command)
@click.argument("machine", metavar="ADDR", shell_complete=addresses)
@click.argument("forwards", metavar="[LOCAL:]REMOTE...", nargs=-1, required=True, type=_forward)
@passed_on("ssh", SSH)
@with_program_options
@with_long_account_options
@with_renderer
def port_forward(
    *,
    machine: str,
    forwards: tuple[Forward, ...],
    flags: tuple[str, ...],
    wait: bool,
    prints: bool,
    account_options: AccountOptions,
    renderer: Renderer,
) -> int:
    """Make the port REMOTE of the machine at ADDR open as the port LOCAL of 127.0.0.1, until Ctrl-C.

    It runs the ssh of this machine. Options of ssh itself, such as -i FILE, -J HOST and -o NAME=VALUE, are passed on.

    \b
    Examples:
      novita-infra port-forward instance.trainer 8888
      novita-infra port-forward instance.trainer 8080:80 6006:6006
    """
    ports = ", ".join(f"127.0.0.1:{item.local} to port {item.remote}" for item in forwards)
    return run_program(
        machine,
        lambda login, hosts: forward_words(login, hosts, forwards, flags=flags),
        account_options=account_options,
        wait=wait,
        prints=prints,
        renderer=renderer,
        before=lambda login: f"Forwarding {ports} of {login.title}; Ctrl-C ends it.",
    )
