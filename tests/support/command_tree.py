"""All commands by their names, such as `state list`."""

from __future__ import annotations

from collections.abc import Iterator

import click


def command_names(group: click.Command) -> Iterator[str]:
    """Each command below the group that is no group itself."""
    yield from commands_of(group)


def commands_of(group: click.Command, *words: str) -> dict[str, click.Command]:
    """Each command below the group that is no group itself, by its name."""
    if not isinstance(group, click.Group):
        return {" ".join(words): group}
    found: dict[str, click.Command] = {}
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        found |= commands_of(command, *words, name)
    return found
