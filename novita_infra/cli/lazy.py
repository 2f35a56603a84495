"""Groups with a table of commands. A command is imported only when it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Help: TypeAlias = str | Callable[[], str]
"""One line of help, or a function that reads it where it is shown."""
Table: TypeAlias = Mapping[str, Mapping[str, tuple[str, Help]]]
"""Section title -> command name -> (`module:attribute`, help)."""

_VARIABLE = "NOVITA_INFRA_VAR_"
"""The beginning of the variables of projects: only those that a project declares are read."""

COMPLETES = "_NOVITA_INFRA_COMPLETE"
"""The variable by which the script of a shell asks what completes a word: click's name for it."""

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group over a table. It turns what its commands return into the exit code of the process."""

    def __init__(self, *args: Any, table: Table, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table = table
        self._targets = {name: target for section in table.values() for name, (target, _) in section.items()}
        self._helps = {name: text for section in table.values() for name, (_, text) in section.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(self._targets)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's signature
        if cmd_name not in self._targets:
            return None
        module, _, attribute = self._targets[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self._targets and not args[0].startswith("-") and not ctx.resilient_parsing:
            self._fail_unknown(ctx, args[0])
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            args = ["--help"]
        return super().parse_args(ctx, with_two_dashes(ctx, args))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's
        width = max(map(len, self._targets))
        for title, section in self._table.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), self._help(name)) for name in section])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem  # noqa: PLC0415 -- only completion pays for it

        found = [CompletionItem(name, help=self._help(name)) for name in self._helps if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Runs and exits. A wrong use exits with 1, because 2 means "there are changes" in this program."""
        extra["standalone_mode"] = False
        words = args[0] if args else extra.get("args")
        try:
            _check_text(sys.argv[1:] if words is None else words)
            code = super().main(*args, **extra)
        except click.Abort:
            code = EXIT_INTERRUPTED
        except click.ClickException as wrong:
            from novita_infra.model.printable import printable  # noqa: PLC0415 -- only a mistake pays for it

            message = wrong.format_message()
            if isinstance(wrong, click.NoSuchOption):
                from novita_infra.cli.unknown_words import unknown_option  # noqa: PLC0415 -- likewise

                message = unknown_option(wrong, _own(sys.argv[1:] if words is None else words))
            first, *others = message.expandtabs(4).split("\n")
            click.echo(f"error: {printable(first)}", err=True)
            for text in others:
                click.echo(f"    {printable(text)}", err=True)
            if isinstance(wrong, click.UsageError) and wrong.ctx is not None:
                click.echo(f"Try '{wrong.ctx.command_path} --help'.", err=True)
            code = EXIT_ERROR
        sys.exit(code if isinstance(code, int) else 0)

    def _help(self, name: str) -> str:
        text = self._helps[name]
        return text if isinstance(text, str) else text()

    def _fail_unknown(self, ctx: click.Context, name: str) -> NoReturn:
        from novita_infra.cli.unknown_words import unknown_command  # noqa: PLC0415 -- only a mistake pays for it

        group = ctx.info_name if ctx.parent else None
        ctx.fail(unknown_command(group or "", name, [*self._targets]))


def with_two_dashes(ctx: click.Context, words: list[str]) -> list[str]:
    """The words of a command, with Terraform's `-out=FILE` as `--out=FILE`, which a hint on stderr says.

    The option of another tool, such as `-yes`, is refused: click takes it for single letters, `-y -e s`.
    """
    if not any(map(_in_one_dash, words)) or ctx.resilient_parsing:
        return words
    from novita_infra.cli.unknown_words import spelled_with_two_dashes  # noqa: PLC0415 -- few command lines need it

    own = _own(words)
    if not ctx.allow_interspersed_args:  # the words of another command follow
        own = own[: next((at for at, word in enumerate(own) if not word.startswith("-")), None)]
    return [*spelled_with_two_dashes(ctx, own), *words[len(own) :]]


def _in_one_dash(word: str) -> bool:
    """Whether the word is like `-auto-approve`: one dash, and more than a letter."""
    return word.startswith("-") and len(word) > 2 and word[1] != "-"


def _own(words: Sequence[str]) -> Sequence[str]:
    """The words before `--`."""
    return words[: words.index("--")] if "--" in words else words


def _check_text(words: Sequence[str]) -> None:
    """Refuses words and settings that are not UTF-8; Python holds such bytes as lone surrogates. No value is shown.

    The words after `--` may be the command of another program.
    """
    before = ""
    for number, word in enumerate(_own(words), 1):
        if byte := _foreign_byte(word):
            option = (word if word.startswith("-") and "=" in word else before).partition("=")[0]
            named = option.startswith("-") and not _foreign_byte(option)
            place = f"what follows {option}" if named else f"word {number} of the command"
            raise click.UsageError(f"{place} is not UTF-8 text: it holds the byte {byte}")
        before = word
    for name, value in os.environ.items():
        if name.startswith("NOVITA_") and not name.startswith(_VARIABLE) and (byte := _foreign_byte(value)):
            raise click.UsageError(f"the environment variable {name} is not UTF-8 text: it holds the byte {byte}")


def _foreign_byte(text: str) -> str:
    """The first byte that is not UTF-8, such as `0xe9`; empty for text."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"0x{ord(text[error.start]) & 0xFF:02x}"
    return ""
