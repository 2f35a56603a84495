"""`sweep`: ends what is past the deadline in its owner mark."""

from __future__ import annotations

import click

from novita_infra.cli.account_options import bare_account
from novita_infra.cli.command import Command
from novita_infra.cli.confirmation import approved
from novita_infra.cli.options import auto_approve_option, sim_option
from novita_infra.cli.rendering import format_options, warn, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.model.diagnostics import EXIT_ERROR, Diagnostic, Severity, problem
from novita_infra.operations.account.beyond_v1 import beyond_warnings
from novita_infra.operations.account.sweep import Overdue, end_overdue, find_overdue
from novita_infra.planning.overdue import SweepOutcome
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.sweep import swept_listing

SUMMARY = "End what is past the deadline of its ttl"


@click.command(cls=Command)
@click.option("--dry-run", is_flag=True, help="Show what is past its deadline, and change nothing.")
@click.option("--delete", "deletes", is_flag=True, help="Delete it; the default.")
@click.option(
    "--stop", "stops", is_flag=True, help="Stop it instead; root disks remain, and cost what is beyond their free size."
)
@auto_approve_option
@sim_option
@format_options("sweep")
@with_renderer
def sweep(*, dry_run: bool, deletes: bool, stops: bool, auto_approve: bool, sim: bool, renderer: Renderer) -> int:
    """Delete or stop the instances of the account that are past the deadline in their owner marks.

    An instance gets the deadline when it is created: ttl: {after: 3d, hard: true}. Only the API key is needed, no
    project and no state. What has no mark or no deadline is never touched, and no storage is. An object is read again
    before it is ended. The deadline is compared with the clock of this machine.

    \b
    Examples:
      novita-infra sweep --dry-run
      novita-infra sweep
      novita-infra sweep --auto-approve
      novita-infra sweep --stop --auto-approve --json

    \b
    Exit codes: 0 done, or nothing is past its deadline; 1 error, or something
                could not be ended or listed; 130 interrupted.
    """
    if deletes and stops:
        raise problem("--delete and --stop exclude each other", "choose one")
    if dry_run and auto_approve:
        raise problem("--dry-run asks nothing", "leave out --auto-approve")
    if renderer.for_programs and not (auto_approve or dry_run):
        raise problem("--json cannot ask", "add --auto-approve or --dry-run")

    async def run() -> int:
        async with bare_account(renderer, sim=sim) as view:
            found, now = await find_overdue(view), view.clock.now()
            _warn(renderer, found)
            code = EXIT_ERROR if found.unlisted or found.unread or found.beyond.items else 0
            if dry_run or not found.items:
                renderer.result(swept_listing(found.items, now=now))
                return code
            if not auto_approve:
                renderer.message(*swept_listing(found.items, now=now).lines())
                question = "Stop all of this?" if stops else "Delete all of this, with what is on the disks?"
                if not approved(question, renderer, otherwise="to confirm, add --auto-approve"):
                    return EXIT_ERROR
            ended = await end_overdue(view, found.items, stops=stops)
            renderer.result(swept_listing(ended, now=now))
        failed = any(item.outcome is SweepOutcome.FAILED for item in ended)
        return EXIT_ERROR if failed else code

    return carried_out(run())


def _warn(renderer: Renderer, found: Overdue) -> None:
    """Reports what could not be listed or read."""
    hint = "nobody knows whether a deadline has passed there; run it again"
    texts = [f"the API answered without a list of {name}" for name in found.unlisted]
    texts += [f"{id} could not be read" for id in found.unread]
    warn(renderer, [Diagnostic(text, hint, severity=Severity.WARNING) for text in texts])
    warn(renderer, beyond_warnings(found.beyond, what="it is past its deadline, and is not ended here"))
