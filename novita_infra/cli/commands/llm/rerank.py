"""`rerank`: documents by how well they answer a query."""

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
from novita_infra.inference.answers import relevances_in
from novita_infra.inference.calls import rerank_call
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.operations.llm.asking import ProgramOptions, answerer_of, whole_answer
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.llm.answers import relevance_listing

SUMMARY = "Order documents by how well they answer a query"


@click.command(cls=Command)
@click.argument("who", metavar="WHO")
@click.argument("asked", metavar="QUERY")
@click.argument("documents", nargs=-1, metavar="[DOCUMENT]...")
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Take each line of it as a document.",
)
@click.option("--top", type=WholeNumber(min=1), metavar="N", help="Show only the best N.")
@asked_options
@with_account_options
@format_options("relevances")
@with_renderer
def rerank(
    *,
    who: str,
    asked: str,
    documents: tuple[str, ...],
    file: Path | None,
    top: int | None,
    program: ProgramOptions,
    account_options: AccountOptions,
    renderer: Renderer,
) -> int:
    """Order documents by how well they answer a query, the best first.

    WHO is a model, or the address or id of an endpoint or instance whose program answers at /v1/rerank.

    \b
    Examples:
      novita-infra rerank baai/bge-reranker-v2-m3 'red animals' 'a red fox' 'the sea'
      novita-infra rerank baai/bge-reranker-v2-m3 'late trains' --file reports.txt --top 3
    """
    given = documents or tuple(line for line in given_text(None, file, what="document").split("\n") if line.strip())

    async def show() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            answerer = await answerer_of(view, who, program)
            answer = await whole_answer(view, answerer, rerank_call(answerer.model, asked, given, top=top))
            renderer.result(relevance_listing(relevances_in(answer), given))
        return 0

    return carried_out(show())
