"""`image-models`: the models of the older image operations."""

from __future__ import annotations

import click

from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.options import WholeNumber, sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.inference.image_models import TYPES
from novita_infra.operations.llm.image_models import read_image_models
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.llm.image_models import image_model_listing

SUMMARY = "List the models of the older image operations"


@click.command("image-models", cls=Command)
@click.argument("search", metavar="[WORD]", default="", required=False)
@click.option("--type", "kind", type=click.Choice(TYPES), default=None, help="Only of this type.")
@click.option("--private", is_flag=True, help="Only those of this account.")
@click.option("--limit", type=WholeNumber(min=1), default=100, show_default=True, metavar="N", help="The most to list.")
@sim_option
@format_options("image_models")
@with_renderer
def image_models(*, search: str, kind: str | None, private: bool, limit: int, sim: bool, renderer: Renderer) -> int:
    """List checkpoints, LoRA and the like that a task such as txt2img may name; with a WORD, those that it fits.

    \b
    Examples:
      novita-infra image-models
      novita-infra image-models anime --type lora
    """
    visibility = "private" if private else ""
    filters = {"filter.query": search, "filter.types": kind or "", "filter.visibility": visibility}

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            renderer.result(image_model_listing(await read_image_models(view, filters, most=limit)))
        return 0

    return carried_out(show())
