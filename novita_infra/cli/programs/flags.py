"""Options of a command that are passed on to a program such as ssh, and the command behind `--`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

import click

from novita_infra.cli.command import Command
from novita_infra.cli.rendering import Callback

SSH: Final = ("46AaCfGgKkMNnqsTtVvXxYy", "BbcDEeFIiJLlmOopQRSWw")
"""The flags of ssh: those alone, and those with a value (ssh(1))."""
SCP: Final = ("346ABCOpqRrTv", "cDFiJloSX")
"""Those of scp, but for the port."""
_BEHIND: Final = "novita_infra.command"


class WithCommand(Command):
    """A command with the words of another one behind `--`, which no option of ours can take."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[_BEHIND] = tuple(args[at + 1 :])
        try:
            return super().parse_args(ctx, args[:at])
        except click.UsageError as error:
            if "unexpected extra argument" not in error.message:
                raise
            text = f"{error.message.rstrip('.')}; a command for the machine stands behind --"
            raise click.UsageError(text, ctx) from error

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


def with_command(function: Callback) -> Callback:
    """Passes on `words`, the words behind `--` of a WithCommand."""

    @click.pass_context
    @functools.wraps(function)
    def inner(ctx: click.Context, /, **rest: Any) -> Any:
        return function(words=ctx.meta[_BEHIND], **rest)

    return inner


def passed_on(program: str, flags: tuple[str, str]) -> Callable[[Callback], Callback]:
    """Adds the flags of the program, and passes them on as `flags`, in the form in which the program takes them."""
    alone, valued = flags
    text = f"Passed on to {program}."

    def around(function: Callback) -> Callback:
        @functools.wraps(function)
        def inner(**values: Any) -> Any:
            words: list[str] = []
            for letter in alone:
                words += [f"-{letter}"] * values.pop(_name(letter))
            for letter in valued:
                words += [word for value in values.pop(_name(letter)) for word in (f"-{letter}", value)]
            return function(flags=tuple(words), **values)

        decorated: Callback = inner
        for letter in reversed(valued):
            decorated = click.option(f"-{letter}", _name(letter), multiple=True, hidden=True, help=text)(decorated)
        for letter in reversed(alone):
            decorated = click.option(f"-{letter}", _name(letter), count=True, hidden=True, help=text)(decorated)
        return decorated

    return around


def _name(letter: str) -> str:
    """The name of a flag's value; the names of values do not distinguish capitals."""
    return f"flag_{letter}" if letter.islower() else f"flag_upper_{letter.lower()}"
