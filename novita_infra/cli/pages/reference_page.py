"""The reference page of the commands: what `--help` prints of each.

`python -m novita_infra.cli.pages.reference_page FILE` writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from novita_infra.cli import root

_WIDTH: Final = 100
_HEAD: Final = """\
# Commands

Generated from the code by `python -m novita_infra.cli.pages.reference_page docs/reference/commands.md`.
`novita-infra COMMAND --help` prints the same. [The reference](index.md).

"""


def commands_page() -> str:
    """The page, in the order of `novita-infra --help`."""
    return _HEAD + "\n".join(_sections(root, "novita-infra")).rstrip() + "\n"


def _sections(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[str]:
    settings = {**command.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}
    context = click.Context(command, parent=parent, info_name=name, **settings)
    yield from (f"## {context.command_path}", "", "```text", command.get_help(context), "```", "")
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None  # noqa: S101 -- it is listed
            yield from _sections(found, inner, context)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(commands_page(), encoding="utf-8")
