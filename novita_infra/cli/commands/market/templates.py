"""`templates`: the templates that instances can be created from."""

from __future__ import annotations

import os

import click

from novita_infra.catalogue.templates import CHANNELS
from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.kinds.template import TEMPLATE
from novita_infra.model.diagnostics import problem
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.operations.market.catalogue import read_one_template, read_templates
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.market.templates import template_facts, template_listing

SUMMARY = "List templates, or show one"


@click.command(cls=Command)
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--channel", "channels", multiple=True, type=click.Choice(CHANNELS), help="Only these; repeatable.")
@click.option("--name", default="", metavar="TEXT", help="Only those with this text in their name.")
@with_account_options
@format_options("templates", "template")
@with_renderer
def templates(
    *, id_: str | None, channels: tuple[str, ...], name: str, account_options: AccountOptions, renderer: Renderer
) -> int:
    """List the templates of Novita, of its community, and of the account; with an ID, show that one.

    The values of environment variables are not shown.

    \b
    Examples:
      novita-infra templates --channel official
      novita-infra templates --name pytorch --json | jq -r '.[].image'
      novita-infra templates 101
    """
    if id_ and (channels or name):
        raise problem("--channel and --name are for the list", "leave them out, or the ID")

    async def show() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            if id_:
                found = await read_one_template(view, id_)
                renderer.result(template_facts(found, view.recorded.address_of(TEMPLATE.type, found.id)))
            else:
                listed = await read_templates(view, channels or CHANNELS, name)
                renderer.result(template_listing(listed, lambda id: view.recorded.address_of(TEMPLATE.type, id)))
        return 0

    return carried_out(show())
