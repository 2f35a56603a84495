"""HTTP/1.1 connections under httpx for short answers: h11 over a bare asyncio protocol, straight to the host.

The pool under httpx takes twice the time per call and more with each open connection (benchmarks/api_overhead.py).
Calls through a proxy and streamed answers use `client_pools`.
"""

from __future__ import annotations

import asyncio
import select
import socket
from dataclasses import dataclass, field
from typing import Final, TypeAlias, cast

import h11
import httpx

from novita_infra.api.transport.bodies import checked_size, whole_response
from novita_infra.api.transport.trust import tls_context

_KEPT: Final = 4.0
"""Seconds that an idle connection is kept. Less than the five after which common servers hang up, so that no write
meets a connection that is just being closed and loses its answer."""
_HEAD_START: Final = 0.25
"""Seconds after which the next address of a host is tried beside the one before."""

_Origin: TypeAlias = tuple[str, str, int]
"""Scheme, host and port."""


def origin_of(url: httpx.URL) -> _Origin:
    """Scheme, host and port of a http or https address."""
    return url.scheme, url.raw_host.decode("ascii"), url.port or {"http": 80, "https": 443}[url.scheme]


class Connections(httpx.AsyncBaseTransport):
    """Any number of connections, each used again while it is open. An answer is returned whole.

    Raises httpx.ConnectError or ConnectTimeout as long as nothing was sent, any other httpx.HTTPError after that, and
    Problems for certificates that cannot be used.
    """

    def __init__(self, *, keep: float = _KEPT) -> None:
        """`keep`: seconds that an idle connection is kept."""
        self._keep = keep
        self._idle: list[_Connection] = []
        """The one used last is at the end."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        timeout: dict[str, float | None] = request.extensions["timeout"]
        connection = self._warm(origin_of(request.url)) or await self._connect(request.url, timeout["connect"])
        try:
            async with asyncio.timeout(timeout["read"]) as limit:
                response = await connection.exchange(request, body, limit=limit, patience=timeout["read"])
        except TimeoutError as error:
            raise httpx.ReadTimeout("no bytes in time") from error
        finally:
            if connection.rests():
                self._idle.append(connection)
            else:
                connection.drop()
        return response

    async def aclose(self) -> None:
        """Closes idle connections; a call in flight closes its own."""
        while self._idle:
            self._idle.pop().drop()
        await asyncio.sleep(0)  # the sockets are closed by the loop

    def _warm(self, origin: _Origin) -> _Connection | None:
        """A connection that may be used again; closes those that were idle too long."""
        now = asyncio.get_running_loop().time()
        while self._idle and now - self._idle[0].since >= self._keep:
            self._idle.pop(0).drop()
        for connection in reversed(self._idle):
            if connection.origin == origin:
                self._idle.remove(connection)
                if not connection.has_news():
                    return connection
                connection.drop()
        return None

    async def _connect(self, url: httpx.URL, patience: float | None) -> _Connection:
        scheme, host, port = origin = origin_of(url)
        tls = tls_context() if scheme == "https" else None
        try:
            async with asyncio.timeout(patience):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: _Connection(origin),
                    host,
                    port,
                    ssl=tls,
                    happy_eyeballs_delay=_HEAD_START,
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout("no connection in time") from error
        except (OSError, UnicodeError) as error:  # TLS and names that cannot be looked up included
            raise httpx.ConnectError(str(error)) from error
        return connection


@dataclass(slots=True)
class _Call:
    """A call in flight, with the parts of its answer that have come so far."""

    answer: asyncio.Future[httpx.Response]
    limit: asyncio.Timeout
    patience: float | None
    """Seconds by which the limit moves whenever bytes come."""
    head: h11.Response | None = None
    body: list[bytes] = field(default_factory=list)
    size: int = 0
    """The bytes that have come, heads included."""

    def whole(self, head: h11.Response) -> httpx.Response:
        """Raises httpx.DecodingError."""
        about: dict[str, object] = {"http_version": b"HTTP/" + head.http_version, "reason_phrase": head.reason}
        return whole_response(head.status_code, httpx.Headers(head.headers.raw_items()), b"".join(self.body), about)


class _Connection(asyncio.Protocol):
    """One connection with one call at a time."""

    def __init__(self, origin: _Origin) -> None:
        self.origin = origin
        self.since = 0.0
        """The end of the last answer, in the loop's time."""
        self._http = h11.Connection(h11.CLIENT)
        self._lost: Exception | None = None
        self._call: _Call | None = None

    async def exchange(
        self, request: httpx.Request, body: bytes, *, limit: asyncio.Timeout, patience: float | None
    ) -> httpx.Response:
        """The whole answer to the request. `limit` moves by `patience` seconds whenever bytes come."""
        loop = asyncio.get_running_loop()
        try:
            sent = h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
            data = [self._http.send(part) or b"" for part in (sent, h11.Data(body), h11.EndOfMessage())]
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from error
        if self._lost:  # between its beginning and this call: nothing was sent
            raise httpx.ConnectError(str(self._lost))
        self._call = _Call(loop.create_future(), limit, patience)
        self._transport.write(b"".join(data))
        try:
            return await self._call.answer
        finally:
            self._call, self.since = None, loop.time()

    def rests(self) -> bool:
        """Whether the last call has ended completely, and the server keeps the connection open."""
        return self._lost is None and self._http.our_state is h11.IDLE

    def has_news(self) -> bool:
        """Whether the connection is closed, or unexpected bytes came: as a rule its end."""
        return self._lost is not None or _is_readable(self._transport.get_extra_info("socket"))

    def drop(self) -> None:
        """Closes the connection at once."""
        self._transport.abort()

    # --- callbacks of the event loop ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._take(data)

    def eof_received(self) -> None:
        self._take(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(httpx.ReadError(str(exc or "the connection was closed")))

    def _take(self, data: bytes) -> None:
        call = self._call
        if call is None or call.answer.done():
            self._fail(httpx.RemoteProtocolError("the server spoke out of turn"))
            return
        if call.patience is not None and data:
            call.limit.reschedule(asyncio.get_running_loop().time() + call.patience)
        try:
            call.size = checked_size(call.size + len(data))
            self._http.receive_data(data)
            while self._read(call):
                pass
        except httpx.DecodingError as error:
            self._fail(error)
        except h11.RemoteProtocolError as error:
            message = str(error) if data else "the connection was closed before the answer was whole"
            self._fail(httpx.RemoteProtocolError(message))

    def _read(self, call: _Call) -> bool:
        """Reads the next part of the answer. Returns whether there may be more."""
        match self._http.next_event():
            case h11.Response() as head:
                call.head = head
            case h11.InformationalResponse():
                pass
            case h11.Data() as part:
                call.body.append(bytes(part.data))
            case h11.EndOfMessage() if call.head:
                answer = call.whole(call.head)
                if self._http.their_state is h11.DONE and not self._http.trailing_data[0]:
                    self._http.start_next_cycle()
                call.answer.set_result(answer)
                return False
            case h11.NEED_DATA:
                return False
            case end:
                raise h11.RemoteProtocolError(f"the connection ended without an answer ({end})")
        return True

    def _fail(self, error: Exception) -> None:
        self._lost = self._lost or error
        if self._call and not self._call.answer.done():
            self._call.answer.set_exception(error)
        self._transport.abort()


def _is_readable(sock: socket.socket) -> bool:
    """Whether bytes or the end of the connection can be read."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
