"""Clients of httpx with five connections each: for calls through a proxy, in the same process, or streamed.

The pool under httpx takes time quadratic in its open connections: at fifty in flight 1,000 calls take several times as
long through one pool as through ten small ones (benchmarks/api_overhead.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import httpx

from novita_infra.api.transport.bodies import checked_size, whole_response
from novita_infra.api.transport.proxies import ProxiedTransport

_WIDTH: Final = 5
_IDLE: Final = 4.0
"""Seconds that an idle connection is kept. Less than the five after which common servers hang up, so that no write
meets a connection that is just being closed and loses its answer."""


class ClientPools:
    """HTTP clients that are opened as more calls are in flight. An own transport (in-process) has a single client."""

    def __init__(self, *, timeout: httpx.Timeout, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._timeout = timeout
        self._transport = transport
        self._pools: list[_Pool] = []

    @property
    def count(self) -> int:
        """The clients opened so far."""
        return len(self._pools)

    @contextmanager
    def one(self) -> Iterator[httpx.AsyncClient]:
        """A client with a free connection; the fullest first, so that few connections are kept open."""
        pool = next((pool for pool in self._pools if self._transport or pool.in_flight < _WIDTH), None) or self._open()
        pool.in_flight += 1
        try:
            yield pool.http
        finally:
            pool.in_flight -= 1

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The whole answer; redirects are not followed. Raises an httpx.HTTPError."""
        if self._transport:  # an httpx client around it takes a quarter of the whole call
            answer = await self._transport.handle_async_request(request)
            await answer.aread()
            return answer
        with self.one() as http:
            answer = await http.send(request, stream=True, follow_redirects=False)
            try:
                body = bytearray()
                async for piece in answer.aiter_raw():
                    body += piece
                    checked_size(len(body))
            finally:
                await answer.aclose()
        return whole_response(answer.status_code, answer.headers, bytes(body), answer.extensions)

    async def close(self) -> None:
        """Closes every connection."""
        while self._pools:
            await self._pools.pop().http.aclose()
        if self._transport:
            await self._transport.aclose()

    def _open(self) -> _Pool:
        if self._transport:
            http = httpx.AsyncClient(transport=self._transport, timeout=self._timeout)
        else:
            limits = httpx.Limits(max_connections=_WIDTH, keepalive_expiry=_IDLE)
            http = httpx.AsyncClient(transport=ProxiedTransport(limits), timeout=self._timeout)
        self._pools.append(_Pool(http))
        return self._pools[-1]


@dataclass(slots=True)
class _Pool:
    http: httpx.AsyncClient
    in_flight: int = 0
