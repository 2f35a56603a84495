"""`instance start`, `stop`, `restart`, `migrate`, `renew` and `save-image`."""

from __future__ import annotations

import functools
import os
from typing import Any

import click

from novita_infra.cli.account_options import account_command, with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.commands.main.apply import exit_code_of
from novita_infra.cli.confirmation import approved, can_ask
from novita_infra.cli.options import WholeNumber, auto_approve_option, duration_option, lock_timeout_option
from novita_infra.cli.rendering import Callback, format_options, warn, with_renderer
from novita_infra.cli.signals import carried_out, stopping
from novita_infra.model.diagnostics import EXIT_ERROR, problem
from novita_infra.operations.account.view import AccountOptions, open_account_view
from novita_infra.operations.machines.actions import ActionOptions, choose_actions, perform_actions
from novita_infra.operations.machines.saved_names import refuse_replaced
from novita_infra.planning.machine_actions import NOTHING_MORE, AskedAction, months_warnings, next_plan_warnings
from novita_infra.views.content.lines import Tone, line
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.machines.actions import action_lines, settled_lines

_REPEATABLE = frozenset({"start", "stop", "migrate"})
"""The actions of which a second one does nothing more."""
_again_option = click.option("--again", is_flag=True, help="Do it once more, even if a job of it has just ended.")


def _action_options(function: Callback) -> Callback:
    """The words and the options of every action, as `words`, `action_options`, `auto_approve` and the account's."""
    return click.argument("targets", nargs=-1, required=True, metavar="WORD...")(_running_options(function))


def _running_options(function: Callback) -> Callback:
    """The same without the words."""

    @click.option("--no-wait", is_flag=True, help="End when the calls are answered; do not wait for their effect.")
    @click.option(
        "--timeout",
        type=duration_option,
        default="1h",
        show_default=True,
        metavar="T",
        help="How long to wait, such as 30s, 5m or 1d. What is not done by then goes on by itself.",
    )
    @click.option("--steal", is_flag=True, help="Insist on an object that carries the owner mark of another project.")
    @auto_approve_option
    @lock_timeout_option
    @with_account_options
    @format_options()
    @with_renderer
    @functools.wraps(function)
    def inner(*, no_wait: bool, timeout: float, lock_timeout: float, steal: bool, **rest: Any) -> Any:
        chosen = ActionOptions(waits=not no_wait, timeout=timeout, lock_timeout=lock_timeout, steal=steal)
        return function(action_options=chosen, **rest)

    return inner


@click.command("start", cls=Command)
@_action_options
def start_instances(**options: Any) -> int:
    """Start stopped instances, and wait until they run.

    A WORD is an address, a pattern, a label or an id. A start fails where nothing is free for the instance any more.

    \b
    Examples:
      novita-infra instance start instance.trainer
      novita-infra instance start 'instance.*' --env dev
    """
    return _act("start", **options)


@click.command("stop", cls=Command)
@_action_options
def stop_instances(**options: Any) -> int:
    """Stop instances, and wait until they are stopped. Their root disks are kept for some days.

    A stopped instance costs what its root disk has beyond the free size: novita-infra ps --all shows it.

    A WORD is an address, a pattern, a label or an id. An endpoint cannot be stopped: with workers.min: 0 in its
    manifest, no worker of it runs while nobody calls it.

    \b
    Examples:
      novita-infra instance stop instance.trainer
      novita-infra instance stop 'instance.*' --env dev --auto-approve
      novita-infra instance stop label:team=research --no-wait
    """
    return _act("stop", **options)


@click.command("restart", cls=Command)
@_action_options
def restart_instances(**options: Any) -> int:
    """Restart the containers of instances that run, and wait until they run again.

    A WORD is an address, a pattern, a label or an id.

    \b
    Examples:
      novita-infra instance restart instance.trainer
    """
    return _act("restart", **options)


@click.command("migrate", cls=Command)
@_again_option
@_action_options
def migrate_instances(*, again: bool, **options: Any) -> int:
    """Move instances to other nodes. The data on their own disks does not come along; network storages do.

    A WORD is an address, a pattern, a label or an id. Where it is cut off, the same command goes on with the job
    that it began. One that ended within the last hour is not done a second time without --again.

    \b
    Examples:
      novita-infra instance migrate instance.trainer
    """
    return _act("migrate", asked=AskedAction(again=again), **options)


