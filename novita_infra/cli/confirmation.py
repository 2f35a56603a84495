"""The question before something is done that cannot be undone."""

from __future__ import annotations

import sys

import click

from novita_infra.cli.console import Console
from novita_infra.cli.signals import interruptible
from novita_infra.model.diagnostics import problem
from novita_infra.views.content.lines import Tone, line


def approved(question: str, screen: Console, *, otherwise: str) -> bool:
    """Whether the person says yes. Raises Problems where nobody can be asked; `otherwise` says what to do then."""
    if not sys.stdin.isatty():
        raise problem("nobody can be asked: stdin is not a terminal", otherwise)
    screen.say("", line((question, Tone.STRONG), " Only 'yes' is accepted."))
    with interruptible():
        answer: str = click.prompt("Answer", default="", show_default=False, err=True)
    if answer.strip() == "yes":
        return True
    screen.say("Nothing was done.")
    return False
