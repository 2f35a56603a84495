"""Where a notification goes, with its secrets in clear. Frozen values, no I/O."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import field
from typing import Final, TypeAlias

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


_LEAST: Final = 6
"""Characters of a part of an address from which on it may be a secret by itself."""


def secrets_of_channel(channel: Channel) -> frozenset[str]:
    """What no message about the channel may show: also each part of an address after the host."""
    match channel:
        case Webhook(url, secret):
            found = {secret, secret.removeprefix("whsec_"), *_parts(url)}
        case Slack(url) | Teams(url):
            found = {*_parts(url)}
        case Email(password=password):
            found = {password}
    return frozenset(found - {""})


def _parts(url: str) -> Iterator[str]:
    _, _, rest = url.partition("://")
    login, _, _ = rest.partition("/")[0].rpartition("@")
    path = rest.partition("/")[2]
    yield from (url, path, f"/{path}" if path else "")
    yield from (part for part in re.split("[/?&=#;:]", f"{path}/{login}") if len(part) >= _LEAST)
