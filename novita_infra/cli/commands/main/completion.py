"""`completion`: prints the script by which a shell completes the words of a command."""

from __future__ import annotations

import click

from novita_infra.cli.command import Command
from novita_infra.cli.completing.shells import script_of
from novita_infra.cli.rendering import with_renderer
from novita_infra.views.renderer import Renderer

SUMMARY = "Print the script that completes commands in a shell"


@click.command(cls=Command)
@click.argument("shell", metavar="SHELL", type=click.Choice(("bash", "zsh", "fish")))
@with_renderer
def completion(*, shell: str, renderer: Renderer) -> int:
    """Print the script that completes commands, options, environments, addresses, kinds and files.

    SHELL is bash (4.4 or later), zsh or fish. The script asks novita-infra, which reads the manifests and a state on
    this machine, and no network. States that are shared or encrypted are not read: their addresses come from the
    manifests.

    \b
    Examples:
      novita-infra completion bash > ~/.local/share/bash-completion/completions/novita-infra
      novita-infra completion zsh > ~/.zfunc/_novita-infra
      novita-infra completion fish > ~/.config/fish/completions/novita-infra.fish
    """
    renderer.verbatim(script_of(shell, click.get_current_context().find_root().command))
    return 0
