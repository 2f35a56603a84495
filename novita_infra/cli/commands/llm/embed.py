"""`embed`: the vectors of texts."""

from __future__ import annotations

import os
from pathlib import Path

import click

from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.model_options import asked_options, given_text
from novita_infra.cli.options import WholeNumber
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.inference.answers import usage_in, vectors_in
from novita_infra.inference.calls import embedding_call
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.operations.llm.asking import ProgramOptions, answerer_of, cost_of_tokens, whole_answer
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.llm.answers import usage_text, vector_listing

SUMMARY = "Show the vectors that a model makes of texts"


@click.command(cls=Command)
@click.argument("who", metavar="WHO")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option(
    "--file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Take each line of it as a text."
)
@click.option("--dimensions", type=WholeNumber(min=1), metavar="N", help="How many numbers a vector has.")
@asked_options
@with_account_options
@format_options("embeddings")
@with_renderer
def embed(
    *,
    who: str,
    texts: tuple[str, ...],
    file: Path | None,
    dimensions: int | None,
    program: ProgramOptions,
    account_options: AccountOptions,
    renderer: Renderer,
) -> int:
    """Show the vectors that a model makes of texts: how many numbers each has, and the first ones; all with --json.

    WHO is a model, or the address or id of an endpoint or instance whose program answers at /v1/embeddings.

    \b
    Examples:
      novita-infra embed baai/bge-m3 'a red fox'
      novita-infra embed endpoint.embed --file texts.txt --json --query 'rows[].vector'
    """
    given = texts or tuple(line for line in given_text(None, file, what="text").split("\n") if line.strip())

    async def show() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            answerer = await answerer_of(view, who, program)
            answer = await whole_answer(view, answerer, embedding_call(answerer.model, given, dimensions=dimensions))
            usage = usage_in(answer)
            cost = await cost_of_tokens(view, answerer, usage)
            renderer.result(vector_listing(vectors_in(answer), model=answerer.model, usage=usage, cost=cost))
            if text := usage_text(usage, cost):
                renderer.message(text)
        return 0

    return carried_out(show())
