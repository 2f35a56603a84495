"""Takes POST requests on one path that cannot be guessed, over HTTP/1.1.

Everything has a bound: connections, the time of one, heads, bodies. A connection has one request, and a request to
another path is refused before its body is read. What is wrong is answered and forgotten; nothing is logged.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias

import h11

from novita_infra.model.concurrency import end_tasks
from novita_infra.model.frozen import dataclass

Accept: TypeAlias = Callable[[bytes], Awaitable[int]]
"""Takes the body of a request and returns the status of the answer."""

_CHUNK: Final = 65_536
_HEAD: Final = 1024
"""Bytes of a head that are read at once: so much can it be longer than allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerLimits:
    """The bounds of a listener."""

    connections: int = 64
    """Open at the same time; further ones are closed at once."""
    seconds: float = 8.0
    """For a whole request and its answer."""
    head: int = 16_384
    """Bytes of a request line with its headers."""
    body: int = 2 * 2**20
    """Bytes."""


class EventListener:
    """Serves one path. `accept` gets each body that was posted there."""

    def __init__(self, path: str, accept: Accept, *, limits: ListenerLimits | None = None) -> None:
        self._path = path.encode("ascii")
        self._accept = accept
        self._limits = limits or ListenerLimits()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[int]:
        """Listens inside of the block; gives the port. Port 0 takes a free one. Raises OSError."""
        server = await asyncio.start_server(self._connected, host, port, limit=_CHUNK, backlog=128)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await end_tasks(*self._tasks)
            await server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if len(self._tasks) >= self._limits.connections or task is None:
            writer.transport.abort()
            return
        self._tasks.add(task)
        try:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(self._limits.seconds):
                    await self._serve(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers the one request of a connection."""
        http = h11.Connection(h11.SERVER, max_incomplete_event_size=self._limits.head)
        try:
            status = await self._status(http, reader, writer)
        except h11.RemoteProtocolError as error:
            status = error.error_status_hint
        if status and http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            head = h11.Response(status_code=status, headers=[("Content-Length", "0"), ("Connection", "close")])
            writer.write((http.send(head) or b"") + (http.send(h11.EndOfMessage()) or b""))
            await writer.drain()

    async def _status(self, http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        """The status of the answer; 0 if the other side has left. Raises h11.RemoteProtocolError."""
        body, begun = bytearray(), False
        while True:
            if begun and http.they_are_waiting_for_100_continue:
                writer.write(http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            event = http.next_event()
            if event is h11.NEED_DATA:
                data = await reader.read(_CHUNK if begun else _HEAD)
                http.receive_data(data)
                if not data and not begun:
                    return 0
            elif isinstance(event, h11.Request):
                begun = True
                if refusal := self._refusal(event):
                    return refusal
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > self._limits.body:
                    return 413
            elif isinstance(event, h11.EndOfMessage):
                return await self._accept(bytes(body))
            else:
                return 0

    def _refusal(self, request: h11.Request) -> int:
        """The status by which the head of a request is refused; 0 if it is not."""
        if not hmac.compare_digest(bytes(request.target), self._path):
            return 404
        if request.method != b"POST":
            return 405
        lengths = [value for name, value in request.headers if name == b"content-length"]
        return 413 if any(int(value) > self._limits.body for value in lengths) else 0
