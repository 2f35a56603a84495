"""Reports an unknown command or option with what to type: our word for that of another tool, or a near one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

import click

_COMMANDS: Final[Mapping[str, Mapping[str, str]]] = {
    "": {
        **dict.fromkeys(("diff", "preview"), "To see what apply would do: novita-infra plan"),
        **dict.fromkeys(("up", "deploy", "create"), "To create and change resources: novita-infra apply"),
        **dict.fromkeys(("down", "delete", "remove"), "To delete all resources: novita-infra destroy"),
        **dict.fromkeys(("check", "lint", "test"), "To check the manifests: novita-infra validate"),
        "get": "To fetch modules: novita-infra modules install; to list the resources: novita-infra state list",
        **dict.fromkeys(("ls", "list"), "To list the resources in the state: novita-infra state list"),
        **dict.fromkeys(("workspace", "stack"), "To choose an environment: novita-infra plan --env NAME"),
        **dict.fromkeys(("login", "logout", "configure"), "The API key is read from NOVITA_API_KEY."),
        "status": "To compare the live objects with the state: novita-infra drift",
        "refresh": "To read the live objects into the state: novita-infra apply --refresh=only",
        "taint": "To replace a resource: novita-infra apply --replace ADDR",
        "untaint": "A resource is replaced only by the run that names it: novita-infra apply --replace ADDR",
        "console": "To see the values of expressions: novita-infra render",
        "force-unlock": "To free the lock of a dead run: novita-infra state lock break",
        "providers": "There are no providers: novita-infra speaks to Novita AI only.",
        "format": "To format the manifests: novita-infra fmt",
        "version": "To see the version: novita-infra --version",
        "help": "To see the help of a command: novita-infra COMMAND --help",
    },
    "state": {
        "ls": "To list the recorded addresses: novita-infra state list",
        "replace-provider": "There are no providers: novita-infra speaks to Novita AI only.",
        **dict.fromkeys(("delete", "remove", "forget"), "To remove records: novita-infra state rm ADDR"),
        **dict.fromkeys(("unlock", "force-unlock"), "To free the lock of a dead run: novita-infra state lock break"),
    },
}
"""Group -> command of another tool -> what to type instead."""

_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("y", "yes", "f", "force", "approve", "assume-yes", "input"), ("--auto-approve",)),
    **dict.fromkeys(("format", "output"), ("--json",)),
    **dict.fromkeys(("e", "environment", "workspace", "stack"), ("--env",)),
    "o": ("--json",),
    "lock": ("--lock-timeout",),
    "refresh-only": ("--refresh=only",),
    "colour": ("--no-color",),
}
"""Option of another tool, without dashes -> ours of the same meaning, of which the command may have one."""

_INSTEAD: Final[Mapping[str, str]] = {
    **dict.fromkeys(("chdir", "C", "cwd"), "The folder is an argument: novita-infra plan FOLDER"),
    **dict.fromkeys(("upgrade", "reconfigure", "backend-config"), "There are no providers and backends to install."),
    **dict.fromkeys(("dry-run", "dryrun", "check"), "To see what would be done: novita-infra plan"),
    "destroy": "To delete all resources: novita-infra destroy",
    **dict.fromkeys(("v", "verbose"), "To see each call of the API: NOVITA_INFRA_LOG=info novita-infra plan"),
    **dict.fromkeys(("q", "quiet"), "Progress goes to stderr, results to stdout: novita-infra plan 2> progress.log"),
    "V": "To see the version: novita-infra --version",
}
"""Option of another tool, without dashes -> what to type where no option of the command has its meaning."""

_MOST_NAMED: Final = 4
"""The most commands that a message names as those that have an option."""


def unknown_command(group: str, name: str, known: Sequence[str]) -> str:
    """Returns the message about an unknown command of a group; the root is the group ""."""
    near = get_close_matches(name, known, n=1)
    otherwise = f'Did you mean "{near[0]}"?' if near else f"Commands: {', '.join(known)}."
    return f'No such command "{name}". {_COMMANDS.get(group, {}).get(name) or otherwise}'


def unknown_option(error: click.NoSuchOption, words: Sequence[str]) -> str:
    """Returns the message about an unknown option in the words of a command line."""
    typed = _typed(error.option_name, words)
    hint = _hint(error, typed.lstrip("-"), words)
    return f"No such option '{typed}'. {hint}".strip()


def spelled_with_two_dashes(context: click.Context, words: Sequence[str]) -> Iterator[str]:
    """Yields the words of a command, those like `-out=FILE` with two dashes where the command has such an option.

    Raises NoSuchOption for an option of another tool.
    """
    own = _options_of(context.command)
    for word in words:
        name = word.partition("=")[0]
        if word.startswith("--") or len(name) <= len("-y"):
            yield word
        elif f"-{name}" in own:
            click.echo(f"{name} is read as -{name}.", err=True)
            yield f"-{word}"
        elif name[1:] in _OPTIONS or name[1:] in _INSTEAD:
            raise click.NoSuchOption(name, ctx=context)
        else:
            yield word


def _typed(option: str, words: Sequence[str]) -> str:
    """Returns the option as it was typed, without its value: click cuts `-auto-approve` to `-a`."""
    if not option.startswith("--"):
        letter = option.lstrip("-")
        short = (word for word in words if word.startswith("-") and word[1:2] != "-" and letter in word)
        option = next(short, option)
    return option.partition("=")[0]


def _hint(error: click.NoSuchOption, name: str, words: Sequence[str]) -> str:
    context = error.ctx
    if context is None:
        return ""
    own = _options_of(context.command)
    ours = (f"--{name}", *_OPTIONS.get(name, ()))
    if found := next((option for option in ours if option.partition("=")[0] in own), None):
        return f"Did you mean '{found}'?"
    if name in _INSTEAD:
        return _INSTEAD[name]
    owners = {path: command for path, command in _commands(context) if f"--{name}" in _options_of(command)}
    if context.parent is None and (after := next((path for path in owners if path in words), None)):
        return f"It stands after the command: {context.command_path} {after} --{name}"
    if owners:
        more = " and others" if len(owners) > _MOST_NAMED else ""
        return f"It is an option of {', '.join([*owners][:_MOST_NAMED])}{more}."
    if name in _OPTIONS or not error.possibilities:
        return ""
    return f"Did you mean {' or '.join(repr(option) for option in sorted(error.possibilities))}?"


def _options_of(command: click.Command) -> set[str]:
    return {"-h", "--help"}.union(*(option.opts for option in command.params))


def _commands(context: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Yields all commands of the program, with their words after its name."""
    root = context.find_root()
    waiting = [("", root.command)]
    for path, command in waiting:
        if isinstance(command, click.Group):
            inner = ((name, command.get_command(root, name)) for name in command.list_commands(root))
            waiting += [(f"{path} {name}".strip(), item) for name, item in inner if item is not None]
        else:
            yield path, command
