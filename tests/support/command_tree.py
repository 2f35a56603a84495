"""The names of all commands, such as `state list`."""

from __future__ import annotations

from collections.abc import Iterator

import click


def command_names(group: click.Command, *words: str) -> Iterator[str]:
    """Each command below the group that is no group itself."""
    if not isinstance(group, click.Group):
        yield " ".join(words)
        return
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        yield from command_names(command, *words, name)
