"""Sends notices over the notifications of a project: all at one time, and for a bounded time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from novita_infra.api.known_secrets import OF_THIS_RUN, KnownSecrets
from novita_infra.manifests.language.expressions import secrets_of_environment
from novita_infra.manifests.project.rules.project_notifications import NotificationSettings, ProjectNotifications
from novita_infra.model.diagnostics import Problems
from novita_infra.model.frozen import dataclass
from novita_infra.notices.delivery.attempts import Undelivered
from novita_infra.notices.delivery.channels import Channel, Email, MailTls, Slack, Teams, Webhook, secrets_of_channel
from novita_infra.notices.delivery.delivering import deliver
from novita_infra.notices.document import Notice

LONGEST: Final = 45.0
"""Seconds after which no answer is waited for."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one notification."""

    name: str
    channel: str
    delivered: bool
    answer: str
    """The answer, or why there is none; no secret and no address."""


def send_all(
    project: ProjectNotifications,
    due: Sequence[tuple[NotificationSettings, Notice]],
    environ: Mapping[str, str],
    *,
    longest: float = LONGEST,
) -> list[Sent]:
    """Sends each notice over its notification. Returns what came of each, in their order; raises nothing of theirs.

    No document and no answer holds a secret of this run, of the environment or of a notification.
    """
    channels = [_channel(project, setting) for setting, _ in due]
    known = KnownSecrets(environ.get("NOVITA_API_KEY", ""), *secrets_of_environment(environ), *OF_THIS_RUN.all())
    known.add(lambda: [item for one in channels if not isinstance(one, str) for item in secrets_of_channel(one)])
    secrets = known.all() - {""}
    answers: queue.SimpleQueue[tuple[int, bool, str]] = queue.SimpleQueue()
    found = dict.fromkeys(range(len(due)), (False, f"no answer in {longest:g} seconds"))
    waiting = 0
    for number, ((_, notice), channel) in enumerate(zip(due, channels, strict=True)):
        if isinstance(channel, str):
            found[number] = (False, channel)
            continue
        work = (number, notice.document(known), channel, secrets, answers)
        threading.Thread(target=_deliver, args=work, daemon=True).start()
        waiting += 1
    end = time.monotonic() + longest
    while waiting:
        try:
            number, delivered, answer = answers.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        found[number] = (delivered, answer)
        waiting -= 1
    return [Sent(setting.name, setting.channel, *found[number]) for number, (setting, _) in enumerate(due)]


def _deliver(
    number: int,
    document: Mapping[str, Any],
    channel: Channel,
    secrets: frozenset[str],
    answers: queue.SimpleQueue[tuple[int, bool, str]],
) -> None:
    try:
        answers.put((number, True, deliver(document, channel, secrets=secrets)))
    except Undelivered as why:
        answers.put((number, False, str(why)))
    except Exception as error:  # noqa: BLE001 -- a thread has no caller, and a message may hold a secret
        answers.put((number, False, f"internal error: {type(error).__name__}"))


def _channel(project: ProjectNotifications, setting: NotificationSettings) -> Channel | str:
    """The channel with its secrets; or why one of them cannot be read, or what is wrong in it."""
    try:
        options = project.options_of(setting)
    except Problems as wrong:
        return "; ".join(map(str, wrong.diagnostics))
    try:
        return _with_options(setting.channel, options)
    except (KeyError, ValueError, TypeError):
        return "its settings have errors, which `novita-infra validate` names"


def _with_options(channel: str, options: Mapping[str, Any]) -> Channel:
    match channel:
        case "webhook":
            return Webhook(options["url"], options["secret"], allows_http=options.get("allowHttp") is True)
        case "slack":
            return Slack(options["url"])
        case "teams":
            return Teams(options["url"])
        case _:
            host, _, port = options["smtp"].rpartition(":")
            return Email(
                host,
                int(port),
                options["from"],
                tuple(options["to"]),
                MailTls(options.get("tls", MailTls.START_TLS.value)),
                options.get("user", ""),
                options.get("password", ""),
            )
