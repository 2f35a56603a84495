"""What the commands of models share: the prompt, who is asked, and the answer as it comes."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

import click

from novita_infra.cli.rendering import Callback
from novita_infra.cli.streams import output_is_lost
from novita_infra.encoding.files import read_file
from novita_infra.inference.answers import TextPiece, said_in
from novita_infra.inference.calls import ModelCall, SamplingOptions
from novita_infra.model.diagnostics import problem, reason
from novita_infra.operations.account.view import AccountOptions, AccountView, open_account_view
from novita_infra.operations.llm.asking import (
    Answerer,
    ProgramOptions,
    answerer_of,
    cost_of_tokens,
    streamed_answer,
    whole_answer,
)
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.llm.answers import model_answer_facts, usage_text

_LONGEST: Final = 16 * 2**20
"""The most bytes of a text."""


def asked_options(function: Callback) -> Callback:
    """Adds what is said about the program of an endpoint or instance, and passes it on as `program`."""

    @click.option(
        "--model", "chosen", default="", metavar="NAME", help="The model that the endpoint or instance serves."
    )
    @click.option(
        "--token-env",
        default="",
        metavar="NAME",
        help="The environment variable with the key that the program of the endpoint asks for; none is sent otherwise.",
    )
    @functools.wraps(function)
    def inner(*, chosen: str, token_env: str, **rest: Any) -> Any:
        return function(program=ProgramOptions(model=chosen, token=_given_token(token_env)), **rest)

    return inner


def text_options(function: Callback) -> Callback:
    """Adds the options of a text that a model makes, as `sampling` and `whole`."""

    @click.option(
        "--max-tokens",
        type=click.IntRange(min=1),
        default=1024,
        show_default=True,
        metavar="N",
        help="The most tokens of the answer.",
    )
    @click.option(
        "--temperature", type=click.FloatRange(0, 2), metavar="T", help="From 0 to 2; the model's own by default."
    )
    @click.option("--no-stream", "whole", is_flag=True, help="Show the answer when it is complete.")
    @functools.wraps(function)
    def inner(*, max_tokens: int, temperature: float | None, **rest: Any) -> Any:
        return function(sampling=SamplingOptions(max_tokens=max_tokens, temperature=temperature), **rest)

    return inner


def given_text(words: str | None, file: Path | None, *, what: str) -> str:
    """The text of an argument, of a file, or of stdin (`-`, or a pipe without either). Raises Problems without one."""
    if words not in {None, "-"} and file is not None:
        raise problem(f"the {what} is given twice", "give it as a word, or with --file")
    if file is not None:
        try:
            text = read_file(file, most=_LONGEST).decode()
        except (OSError, ValueError) as error:
            raise problem(f"{file} cannot be read: {reason(error)}") from None
    elif words is None or words == "-":
        if words is None and (sys.stdin is None or sys.stdin.isatty()):
            raise problem(f"there is no {what}", "give it as a word, with --file, or on stdin")
        text = sys.stdin.read(_LONGEST + 1)
        if len(text) > _LONGEST:
            raise problem(f"the {what} on stdin is longer than {_LONGEST >> 20} MB")
    else:
        text = words
    if not text.strip():
        raise problem(f"the {what} is empty")
    return text


def _given_token(name: str) -> str:
    """The value of the variable, or an empty string without a name. Raises Problems if it is not set."""
    if not name:
        return ""
    value = os.environ.get(name, "").strip()
    if not value or not value.isascii() or not value.isprintable():
        raise problem(f"the environment variable {name} holds no key", "set it, or leave out --token-env")
    return value


async def show_answer(
    word: str,
    make: Callable[[str], ModelCall],
    *,
    program: ProgramOptions,
    whole: bool,
    account_options: AccountOptions,
    renderer: Renderer,
) -> int:
    """Asks, and shows the answer: as it comes, or for a program when it is complete. Returns the exit code."""
    async with open_account_view(account_options, os.environ, report=renderer.note) as view:
        who = await answerer_of(view, word, program)
        call = make(who.model)
        if whole or renderer.for_programs:
            answer = await whole_answer(view, who, call)
            said = said_in(answer)
            cost = await cost_of_tokens(view, who, said.usage)
            if renderer.for_programs:
                renderer.result(model_answer_facts(said, model=who.model, cost=cost, answer=answer))
            else:
                renderer.verbatim(said.text.removesuffix("\n") + "\n")
        else:
            said = await _shown(view, who, call, renderer)
            cost = await cost_of_tokens(view, who, said.usage)
        if text := usage_text(said.usage, cost):
            renderer.message(text)
        if said.finish == "length":
            renderer.message("The answer has the most tokens that were asked for, and may go on: --max-tokens.")
    return 0


async def _shown(view: AccountView, who: Answerer, call: ModelCall, renderer: Renderer) -> TextPiece:
    """Shows the pieces as they come; returns what is known at the end."""
    finish, usage, ends_line, thinks = "", None, True, False
    async with aclosing(streamed_answer(view, who, call)) as pieces:
        try:
            async for piece in pieces:
                if piece.thought and not thinks:
                    thinks = True
                    renderer.note("The model thinks before it answers.")
                if piece.text:
                    renderer.verbatim(piece.text)
                    ends_line = piece.text.endswith("\n")
                finish, usage = piece.finish or finish, piece.usage or usage
                if output_is_lost():
                    break
        finally:  # also after Ctrl-C: what came stands on lines of its own
            if not ends_line:
                renderer.verbatim("\n")
    return TextPiece(finish=finish, usage=usage)
