"""Clients of httpx in lanes of five connections: for what goes through a proxy, stays in the process or is streamed.

The pool under httpx takes time quadratic in its open connections: at fifty in flight 1,000 calls take several times as
long through one pool as through ten small ones (benchmarks/api_overhead.py).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import httpx

_WIDTH: Final = 5
_IDLE: Final = 4.0
"""Seconds that an idle connection is kept. Less than the five after which common servers hang up, so that no write
meets a connection that is just being closed and loses its answer."""


class ClientPools:
    """HTTP clients that are opened as more calls are in flight. An own transport (in-process) makes a single lane."""

    def __init__(self, *, timeout: httpx.Timeout, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._timeout = timeout
        self._transport = transport
        self._tls: ssl.SSLContext | None = None
        self._lanes: list[_Lane] = []

    @property
    def count(self) -> int:
        """The lanes opened so far."""
        return len(self._lanes)

    @contextmanager
    def one(self) -> Iterator[httpx.AsyncClient]:
        """A client with a free connection; fullest lanes first, so that few connections stay warm."""
        lane = next((lane for lane in self._lanes if self._transport or lane.in_flight < _WIDTH), None) or self._open()
        lane.in_flight += 1
        try:
            yield lane.http
        finally:
            lane.in_flight -= 1

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The whole answer; redirects are not followed."""
        with self.one() as http:
            return await http.send(request, follow_redirects=False)

    async def close(self) -> None:
        """Closes every connection."""
        while self._lanes:
            await self._lanes.pop().http.aclose()

    def _open(self) -> _Lane:
        if self._transport:
            http = httpx.AsyncClient(transport=self._transport, timeout=self._timeout)
        else:
            self._tls = self._tls or httpx.create_ssl_context()  # costs 20 ms, so it is shared
            limits = httpx.Limits(max_connections=_WIDTH, keepalive_expiry=_IDLE)
            http = httpx.AsyncClient(verify=self._tls, limits=limits, timeout=self._timeout)
        self._lanes.append(_Lane(http))
        return self._lanes[-1]


@dataclass(slots=True)
class _Lane:
    http: httpx.AsyncClient
    in_flight: int = 0
