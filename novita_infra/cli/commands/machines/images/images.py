"""`images list` and `images delete`."""

from __future__ import annotations

import os

import click

from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.confirmation import approved
from novita_infra.cli.lazy import EXIT_ERROR
from novita_infra.cli.options import auto_approve_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import problem
from novita_infra.operations.account.images import choose_images, delete_images, read_images, refuse_used, users_of
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.views.content.lines import Tone, line
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.machines.images import deleted_image_listing, image_listing


@click.command("list", cls=Command)
@click.option("--own", is_flag=True, help="Only those of the account.")
@with_account_options
@format_options("images")
@with_renderer
def list_images(*, account_options: AccountOptions, own: bool, renderer: Renderer) -> int:
    """List the images that the account can use: its own, those of the platform and of others.

    \b
    Examples:
      novita-infra images list --own
    """

    async def show() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            renderer.result(image_listing(await read_images(view, own=own)))
        return 0

    return carried_out(show())


@click.command("delete", cls=Command)
@click.argument("words", nargs=-1, required=True, metavar="IMAGE...")
@click.option(
    "--allow-data-loss",
    "allowed",
    multiple=True,
    metavar="IMAGE",
    help="Delete this image without a question though something uses it; repeatable.",
)
@auto_approve_option
@with_account_options
@format_options("deleted_images")
@with_renderer
def delete_account_images(
    *,
    account_options: AccountOptions,
    words: tuple[str, ...],
    allowed: tuple[str, ...],
    auto_approve: bool,
    renderer: Renderer,
) -> int:
    """Delete images with all of their tags. Nothing that starts afterwards can pull them.

    IMAGE is an id or a repository. A single tag cannot be deleted. What instances, endpoints, templates and prewarms
    use, and what a resource has saved, is named; --auto-approve alone does not delete it.

    \b
    Examples:
      novita-infra images delete registry.example.com/team/model
    """

    async def work() -> int:
        async with open_account_view(account_options, os.environ, report=renderer.note) as view:
            chosen = await choose_images(view, words)
            used = await users_of(view, (name for image in chosen for name in image.names))
            users = {image.id: sorted({user for name in image.names for user in used[name]}) for image in chosen}
            for image in chosen:
                tags = ", ".join(image.tags) or "none"
                renderer.message(line(("  - ", Tone.REMOVE), f"{image.repository} ({image.id}), with its tags: {tags}"))
                for address in users[image.id]:
                    renderer.message(line(("      used by ", Tone.BAD), address))
            if auto_approve:
                refuse_used(chosen, users, allowed)
            elif renderer.for_programs:
                raise problem("--json cannot ask", "add --auto-approve")
            question = f"Delete {len(chosen)} image{'' if len(chosen) == 1 else 's'}?"
            if not auto_approve and not approved(question, renderer, otherwise="to confirm, add --auto-approve"):
                return EXIT_ERROR
            await delete_images(view, chosen)
            renderer.result(deleted_image_listing(chosen, users=users))
        return 0

    return carried_out(work())
