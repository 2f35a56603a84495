"""Delivers the document of a notice over any channel."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any

from novita_infra.notices.delivery.attempts import Sleep, Undelivered
from novita_infra.notices.delivery.channels import Channel, Email, Slack, Teams, Webhook, secrets_of_channel
from novita_infra.notices.delivery.chat import slack_body, teams_body
from novita_infra.notices.delivery.mail import send_mail
from novita_infra.notices.delivery.posting import post_notice
from novita_infra.notices.delivery.signing import UnusableKey, signed_headers
from novita_infra.notices.delivery.wording import wording_of


def deliver(
    document: Mapping[str, Any],
    channel: Channel,
    *,
    secrets: Collection[str] = (),
    now: Callable[[], float] = time.time,
    sleep: Sleep = time.sleep,
) -> str:
    """Sends the document. Returns the answer, for a person. Raises Undelivered.

    No message shows one of the `secrets`. `now` gives Unix seconds.
    """
    message_id = f"msg_{uuid.uuid4().hex}"  # the same in all attempts, so that a receiver can drop duplicates
    hidden = secrets_of_channel(channel).union(secrets)
    match channel:
        case Webhook():
            body = json.dumps(document, ensure_ascii=False).encode()

            def headers() -> Mapping[str, str]:
                try:
                    return signed_headers(channel.secret, body, message_id=message_id, at=now())
                except UnusableKey as error:
                    raise Undelivered(str(error)) from None

            return post_notice(channel.url, body, headers, secrets=hidden, allows_http=channel.allows_http, sleep=sleep)
        case Slack():
            return post_notice(channel.url, slack_body(wording_of(document)), dict, secrets=hidden, sleep=sleep)
        case Teams():
            return post_notice(channel.url, teams_body(wording_of(document)), dict, secrets=hidden, sleep=sleep)
        case Email():
            words = wording_of(document)
            return send_mail(channel, words, message_id=message_id, at=now(), secrets=hidden, sleep=sleep)
