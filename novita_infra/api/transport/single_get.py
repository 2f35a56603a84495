"""One GET to a server that is not Novita, such as a vault: bounded, not repeated, and without redirects."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final

import httpx

from novita_infra.api.transport.proxies import proxy_to
from novita_infra.api.transport.trust import tls_context, tls_failure
from novita_infra.model.diagnostics import Problems

_TIMEOUT: Final = 30.0
"""Seconds for the whole answer."""


class Unreached(Exception):
    """Why there is no answer."""

    def __init__(self, summary: str, advice: str = "") -> None:
        super().__init__(summary)
        self.advice = advice


async def get_once(
    url: str, headers: Mapping[str, str], *, authorities: str, most: int, subject: str
) -> tuple[int, bytes]:
    """The status and the body of the answer, of at most `most` bytes. Raises Unreached.

    `authorities` is a file of the certificates to trust; empty for those that all calls trust. `subject` is the server,
    for messages.
    """
    address = httpx.URL(url)
    host = f"{address.host}:{address.port}" if address.port else address.host
    try:
        proxy = proxy_to(address)
        trusted = _trusting(authorities) if authorities else tls_context()
    except Problems as error:
        raise Unreached(error.diagnostics[0].summary, error.diagnostics[0].hint) from None
    transport = httpx.AsyncHTTPTransport(
        verify=trusted, trust_env=False, proxy=httpx.Proxy(proxy.address) if proxy else None
    )
    body = bytearray()
    try:
        async with (
            asyncio.timeout(_TIMEOUT),
            httpx.AsyncClient(transport=transport, timeout=_TIMEOUT) as http,
            http.stream("GET", address, headers={**headers, "Accept-Encoding": "identity"}) as answer,
        ):
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > most:
                    raise Unreached(f"the answer of {subject} at {host} is larger than {most >> 20} MB")
            return answer.status_code, bytes(body)
    except (TimeoutError, httpx.TimeoutException):
        raise Unreached(f"{subject} at {host} did not answer in {_TIMEOUT:g} s") from None
    except httpx.HTTPError as error:
        if failure := tls_failure(error, host):
            raise Unreached(
                f"{subject}: {failure.summary}", "name its authority with BAO_CACERT or VAULT_CACERT"
            ) from None
        way = f" through the proxy {proxy.place} ({proxy.variable})" if proxy else ""
        raise Unreached(f"{subject} at {host} cannot be reached{way}: {error or type(error).__name__}") from None


def _trusting(file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unreached(f"the certificates in {file} cannot be read: {reason}") from None
