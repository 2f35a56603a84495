"""`complete`: a text that a model goes on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.model_options import asked_options, given_text, show_answer, text_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.inference.calls import SamplingOptions, completion_call

SUMMARY = "Let a model go on with a text"


@click.command(cls=Command)
@click.argument("who", metavar="WHO")
@click.argument("prompt", metavar="[PROMPT]", required=False)
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Read the text there.")
@text_options
@asked_options
@with_account_options
@format_options("model_answer")
@with_renderer
def complete(*, who: str, prompt: str | None, file: Path | None, sampling: SamplingOptions, **options: Any) -> int:
    """Let a model go on with a text, and show what it writes as it comes.

    WHO is a model, or the address or id of an endpoint or instance whose program answers at /v1/completions.

    \b
    Examples:
      novita-infra complete meta-llama/llama-3.1-8b-instruct 'Once upon a time'
      novita-infra complete endpoint.chat --file begin.txt --max-tokens 200
    """
    text = given_text(prompt, file, what="text")
    return carried_out(show_answer(who, lambda model: completion_call(model, text, options=sampling), **options))
