"""`keys`: the API keys of the account, and the models that one may call."""

from __future__ import annotations

import click

from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.confirmation import approved
from novita_infra.cli.lazy import EXIT_ERROR
from novita_infra.cli.options import auto_approve_option, sim_option
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import problem
from novita_infra.operations.account.limits import (
    PolicyChange,
    change_policy,
    key_named,
    read_keys_of_account,
    read_policy,
)
from novita_infra.operations.account.view import AccountView
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.account.limits import key_listing, key_policy, policy_words

SUMMARY = "List API keys; show and set the models that one may call"


@click.command("keys", cls=Command)
@click.argument("word", metavar="[KEY]", required=False)
@click.option("--allow", "allowed", multiple=True, metavar="MODEL", help="Let it call these models alone; repeatable.")
@click.option("--exclude", "excluded", multiple=True, metavar="MODEL", help="Let it call all but these; repeatable.")
@click.option("--all-models", is_flag=True, help="Let it call all models.")
@click.option("--default", "resets", is_flag=True, help="Give it the default policy again.")
@auto_approve_option
@sim_option
@format_options("keys", "key_policy")
@with_renderer
def keys(
    *,
    word: str | None,
    allowed: tuple[str, ...],
    excluded: tuple[str, ...],
    all_models: bool,
    resets: bool,
    auto_approve: bool,
    sim: bool,
    renderer: Renderer,
) -> int:
    """List the API keys of the account with their middle hidden; with a KEY, show the models that this one may call.

    An owner or administrator of a team sees all keys, others see their own. Keys are created in the console only. KEY
    is an id or a name. With one of the options, its models are set, after a question.

    \b
    Examples:
      novita-infra keys
      novita-infra keys --json | jq -r '.[] | select(.last_used == null) | .name'
      novita-infra keys ci --allow qwen/qwen3-max
      novita-infra keys ci --default --auto-approve
    """
    changes = sum((bool(allowed), bool(excluded), all_models, resets))
    if changes > 1:
        raise problem("--allow, --exclude, --all-models and --default exclude each other", "choose one")
    if changes and word is None:
        raise problem("no key is named", "novita-infra keys lists them")
    if auto_approve and not changes:
        raise problem("--auto-approve answers the question before a change", "leave it out")
    if changes and renderer.for_programs and not auto_approve:
        raise problem("--json cannot ask", "add --auto-approve")
    change = PolicyChange(allowed=allowed, excluded=excluded, resets=resets) if changes else None

    async def show() -> int:
        async with bare_account(renderer, sim=sim) as view:
            if word is not None:
                return await _one(view, word, change, renderer, approve=auto_approve)
            renderer.result(key_listing(*await read_keys_of_account(view)))
        return 0

    return carried_out(show())


async def _one(view: AccountView, word: str, change: PolicyChange | None, renderer: Renderer, *, approve: bool) -> int:
    key = key_named((await read_keys_of_account(view))[0], word)
    policy = await read_policy(view, key)
    if change is not None:
        renderer.message(f"{key.name} ({key.id}) may call {policy_words(policy)} now.")
        if not approve and not approved("Set its models?", renderer, otherwise="to confirm, add --auto-approve"):
            return EXIT_ERROR
        policy = await change_policy(view, key, change)
    renderer.result(key_policy(key, policy))
    return 0
