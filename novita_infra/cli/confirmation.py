"""The question before something is done that cannot be undone."""

from __future__ import annotations

import sys

import click

from novita_infra.cli.signals import interruptible
from novita_infra.model.diagnostics import problem
from novita_infra.views.content.lines import Tone, line
from novita_infra.views.renderer import Renderer


def approved(question: str, renderer: Renderer, *, otherwise: str) -> bool:
    """Whether the person says yes. Raises Problems where nobody can be asked; `otherwise` says what to do then."""
    if not sys.stdin.isatty():
        raise problem("nobody can be asked: stdin is not a terminal", otherwise)
    renderer.message("", line((question, Tone.STRONG), " Only 'yes' is accepted."))
    with interruptible():
        answer: str = click.prompt("Answer", default="", show_default=False, err=True)
    if answer.strip() == "yes":
        return True
    renderer.message("Nothing was done.")
    return False
