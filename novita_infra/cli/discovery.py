"""The table of commands, found in the folders of `commands`: a folder is a section of the help, a module is a command.

No command is imported: the line of help is read from the text of its module.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

from novita_infra.cli.lazy import Help, Table

_PACKAGE = "novita_infra.cli.commands"
_FOLDER = os.path.join(os.path.dirname(__file__), "commands")  # noqa: PTH118, PTH120 -- pathlib takes longer than all of this
_SECTIONS = {
    "main": ("Main commands", ("init", "validate", "plan", "apply", "destroy")),
    "reading": ("Reading", ("drift", "show", "output", "graph", "why", "explain", "schema")),
    "market": ("Market", ("offers", "products", "clusters", "templates", "models")),
    "account": ("Account", ("balance",)),
    "machines": ("Machines", ("ps",)),
    "llm": ("The LLM side", ("chat",)),
    "state": ("State", ("import", "orphans", "state")),
    "pipelines": ("Pipelines", ("ci",)),
    "simulator": ("Simulator", ("sim",)),
}
"""Folder -> title, and the commands that stand first; the others follow in the order of their names."""
_SUMMARY = b'\nSUMMARY = "'
"""What stands before the line of help in the module of a command."""
_BEGINNING = 16_384
"""The bytes of a module among which its line of help stands."""
_GROUP = "group"
"""The module of a command that is a folder, because it has many commands of its own."""


def command_table() -> Table:
    """Every command by section and name, with its target and its line of help.

    The command `import` is `import_` in its module `import_`, and `port-forward` is `port_forward`.
    """
    return {title: dict(_commands(section, first)) for section, (title, first) in _SECTIONS.items()}


def _commands(section: str, first: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, Help]]]:
    folder = os.path.join(_FOLDER, section)  # noqa: PTH118
    modules = {}
    for entry in os.scandir(folder):
        if entry.name.endswith(".py") and not entry.name.startswith("__"):
            modules[entry.name.removesuffix(".py")] = entry.name
        elif not entry.name.startswith(("_", ".")) and entry.is_dir():
            modules[entry.name] = os.path.join(entry.name, f"{_GROUP}.py")  # noqa: PTH118
    names = {module.removesuffix("_").replace("_", "-"): module for module in modules}
    for name in (*first, *sorted(names.keys() - {*first})):
        module = names[name]
        target = f"{section}.{module}" if modules[module].startswith(f"{module}.") else f"{section}.{module}.{_GROUP}"
        yield name, (f"{_PACKAGE}.{target}:{module}", partial(_summary, os.path.join(folder, modules[module])))  # noqa: PTH118


def _summary(file: str) -> str:
    module = os.open(file, os.O_RDONLY)  # a text stream takes four times as long, for each of the commands
    try:
        return os.read(module, _BEGINNING).partition(_SUMMARY)[2].partition(b'"')[0].decode()
    finally:
        os.close(module)
