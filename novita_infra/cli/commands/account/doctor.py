"""`doctor`: checks the setup."""

from __future__ import annotations

import os

import click

from novita_infra.account.checkup import Health
from novita_infra.cli.account_options import with_account_options
from novita_infra.cli.command import Command
from novita_infra.cli.lazy import EXIT_ERROR
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.operations.account.doctor import examine
from novita_infra.operations.account.view import AccountOptions
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.account.doctor import checkup_listing

SUMMARY = "Check key, network, clock, project, states and locks"


@click.command("doctor", cls=Command)
@with_account_options
@format_options("doctor")
@with_renderer
def doctor(*, account_options: AccountOptions, renderer: Renderer) -> int:
    """Check the setup: programs, variables, proxy, network, key, clock, project, states and locks.

    Each check is a line with what was found, and what to do. It needs no key, no project and no network. It shows the
    names of variables, never their values.

    \b
    Examples:
      novita-infra doctor
      novita-infra doctor --json | jq -r '.[] | select(.health == "error") | .hint'

    \b
    Exit codes: 0 nothing is wrong; 1 a check found an error; 130 interrupted.
    """

    async def show() -> int:
        found = await examine(account_options, os.environ)
        renderer.result(checkup_listing(found))
        return EXIT_ERROR if any(item.health is Health.ERROR for item in found) else 0

    return carried_out(show())
