"""`api`: any call of the API."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import click

from novita_infra.api.request import Request
from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.encoding.files import read_file
from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.model.diagnostics import problem, reason
from novita_infra.operations.account.api_call import call_api, every_item, without_secrets_of
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.api_answer import answer_lines

SUMMARY = "Make any call of the API"

_READ: Final = "GET"
_LONGEST: Final = 64 * 2**20
"""The most bytes of a body."""


def _param(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter("write NAME=VALUE")
    return name, value


def _path(text: str) -> str:
    if "://" in text:
        raise click.BadParameter("give the path alone, such as /gpu-instance/openapi/v1/gpu/instances")
    return f"/{text.lstrip('/')}"


@click.command(cls=Command)
@click.argument(
    "method", metavar="METHOD", type=click.Choice([_READ, "POST", "PUT", "PATCH", "DELETE"], case_sensitive=False)
)
@click.argument("call", metavar="PATH", type=_path)
@click.option("--param", "params", multiple=True, type=_param, metavar="NAME=VALUE", help="A part of the query.")
@click.option("--data", metavar="JSON", help="The body, a JSON object; @FILE reads a file, and - stdin.")
@click.option("--all", "everything", is_flag=True, help="Read a list to its end, whatever its pages are like.")
@click.option("--show-secrets", is_flag=True, help="Show passwords, tokens and secret variables in the answer.")
@with_account_options
@format_options()
@with_renderer
def api(
    *,
    method: str,
    call: str,
    params: tuple[tuple[str, str], ...],
    data: str | None,
    everything: bool,
    show_secrets: bool,
    account_options: AccountOptions,
    renderer: Renderer,
) -> int:
    """Make any call of the API, with the same key, retries and limits as every command.

    PATH begins at the host: /gpu-instance/openapi/v1 for machines, /openapi/v1 for the account, /openai/v1 for models.
    Only a GET is sent again after a lost answer. Nothing is asked: a POST that deletes, deletes.

    \b
    Examples:
      novita-infra api GET /gpu-instance/openapi/v1/clusters
      novita-infra api GET /gpu-instance/openapi/v1/gpu/instances --all --query '[].name'
      novita-infra api GET /gpu-instance/openapi/v1/gpu/instance --param instanceId=7a1b2c
      novita-infra api POST /openai/v1/chat/completions --data @prompt.json
    """
    if everything and method != _READ:
        raise problem("--all reads a list", "use it with GET")
    body = None if data is None else given_body(data)
    request = Request(method, call, dict(params), body, repeatable=method == _READ)

    async def send() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            found = await (every_item if everything else call_api)(view.client, request)
            answer = found if show_secrets else without_secrets_of(view.client, found)
        renderer.show(answer_lines(answer), answer)
        if answer is None:
            renderer.message("The answer is empty.")
        return 0

    return carried_out(send())


def given_body(text: str) -> dict[str, Any]:
    """The body that `--data` gives. Raises Problems; the text may hold a secret, so no message quotes it."""
    place = "--data"
    if text == "-":
        text, place = sys.stdin.read(), "stdin"
    elif text.startswith("@"):
        place = text[1:]
        try:
            text = read_file(Path(place), most=_LONGEST).decode()
        except (OSError, ValueError) as error:
            raise problem(f"{place} cannot be read: {reason(error)}") from None
    try:
        body = parse_foreign_json(text)
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise problem(f"{place} holds no JSON{where}", 'write an object, such as \'{"name": "x"}\'') from None
    if not isinstance(body, dict):
        raise problem(f"{place} holds no JSON object", "every call of this API takes an object")
    return body
