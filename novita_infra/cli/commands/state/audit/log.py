"""`audit show` and `audit verify`: the audit log of an environment, and the log of a user."""

from __future__ import annotations

import os
import time

import click

from novita_infra.cli.command import Command
from novita_infra.cli.completing.offers import addresses
from novita_infra.cli.lazy import EXIT_ERROR
from novita_infra.cli.options import WholeNumber, address_or_pattern, duration_option, path_argument
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.auditing import AuditLog, read_audit_log, read_user_log, selected_entries
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.state.audit import audit_check, audit_listing

_user_option = click.option(
    "--user", is_flag=True, help="The log of this user on this machine: the calls outside of any state."
)


@click.command("show", cls=Command)
@path_argument
@with_project_options
@click.option(
    "--address",
    "named",
    multiple=True,
    type=address_or_pattern,
    metavar="ADDR",
    shell_complete=addresses,
    help="Only calls for this resource; repeatable, with patterns such as instance.worker*.",
)
@click.option("--since", type=duration_option, metavar="T", help="Only of the last T, such as 2h or 7d.")
@click.option("--limit", type=WholeNumber(min=1), metavar="N", help="Only the newest N.")
@_user_option
@format_options("audit_log")
@with_renderer
def show_log(
    *,
    project_options: ProjectOptions,
    named: tuple[str, ...],
    since: float | None,
    limit: int | None,
    user: bool,
    renderer: Renderer,
) -> int:
    """List the calls that changed something, the newest last: who, why, which call, and what came of it.

    \b
    Examples:
      novita-infra audit show --since 7d
      novita-infra audit show --address 'instance.worker*' --limit 20
      novita-infra audit show --user --json
    """
    log = _log(project_options, renderer, user=user)
    begin = time.time() - since if since else None
    renderer.result(audit_listing(selected_entries(log.entries, named=named, since=begin, limit=limit)))
    if not log.check.is_whole:
        renderer.note("The log is not whole: novita-infra audit verify")
    return 0


@click.command("verify", cls=Command)
@path_argument
@with_project_options
@_user_option
@format_options("audit_check")
@with_renderer
def verify_log(*, project_options: ProjectOptions, user: bool, renderer: Renderer) -> int:
    """Check that the log holds each entry as it was written, up to the one that the state names.

    The result names the digest of the newest entry. Keep it elsewhere: who can write both the state and the log can
    write a log of their own.

    \b
    Examples:
      novita-infra audit verify
      novita-infra audit verify --env prod --json

    \b
    Exit codes: 0 whole; 1 an entry was changed, removed or moved.
    """
    log = _log(project_options, renderer, user=user)
    renderer.result(audit_check(log.check, log.head, unsaved=len(log.unsaved)))
    return 0 if log.check.is_whole else EXIT_ERROR


def _log(project_options: ProjectOptions, renderer: Renderer, *, user: bool) -> AuditLog:
    return read_user_log(project_options, os.environ) if user else read_audit_log(project_options, report=renderer.note)
