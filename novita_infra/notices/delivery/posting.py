"""Posts a notification over HTTP, through the proxies and with the authorities of the environment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Final

import httpx

from novita_infra import __version__
from novita_infra.api.transport.blocking import BlockingTransport
from novita_infra.api.transport.trust import tls_failure
from novita_infra.model.diagnostics import Problems
from novita_infra.notices.delivery.attempts import TIMEOUT, Sleep, Undelivered, delivered_by_attempts, said, said_by

_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOST_READ: Final = 2048
"""Bytes of an answer that are read."""


def post_notice(
    url: str,
    body: bytes,
    headers: Callable[[], Mapping[str, str]],
    *,
    secrets: Collection[str],
    allows_http: bool = False,
    sleep: Sleep,
) -> str:
    """Sends the body, with headers made for each attempt. Returns the status of the answer. Raises Undelivered.

    No redirect is followed: the body would go to an address that no manifest names.
    """
    target = _checked(url, allows_http=allows_http)

    with BlockingTransport() as transport, httpx.Client(transport=transport, timeout=httpx.Timeout(TIMEOUT)) as client:

        def once() -> str:
            sent = {
                "content-type": "application/json",
                "user-agent": f"novita-infra/{__version__}",
                "accept-encoding": "identity",
                **headers(),
            }
            try:
                with client.stream("POST", target, headers=sent, content=body) as answer:
                    words = said(_read(answer), secrets)
            except Problems as wrong:  # a proxy or an authority of the environment
                raise Undelivered(said("; ".join(map(str, wrong.diagnostics)), secrets)) from None
            except httpx.HTTPError as error:
                if failure := tls_failure(error, target.host):
                    raise Undelivered(said(failure.summary, secrets)) from None
                raise Undelivered(said_by(error, secrets), may_pass=True) from None
            return _judged(answer, words)

        return delivered_by_attempts(once, sleep)


def _judged(answer: httpx.Response, words: str) -> str:
    status = answer.status_code
    if status < 300:
        return str(status)
    if status < 400:
        raise Undelivered(f"it answered {status}: redirects are not followed")
    wait = _wait_of(answer.headers)
    raise Undelivered(f"it answered {status}{f': {words}' if words else ''}", may_pass=status in _PASSING, wait=wait)


def _wait_of(headers: httpx.Headers) -> float:
    """The pause of `Retry-After` in seconds; a date counts from the receiver's own clock. 0 where it asks for none."""
    after = headers.get("retry-after", "")
    if after.isascii() and after.isdecimal():
        return float(after)
    try:
        return max(0.0, (parsedate_to_datetime(after) - parsedate_to_datetime(headers["date"])).total_seconds())
    except (KeyError, ValueError, TypeError):
        return 0.0


def _read(answer: httpx.Response) -> str:
    found = bytearray()
    for piece in answer.iter_raw():
        found += piece
        if len(found) >= _MOST_READ:
            break
    return bytes(found[:_MOST_READ]).decode("utf-8", "replace")


def _checked(url: str, *, allows_http: bool) -> httpx.URL:
    """The address, with TLS unless it is on this machine. Raises Undelivered."""
    try:
        target = httpx.URL(url.strip())
    except (httpx.InvalidURL, ValueError):
        raise Undelivered("its address is no URL") from None
    if target.scheme not in {"https", "http"} or not target.host:
        raise Undelivered("its address is no URL that begins with https://")
    if target.scheme == "http" and not allows_http and not is_loopback(target.host):
        raise Undelivered("its address begins with http://, which is allowed for this machine only")
    return target


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by its name or its address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