@click.command("save-image", cls=Command)
@click.argument("word", metavar="WORD")
@click.argument("name", metavar="IMAGE")
@click.option("--registry-auth", default="", metavar="ID", help="The id of the credential for a private registry.")
@click.option(
    "--allow-data-loss",
    "allowed",
    multiple=True,
    metavar="IMAGE",
    help="Save over this image without a question, if it exists; repeatable.",
)
@_again_option
@_running_options
def save_instance_image(
    *, word: str, name: str, registry_auth: str, allowed: tuple[str, ...], again: bool, **options: Any
) -> int:
    """Save the root disk of an instance that runs as IMAGE, and wait until the job is over.

    WORD is an address or an id, IMAGE is registry/repository:tag. Network storages are not in the image. Where it is
    cut off, the same command goes on with the job that it began. An image that exists, as far as the list of images
    shows it, is saved over after a question only; --auto-approve does not answer it. To have it in a manifest: the
    kind SavedImage.

    \b
    Examples:
      novita-infra instance save-image instance.trainer registry.example.com/team/model:1
    """
    asked = AskedAction(saved_as=name, credential=registry_auth, allowed=allowed, again=again)
    return _act("save-image", targets=(word,), asked=asked, **options)


@click.command("renew", cls=Command)
@click.option("--months", type=WholeNumber(min=1), required=True, metavar="N", help="How many months to buy for each.")
@_action_options
def renew_instances(*, months: int, **options: Any) -> int:
    """Buy more months for monthly instances, at the price that is shown before.

    A WORD is an address, a pattern, a label or an id. Each run buys.

    \b
    Examples:
      novita-infra instance renew instance.trainer --months 1
    """
    return _act("renew", asked=AskedAction(months=months), **options)


def _act(name: str, *, auto_approve: bool, renderer: Renderer, **options: Any) -> int:
    return carried_out(_perform(name, auto_approve=auto_approve, renderer=renderer, **options))


async def _perform(
    name: str,
    *,
    targets: tuple[str, ...],
    account_options: AccountOptions,
    action_options: ActionOptions,
    auto_approve: bool,
    renderer: Renderer,
    asked: AskedAction = NOTHING_MORE,
) -> int:
    async with open_account_view(account_options, os.environ, report=renderer.note) as view:
        chosen = await choose_actions(view, name, targets, asked, steal=action_options.steal)
        actions = [item for item in chosen if not item.is_done]
        renderer.message(*settled_lines(item for item in chosen if item.is_done), *action_lines(actions))
        warn(renderer, [*next_plan_warnings(chosen, now=view.clock.now()), *months_warnings(actions)])
        if not actions:
            return 0
        asks = any((item.losses or item.action.buys) and not item.job for item in actions)
        if auto_approve or renderer.for_programs or not can_ask():
            refuse_replaced(actions, asked)
        asks = asks and not all(item.replaces in asked.allowed for item in actions)
        if asks and renderer.for_programs and not auto_approve:
            raise problem("--json cannot ask", "add --auto-approve")
        question = f"{name.capitalize()} {len(actions)} instance{'' if len(actions) == 1 else 's'}?"
        if asks and not auto_approve and not approved(question, renderer, otherwise="to confirm, add --auto-approve"):
            return EXIT_ERROR
        shown = account_command("ps", account_options, *targets)
        with (
            stopping(
                lambda text: renderer.message(line((text, Tone.CHANGE))),
                leaving=lambda: renderer.message(f"Interrupted. To see what became of it: {shown}"),
            ) as stop,
            renderer.progress(steps=len(actions), now=view.clock.now) as listener,
        ):
            result = await perform_actions(view, name, actions, action_options, emit=listener, stop=stop)
    if not action_options.waits and result.succeeded:
        renderer.message(f"To follow it: {shown}")
    repeated = account_command(f"instance {name}", account_options, *targets) if name in _REPEATABLE else ""
    renderer.run_result(result, outputs={}, again=repeated, destroy="")
    return exit_code_of(result)
