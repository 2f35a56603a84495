"""Requests of whole addresses that answers of the API hold: which may be called, with what, and how they answer.

The key is sent only to the API's own host, whatever the address is. Another host is called at an address that was
checked: its name is looked up once, and the connection goes to what was found. Through a proxy the proxy looks it up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from ipaddress import ip_address
from typing import Final

import httpx

from novita_infra.api.limits.governor import Governor
from novita_infra.api.streams.hosts import Resolve, may_be_public, public_addresses
from novita_infra.api.transport.client_pools import ClientPools
from novita_infra.api.transport.connections import origin_of
from novita_infra.api.transport.proxies import proxy_to

_KEYED: Final = "Authorization"


class AddressSource:
    """Requests for one account, each with one attempt."""

    def __init__(
        self, pools: ClientPools, *, api: str, headers: httpx.Headers, governor: Governor, resolve: Resolve | None
    ) -> None:
        """`resolve` looks up the host of an address; None without a network."""
        self._pools = pools
        self._api = httpx.URL(api)
        self._headers = headers
        self._governor = governor
        self._resolve = resolve

    def url(self, address: str) -> httpx.URL | None:
        """The address to call; None for another scheme, and for a foreign host inside this network."""
        if not address.startswith(("/", "http://", "https://")):
            return None
        try:
            url = self._api.join(address)
        except (httpx.InvalidURL, ValueError):
            return None
        if url.scheme not in {"http", "https"} or not 0 <= (url.port or 0) < 65_536:
            return None
        return url if self._is_own(url) or may_be_public(url.host) else None

    def is_guarded(self, url: httpx.URL) -> bool:
        """Whether nobody between the API's users and the host reads along: with TLS, or on this machine. The API's own
        address is what the user says it is.
        """
        return url.scheme == "https" or _is_loopback(url.host) or self._is_own(url)

    @asynccontextmanager
    async def open(
        self,
        url: httpx.URL,
        *,
        limits: httpx.Timeout,
        headers: Mapping[str, str],
        method: str = "GET",
        content: bytes = b"",
        keyed: bool = True,
    ) -> AsyncIterator[httpx.Response | None]:
        """The answer, whose body is not yet read; None if the host has no address that may be called.

        `keyed` sends the key, if the host is the API's own. Raises httpx.HTTPError, OSError and Problems.
        """
        request = self._request(method, url, headers, content, limits, keyed=keyed)
        requests = [request] if self._is_own(url) else await self._foreign(request)
        async with AsyncExitStack() as stack:
            http = stack.enter_context(self._pools.one())
            answer = None
            for left, one in zip(range(len(requests) - 1, -1, -1), requests, strict=True):
                try:
                    answer = await self._send(http, one)
                    break
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    if not left:
                        raise
            if answer is not None:
                stack.push_async_callback(answer.aclose)
            yield answer

    async def _send(self, http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        if not self._is_own(request.url):
            return await http.send(request, stream=True, follow_redirects=False)
        async with self._governor.slot():
            return await http.send(request, stream=True, follow_redirects=False)

    def _is_own(self, url: httpx.URL) -> bool:
        return origin_of(url) == origin_of(self._api)

    def _request(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        content: bytes,
        limits: httpx.Timeout,
        *,
        keyed: bool,
    ) -> httpx.Request:
        sent = httpx.Headers(
            {"User-Agent": self._headers["User-Agent"], "Accept": "*/*", "Accept-Encoding": "identity"}
        )
        if keyed and self._is_own(url):
            sent[_KEYED] = self._headers[_KEYED]
        sent.update(headers)
        return httpx.Request(method, url, headers=sent, content=content, extensions={"timeout": limits.as_dict()})

    async def _foreign(self, request: httpx.Request) -> list[httpx.Request]:
        """A request for each public address of the host; none if the host has another. Raises OSError."""
        if self._resolve is None:
            return [request]
        _, host, port = origin_of(request.url)
        if proxy_to(request.url):
            with suppress(OSError):  # a name that only the proxy knows
                return [request] if await public_addresses(host, port, self._resolve) else []
            return [request]
        requests = []
        for address in await public_addresses(host, port, self._resolve):
            fixed = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                content=request.content,
                extensions=dict(request.extensions),
            )
            fixed.headers["Host"] = request.headers["Host"]
            fixed.headers["Connection"] = "close"  # a connection is for one name, and the pool knows its address only
            fixed.extensions["sni_hostname"] = host.strip("[]")  # the name that the certificate must have
            requests.append(fixed)
        return requests


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
