"""Where a notification goes, with its secrets in clear. Frozen values, no I/O."""

from __future__ import annotations

import enum
from dataclasses import field
from typing import TypeAlias

from novita_infra.model.frozen import dataclass


class MailTls(enum.Enum):
    """How a connection to a mail server is encrypted; the values are the words of a manifest."""

    START_TLS = "startTls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that takes the document itself, signed as the Standard Webhooks specification says."""

    url: str = field(repr=False)
    secret: str = field(repr=False)
    """`whsec_` and base64."""
    allows_http: bool = False
    """Whether an address without TLS is allowed that is not on this machine."""


@dataclass(frozen=True, slots=True)
class Slack:
    """An incoming webhook of Slack. Its address is a secret."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Teams:
    """A workflow of Microsoft Teams that takes adaptive cards. Its address is a secret."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Email:
    """Mail through a server that takes it by SMTP."""

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    tls: MailTls = MailTls.START_TLS
    user: str = ""
    password: str = field(default="", repr=False)


Channel: TypeAlias = Webhook | Slack | Teams | Email


def secrets_of_channel(channel: Channel) -> frozenset[str]:
    """What no message about the channel may show."""
    match channel:
        case Webhook(url, secret):
            found = {url, secret, secret.removeprefix("whsec_")}
        case Slack(url) | Teams(url):
            found = {url}
        case Email(password=password):
            found = {password}
    return frozenset(found - {""})
