"""Reads the notifications of the project file and of its environments. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from novita_infra.encoding.files import read_file
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.project.environments import Environment, choose_environment
from novita_infra.manifests.project.project_file import Settings, holds_expression, settings_of
from novita_infra.manifests.project.revealing import with_clear_secrets
from novita_infra.manifests.secrets.source import Asking
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.manifests.yaml.decoding import LARGEST
from novita_infra.manifests.yaml.parsing import read
from novita_infra.manifests.yaml.positions import Position, inside, origin
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.model.frozen import dataclass
from novita_infra.schema.notifications.settings import CHANNELS

_KEY = "notifications"


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """One notification as it is declared, without its secrets."""

    name: str
    events: frozenset[str]
    channel: str
    """`webhook`, `slack`, `teams` or `email`."""
    options: Mapping[str, Any]
    position: Position
    """That of the options."""
    only_changes: bool = False


@dataclass(frozen=True, slots=True)
class ProjectNotifications:
    """The notifications of a project in one environment."""

    project: str
    environment: str
    settings: tuple[NotificationSettings, ...]
    secrets: Secrets

    def options_of(self, notification: NotificationSettings) -> Mapping[str, Any]:
        """Returns the options of the channel with its secrets in clear. Raises Problems."""
        secrets = replace(self.secrets, unasked={})
        options, diagnostics = _read_options(notification, secrets)
        if questions := tuple(dict.fromkeys(secrets.unasked.values())):
            secrets.answers.ask_now(questions, Asking(secrets.root, secrets.environ))
            options, diagnostics = _read_options(notification, secrets)
        if diagnostics:
            raise Problems(diagnostics)
        return options

    def unset(self) -> frozenset[str]:
        """Returns the variables of the environment that its secrets name and that are not set."""
        read = (_read_options(one, replace(self.secrets, unasked={})) for one in self.settings)
        return frozenset(item.unset for _, diagnostics in read for item in diagnostics if item.unset)


def _read_options(one: NotificationSettings, secrets: Secrets) -> tuple[Mapping[str, Any], list[Diagnostic]]:
    diagnostics: list[Diagnostic] = []
    return with_clear_secrets(one.options, one.position, secrets, diagnostics), diagnostics


def notifications_of(
    settings: Settings, environment: Environment
) -> tuple[tuple[NotificationSettings, ...], list[Diagnostic]]:
    """Returns the project's notifications, then the environment's, and diagnostics beyond the schema."""
    found: list[NotificationSettings] = []
    diagnostics: list[Diagnostic] = []
    lists = [(settings.document.data.get(_KEY), settings.position(_KEY))]
    lists += [(said, position) for _, said, position in environment.settings(_KEY)]
    for said, position in lists:
        for index, item in enumerate(said if isinstance(said, list) else ()):
            place = inside(position, index)
            if holds_expression(item):
                hint = "write it out, or point at a secret: {fromEnv: NAME}"
                diagnostics.append(Diagnostic("a notification takes no expressions", hint, origin=origin(place)))
                continue
            one = _notification(item, place, {other.name for other in found}) if isinstance(item, dict) else None
            if one is None:
                continue  # the schema of the project file reports it
            if any(one.name == other.name for other in found):
                hint = "give one of them another `name`"
                summary = f'two notifications are named "{one.name}"'
                diagnostics.append(Diagnostic(summary, hint, origin=origin(place)))
            if len({"user", "password"} & one.options.keys()) == 1:
                place = one.position
                diagnostics.append(
                    Diagnostic("user and password go together", "write both, or neither", origin=origin(place))
                )
            found.append(one)
    return tuple(found), diagnostics


def _notification(item: Mapping[str, Any], place: Position, taken: set[str]) -> NotificationSettings | None:
    channel = next((name for name in CHANNELS if isinstance(item.get(name), dict)), "")
    events = item.get("events")
    if not channel or not isinstance(events, list):
        return None
    names = [channel, *(f"{channel}-{number}" for number in range(2, len(taken) + 3))]
    free = next(name for name in names if name not in taken)
    return NotificationSettings(
        name=str(item.get("name") or free),
        events=frozenset(event for event in events if isinstance(event, str)),
        channel=channel,
        options=item[channel],
        position=inside(place, channel),
        only_changes=item.get("onlyChanges") is True,
    )


def may_notify(root: Path) -> bool:
    """Returns whether the project file in that folder may hold notifications. It is a cheap look."""
    return bool(_file_with_notifications(root))


def notifications_at(root: Path, environment: str, environ: Mapping[str, str]) -> ProjectNotifications | None:
    """Returns the notifications of the project in that folder; None where there is no file or it names none.

    Other errors in manifests are ignored: a failure is reported, too. Raises Problems where the notifications or the
    environment have errors.
    """
    data = _file_with_notifications(root)
    if not data:
        return None
    parsed = read(data, PROJECT_FILE)
    settings, _ = settings_of(parsed, Sources())
    chosen, errors = choose_environment(settings, wanted=environment)
    found, more = notifications_of(settings, chosen)
    if found and (errors or more):
        raise Problems([*errors, *more])
    secrets = Secrets(root, environ, programs=settings.texts("secretCommands"))
    return ProjectNotifications(settings.project_name(root), chosen.name, found, secrets) if found else None


def _file_with_notifications(root: Path) -> bytes:
    """Returns the bytes of the project file; empty where there is none, or it does not name notifications."""
    try:
        data = read_file(root / PROJECT_FILE, most=LARGEST)
    except OSError:
        return b""
    return data if _KEY.encode() in data else b""
