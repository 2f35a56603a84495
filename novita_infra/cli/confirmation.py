"""The question before a change that cannot be undone."""

from __future__ import annotations

import sys

import click

from novita_infra.cli.signals import interruptible
from novita_infra.cli.streams import output_failure
from novita_infra.model.diagnostics import problem
from novita_infra.views.content.lines import Tone, line
from novita_infra.views.renderer import Renderer


def can_ask() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin is not None and sys.stdin.isatty()


def approved(question: str, renderer: Renderer, *, otherwise: str) -> bool:
    """Whether the answer is yes. Raises Problems without a terminal; `otherwise` is the hint then."""
    if not can_ask():
        raise problem("no question can be asked: stdin is not a terminal", otherwise)
    if output_failure():
        raise problem("no question can be asked: the plan could not be shown", otherwise)
    renderer.message("", line((question, Tone.STRONG), " Only 'yes' is accepted."))
    try:
        with interruptible():
            answer: str = click.prompt("Answer", default="", show_default=False, err=True)
    except OSError as error:
        raise problem(f"the answer cannot be read: {error.strerror}", otherwise) from error
    if answer.strip() == "yes":
        return True
    renderer.message("Nothing was changed.")
    return False
