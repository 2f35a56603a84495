"""The options that name a range of time."""

from __future__ import annotations

from collections.abc import Callable

import click

from novita_infra.account.moments import FORMS, parse_moment
from novita_infra.cli.rendering import Callback


def moment_text(text: str) -> str:
    """A moment as a person writes it; what it means depends on the clock of the account."""
    try:
        if text:
            parse_moment(text, 0.0)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return text


def span_options(*, since: str) -> Callable[[Callback], Callback]:
    """Adds `--since` and `--until`. `since` says in words where the range begins without the option."""

    def add(function: Callback) -> Callback:
        function = click.option(
            "--until",
            default="",
            type=moment_text,
            metavar="T",
            help="The end, which is not part of the range; by default now.",
        )(function)
        return click.option(
            "--since",
            default="",
            type=moment_text,
            metavar="T",
            help=f"The beginning, in UTC: {FORMS}. By default {since}.",
        )(function)

    return add
