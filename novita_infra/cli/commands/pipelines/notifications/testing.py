"""`notifications test`: sends a test message over the notifications of a project, and shows the answers."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from novita_infra.cli.command import Command
from novita_infra.cli.lazy import EXIT_ERROR
from novita_infra.cli.options import folder_option
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.manifests.project.discovery import folder_for_messages
from novita_infra.manifests.project.rules.project_notifications import notifications_at
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.notices.document import Notice, NotificationEvent, RunNotice
from novita_infra.operations.notifications.sending import send_all
from novita_infra.operations.session import ProjectOptions
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.notifications.sent import SentListing, sent_row


@click.command("test", cls=Command)
@click.argument("name", required=False, default="")
@folder_option("The folder of the project; by default the current one.")
@with_project_options
@format_options("notifications_test")
@with_renderer
def test_notifications(*, name: str, folder: Path, project_options: ProjectOptions, renderer: Renderer) -> int:
    """Send a test message over every notification of the project, or the one with that NAME, and show the answers.

    \b
    Examples:
      novita-infra notifications test
      novita-infra notifications test slack --env prod
      novita-infra notifications test --json | jq '.[] | select(.delivered | not)'

    \b
    Exit codes: 0 everything was delivered; 1 error, or something was not.
    """
    project = notifications_at(folder_for_messages(folder), project_options.environment, os.environ)
    if project is None:
        raise problem("this project has no notifications", "add `notifications:` to novita-infra.yaml")
    names = [item.name for item in project.settings]
    if name and name not in names:
        hint = nearest(name, names) or f"there are: {', '.join(names)}"
        raise problem(f'there is no notification "{name}"', hint)
    run = RunNotice(project=project.project, environment=project.environment, command="notifications test")
    notice = Notice(event=NotificationEvent.TEST, run=run, time=time.time())
    sent = send_all(project, [(item, notice) for item in project.settings if name in {"", item.name}], os.environ)
    rows = (sent_row(item.name, item.channel, item.answer, delivered=item.delivered) for item in sent)
    renderer.result(SentListing(tuple(rows)))
    return 0 if all(item.delivered for item in sent) else EXIT_ERROR
