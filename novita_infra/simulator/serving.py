"""The simulator as an HTTP server on the loopback, for any client."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any, TextIO

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from novita_infra.simulator.app import build_app
from novita_infra.simulator.losing import DROP
from novita_infra.simulator.world.world import World

HOST = "127.0.0.1"


class _Droppable(H11Protocol):
    """Lets the application drop its connection without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own does
        super().connection_made(transport)
        app: Any = self.app

        async def with_drop(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**(scope.get("extensions") or {}), DROP: transport.abort}
            await app({**scope, "extensions": extensions}, receive, send)

        self.app = with_drop


class _Server(uvicorn.Server):
    """Ends at a signal without raising it again, so that the process ends with 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(world: World, *, port: int = 0, latency: float = 0.0, out: TextIO | None = None) -> int:
    """Serve until SIGTERM or SIGINT, then give 0. Port 0 picks a free one; the first line of `out` is the address.

    `latency` delays every answer by so many real seconds.
    """
    return asyncio.run(serve_app(build_app(world, latency=latency), world, port=port, out=out or sys.stdout))


async def serve_app(app: ASGIApp, world: World, *, port: int, out: TextIO) -> int:
    """Serve one application over the world, as `serve` does."""
    listener = socket.create_server((HOST, port), backlog=512)
    config = uvicorn.Config(
        app,
        http=_Droppable,
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    server = _Server(config)
    print(f"http://{HOST}:{listener.getsockname()[1]}", file=out, flush=True)
    try:
        await server.serve(sockets=[listener])
    finally:
        listener.close()
        world.close()
    return 0
