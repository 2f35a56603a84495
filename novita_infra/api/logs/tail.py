"""Reads the end of a log from the address in an answer. It explains a failure, and never fails itself.

The key is sent only to the API's own host, whatever the address is. Another host is read at an address that was
checked: its name is looked up once, and the connection goes to what was found. Through a proxy the proxy looks it up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from typing import Final

import httpx

from novita_infra.api.limits.governor import Governor
from novita_infra.api.logs.hosts import Resolve, may_be_public, public_addresses
from novita_infra.api.logs.lines import extract_lines
from novita_infra.api.transport.client_pools import ClientPools
from novita_infra.api.transport.connections import origin_of
from novita_infra.api.transport.proxies import proxy_to
from novita_infra.model.diagnostics import Problems

TAIL: Final = 65_536
"""Bytes at the end of a log that are used."""
LARGEST: Final = 4 * 1024 * 1024
"""Bytes that are read if the server sends more than the end; a longer log gives no lines."""
IDLE: Final = 2.0
"""Seconds without a byte after which an open log counts as read to its end."""
PATIENCE: Final = 5.0
"""Seconds for the whole read, including the wait for a free slot."""
AT_ONCE: Final = 8


class Logs:
    """Reads logs for one account, each with one attempt. An unreadable log gives no lines."""

    def __init__(
        self, pools: ClientPools, *, api: str, headers: httpx.Headers, governor: Governor, resolve: Resolve | None
    ) -> None:
        """`resolve` looks up the host of a log; None without a network."""
        self._pools = pools
        self._api = httpx.URL(api)
        self._headers = headers
        self._governor = governor
        self._resolve = resolve
        self._places = asyncio.Semaphore(AT_ONCE)

    async def last_lines(self, address: str, *, secrets: Iterable[str]) -> tuple[str, ...]:
        """The last lines of the log at an address or at a path of the API's host, without the secrets."""
        url = self._url(address)
        if url is None:
            return ()
        end = _End()
        # The bytes that came before the time was up or the connection broke are still the best available.
        with suppress(TimeoutError, httpx.HTTPError, httpx.StreamError, OSError, Problems):
            async with asyncio.timeout(PATIENCE), self._places:
                await self._read(url, end)
        return end.lines(secrets)

    async def _read(self, url: httpx.URL, end: _End) -> None:
        own = origin_of(url) == origin_of(self._api)
        for request in [self._request(url, own=True)] if own else await self._foreign(url):
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                await self._send(request, end, own=own)
                return

    def _request(self, url: httpx.URL, *, own: bool) -> httpx.Request:
        headers = httpx.Headers(self._headers if own else {"User-Agent": self._headers["User-Agent"]})
        headers.update({"Accept": "*/*", "Accept-Encoding": "identity", "Range": f"bytes=-{TAIL}"})
        return httpx.Request("GET", url, headers=headers, extensions={"timeout": httpx.Timeout(IDLE).as_dict()})

    async def _foreign(self, url: httpx.URL) -> list[httpx.Request]:
        """A request for each public address of the host; none if the host has another. Raises OSError."""
        request = self._request(url, own=False)
        if self._resolve is None:
            return [request]
        _, host, port = origin_of(url)
        if proxy_to(url):
            with suppress(OSError):  # a name that only the proxy knows
                return [request] if await public_addresses(host, port, self._resolve) else []
            return [request]
        requests = []
        for address in await public_addresses(host, port, self._resolve):
            fixed = self._request(url.copy_with(host=address), own=False)
            fixed.headers["Host"] = request.headers["Host"]
            fixed.headers["Connection"] = "close"  # a connection is for one name, and the pool knows its address only
            fixed.extensions["sni_hostname"] = host.strip("[]")  # the name that the certificate must have
            requests.append(fixed)
        return requests

    async def _send(self, request: httpx.Request, end: _End, *, own: bool) -> None:
        async with AsyncExitStack() as stack:
            if own:
                await stack.enter_async_context(self._governor.slot())
            http = stack.enter_context(self._pools.one())
            answer = await http.send(request, stream=True, follow_redirects=False)
            stack.push_async_callback(answer.aclose)
            if not _is_log(answer):
                return
            end.cut_off = answer.status_code == httpx.codes.PARTIAL_CONTENT and not answer.headers.get(
                "Content-Range", ""
            ).startswith("bytes 0-")
            if answer.is_stream_consumed:  # the simulator in this process gives an answer whole
                end.take(answer.content)
                return
            async for piece in answer.aiter_raw():
                if not end.take(piece):
                    return

    def _url(self, address: str) -> httpx.URL | None:
        """The address to read; None for another scheme, and for a foreign host inside this network."""
        if not address.startswith(("/", "http://", "https://")):
            return None
        try:
            url = self._api.join(address)
        except (httpx.InvalidURL, ValueError):
            return None
        if url.scheme not in {"http", "https"} or not 0 <= (url.port or 0) < 65_536:
            return None
        return url if origin_of(url) == origin_of(self._api) or may_be_public(url.host) else None


class _End:
    """The last bytes that have come so far."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._length = 0
        self.cut_off = False

    def take(self, piece: bytes) -> bool:
        """Adds the piece. Returns whether to read on; drops everything if the log is too long to reach its end."""
        self._length += len(piece)
        self._data += piece
        if self._length > LARGEST:
            self._data.clear()
            return False
        if len(self._data) > TAIL:
            del self._data[:-TAIL]
            self.cut_off = True
        return True

    def lines(self, secrets: Iterable[str]) -> tuple[str, ...]:
        return extract_lines(bytes(self._data), secrets=secrets, cut_off=self.cut_off)


def _is_log(answer: httpx.Response) -> bool:
    """Whether the answer is text as requested: not compressed, and no web page."""
    packed = answer.headers.get("Content-Encoding", "identity") != "identity"
    page = answer.headers.get("Content-Type", "").startswith("text/html")
    return answer.status_code in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT} and not packed and not page
