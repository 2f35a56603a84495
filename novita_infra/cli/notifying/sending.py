"""Sends the notifications of a command that is over. What fails is a warning, and changes no exit code."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from novita_infra.cli.notifying.command_notes import CommandNotes
from novita_infra.cli.notifying.notices import events_of, has_changes, notice_of
from novita_infra.cli.rendering import warn
from novita_infra.manifests.project.rules.project_notifications import NotificationSettings, notifications_at
from novita_infra.model.diagnostics import Diagnostic, Problems, Severity
from novita_infra.notices.document import NotificationEvent
from novita_infra.operations.notifications.sending import Sent, send_all
from novita_infra.views.renderer import Renderer


def send_notices(command: str, notes: CommandNotes, renderer: Renderer, *, folder: Path, environment: str) -> None:
    """Sends what the project in the folder asks for. What cannot be sent is a warning; raises nothing."""
    if notes.project is not None:
        folder, environment = Path(notes.project.folder), notes.project.environment
    try:
        sent = _sent(command, notes, folder, environment)
        texts = [f"{item.name}: {item.answer}" for item in sent if not item.delivered]
    except KeyboardInterrupt:
        texts = ["interrupted before every answer was there"]
    except Problems as wrong:
        texts = [str(item) for item in wrong.diagnostics]
    except Exception as error:  # noqa: BLE001 -- a notification never changes what a command returns
        texts = [f"internal error: {type(error).__name__}"]
    warn(renderer, [Diagnostic(f"notification not sent: {text}", severity=Severity.WARNING) for text in texts])


def _sent(command: str, notes: CommandNotes, folder: Path, environment: str) -> list[Sent]:
    events = events_of(command, notes)
    project = notifications_at(folder, environment, os.environ) if events else None
    if project is None:
        return []
    due = [(item, event) for item in project.settings if (event := _event(item, events, notes)) is not None]
    place = project.project, project.environment
    now = time.time()
    notices = {event: notice_of(event, command, notes, place=place, now=now) for event in {event for _, event in due}}
    return send_all(project, [(item, notices[event]) for item, event in due], os.environ)


def _event(
    item: NotificationSettings, events: Sequence[NotificationEvent], notes: CommandNotes
) -> NotificationEvent | None:
    """The event that the notification is about: the first of those that it asks for."""
    event = next((event for event in events if event.value in item.events), None)
    if event in {NotificationEvent.PLAN, NotificationEvent.APPLY} and item.only_changes and not has_changes(notes):
        return None
    return event
