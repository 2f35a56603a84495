"""The service behind the address of a log: which address is read, with what, and how it answers.

The key is sent only to the API's own host, whatever the address is. Another host is read at an address that was
checked: its name is looked up once, and the connection goes to what was found. Through a proxy the proxy looks it up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx

from novita_infra.api.limits.governor import Governor
from novita_infra.api.logs.hosts import Resolve, may_be_public, public_addresses
from novita_infra.api.transport.client_pools import ClientPools
from novita_infra.api.transport.connections import origin_of
from novita_infra.api.transport.proxies import proxy_to


class LogSource:
    """Requests of logs for one account, each with one attempt."""

    def __init__(
        self, pools: ClientPools, *, api: str, headers: httpx.Headers, governor: Governor, resolve: Resolve | None
    ) -> None:
        """`resolve` looks up the host of a log; None without a network."""
        self._pools = pools
        self._api = httpx.URL(api)
        self._headers = headers
        self._governor = governor
        self._resolve = resolve

    def url(self, address: str) -> httpx.URL | None:
        """The address to read; None for another scheme, and for a foreign host inside this network."""
        if not address.startswith(("/", "http://", "https://")):
            return None
        try:
            url = self._api.join(address)
        except (httpx.InvalidURL, ValueError):
            return None
        if url.scheme not in {"http", "https"} or not 0 <= (url.port or 0) < 65_536:
            return None
        return url if self._is_own(url) or may_be_public(url.host) else None

    @asynccontextmanager
    async def open(self, url: httpx.URL, *, span: str, limits: httpx.Timeout) -> AsyncIterator[httpx.Response | None]:
        """The answer, whose body is not yet read; None if the host has no address that may be read.

        `span` is the Range to ask for; empty for the whole log. Raises httpx.HTTPError, OSError and Problems.
        """
        requests = [self._request(url, span, limits)] if self._is_own(url) else await self._foreign(url, span, limits)
        async with AsyncExitStack() as stack:
            http = stack.enter_context(self._pools.one())
            answer = None
            for left, request in zip(range(len(requests) - 1, -1, -1), requests, strict=True):
                try:
                    answer = await self._send(http, request)
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

    def _request(self, url: httpx.URL, span: str, limits: httpx.Timeout) -> httpx.Request:
        headers = httpx.Headers(self._headers if self._is_own(url) else {"User-Agent": self._headers["User-Agent"]})
        headers.update({"Accept": "*/*", "Accept-Encoding": "identity"})
        if span:
            headers["Range"] = span
        return httpx.Request("GET", url, headers=headers, extensions={"timeout": limits.as_dict()})

    async def _foreign(self, url: httpx.URL, span: str, limits: httpx.Timeout) -> list[httpx.Request]:
        """A request for each public address of the host; none if the host has another. Raises OSError."""
        request = self._request(url, span, limits)
        if self._resolve is None:
            return [request]
        _, host, port = origin_of(url)
        if proxy_to(url):
            with suppress(OSError):  # a name that only the proxy knows
                return [request] if await public_addresses(host, port, self._resolve) else []
            return [request]
        requests = []
        for address in await public_addresses(host, port, self._resolve):
            fixed = self._request(url.copy_with(host=address), span, limits)
            fixed.headers["Host"] = request.headers["Host"]
            fixed.headers["Connection"] = "close"  # a connection is for one name, and the pool knows its address only
            fixed.extensions["sni_hostname"] = host.strip("[]")  # the name that the certificate must have
            requests.append(fixed)
        return requests


def is_log(answer: httpx.Response) -> bool:
    """Whether the answer is text as requested: not compressed, and no web page."""
    packed = answer.headers.get("Content-Encoding", "identity") != "identity"
    page = answer.headers.get("Content-Type", "").startswith("text/html")
    return answer.status_code in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT} and not packed and not page
