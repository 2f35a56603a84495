"""The simulator as an HTTP server on the loopback, for any client."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, Final, TextIO, TypeAlias, TypeVar

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.lost_answers import DROP
from novita_infra.simulator.world.engine.world import World

HOST: Final = "127.0.0.1"
T = TypeVar("T")
Around: TypeAlias = Callable[[ASGIApp], ASGIApp]


class _Droppable(H11Protocol):
    """Lets the application drop its connection without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own does
        super().connection_made(transport)
        # asyncio leaves it out on sockets like ours; without it, each answer waits 40 ms for the client's kernel.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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


class Background:
    """A server that runs in a thread of its own."""

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self.url = url
        self._loop = loop

    def do(self, work: Callable[[], T]) -> T:
        """Has the server's thread do it: while it serves, nobody else may touch its world."""
        done: Future[T] = Future()

        def inner() -> None:
            try:
                done.set_result(work())
            except Exception as wrong:  # noqa: BLE001 -- it is raised again where it was asked for
                done.set_exception(wrong)

        self._loop.call_soon_threadsafe(inner)
        return done.result()


def serve_world(
    world: World, *, port: int = 0, latency: float = 0.0, out: TextIO | None = None, around: Around | None = None
) -> int:
    """Serve until SIGTERM or SIGINT, then give 0. Port 0 picks a free one; the first line of `out` is the address.

    `latency` delays every answer by so many real seconds; `around` puts middleware around the application.
    """
    app = build_app(world, latency=latency)
    return asyncio.run(serve_app(around(app) if around else app, world, port=port, out=out or sys.stdout))


async def serve_app(app: ASGIApp, world: World | None, *, port: int, out: TextIO) -> int:
    """Serve one application, as `serve_world` does; over a world, which is closed at the end, or over none."""
    listener = _listening(port)
    server = _server(app)
    print(f"http://{HOST}:{listener.getsockname()[1]}", file=out, flush=True)
    try:
        await server.serve(sockets=[listener])
    finally:
        listener.close()
        if world is not None:
            world.close()
    return 0


@contextlib.contextmanager
def background(app: ASGIApp, *, port: int = 0) -> Iterator[Background]:
    """Serve an application beside whatever else this process does; a world is not closed at the end."""
    listener = _listening(port)
    server = _server(app)
    started: Future[asyncio.AbstractEventLoop] = Future()

    async def work() -> None:
        started.set_result(asyncio.get_running_loop())
        await server.serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(work()), name="novita simulator", daemon=True)
    thread.start()
    try:
        yield Background(f"http://{HOST}:{listener.getsockname()[1]}", started.result())
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def _listening(port: int) -> socket.socket:
    return socket.create_server((HOST, port), backlog=512)


def _server(app: ASGIApp) -> _Server:
    config = uvicorn.Config(
        app,
        http=_Droppable,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    return _Server(config)
