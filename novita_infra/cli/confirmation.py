"""The question before a change that cannot be undone."""

from __future__ import annotations

import sys

import click

from novita_infra.cli.signals import interruptible
from novita_infra.model.diagnostics import problem
from novita_infra.views.content.lines import Tone, line
from novita_infra.views.renderer import Renderer


def approved(question: str, renderer: Renderer, *, otherwise: str) -> bool:
    """Whether the answer is yes. Raises Problems without a terminal; `otherwise` is the hint then."""
    if not sys.stdin.isatty():
        raise problem("no question can be asked: stdin is not a terminal", otherwise)
    renderer.message("", line((question, Tone.STRONG), " Only 'yes' is accepted."))
    with interruptible():
        answer: str = click.prompt("Answer", default="", show_default=False, err=True)
    if answer.strip() == "yes":
        return True
    renderer.message("Nothing was changed.")
    return False
