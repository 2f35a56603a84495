"""`chat`: one question to a model, an endpoint or an instance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.model_options import asked_options, given_text, show_answer, text_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.inference.calls import SamplingOptions, chat_call

SUMMARY = "Ask a model, or what an endpoint or instance serves"


@click.command(cls=Command)
@click.argument("who", metavar="WHO")
@click.argument("prompt", metavar="[PROMPT]", required=False)
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Read the prompt there.")
@click.option("--system", default="", metavar="TEXT", help="What the model reads before the prompt.")
@text_options
@asked_options
@with_account_options
@format_options("model_answer")
@with_renderer
def chat(
    *, who: str, prompt: str | None, file: Path | None, system: str, sampling: SamplingOptions, **options: Any
) -> int:
    """Ask one question, and show the answer as it comes.

    WHO is a model such as deepseek/deepseek-v3.2, or the address or id of an endpoint or instance whose program answers
    at /v1/chat/completions. The prompt is a word, a file, or stdin. With --json the answer comes whole, with its tokens
    and what they cost.

    \b
    Examples:
      novita-infra chat deepseek/deepseek-v3.2 'What is a reconciler?'
      novita-infra chat endpoint.chat 'Hello' --max-tokens 50
      git diff | novita-infra chat deepseek/deepseek-v3.2 --system 'Review this.'
      novita-infra chat endpoint.chat Hello --token-env VLLM_API_KEY --json
    """
    text = given_text(prompt, file, what="prompt")
    return carried_out(
        show_answer(who, lambda model: chat_call(model, text, system=system, options=sampling), **options)
    )
