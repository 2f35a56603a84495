"""Serves the simulator over HTTP on the loopback interface."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from typing import Any, Final, TextIO, TypeVar

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.guard import guarded_app
from novita_infra.simulator.http.lost_answers import DROP
from novita_infra.simulator.world.engine.world import World

HOST: Final = "127.0.0.1"
T = TypeVar("T")


class _Droppable(H11Protocol):
    """Lets the application close its connection without an answer.

    It relies on parts of uvicorn >=0.34,<0.55 (the range in pyproject.toml) that are not public: `H11Protocol` has
    `connection_made`, and calls its `app` for each request.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        super().connection_made(transport)
        # asyncio does not set it on such sockets. Without it each answer waits 40 ms for the kernel of the client.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        app: Any = self.app

        async def with_drop(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**(scope.get("extensions") or {}), DROP: transport.abort}
            await app({**scope, "extensions": extensions}, receive, send)

        self.app = with_drop


class _Server(uvicorn.Server):
    """A server that ends at a signal without raising it again, so that the process exits with 0.

    It relies on parts of uvicorn >=0.34,<0.55 (the range in pyproject.toml) that are not public: `Server.serve` runs
    inside `capture_signals`, `handle_exit` is the signal handler, and `server_state.connections` are the open ones.
    """

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Also closes the connections that are left: their answers did not end in time, or the server was cancelled."""
        try:
            await super().serve(sockets)
        finally:
            for connection in list(self.server_state.connections):
                connection.transport.abort()

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
    """A server that runs in its own thread."""

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self.url = url
        self._loop = loop

    def do(self, work: Callable[[], T]) -> T:
        """Runs a function in the thread of the server. No other thread may use the world while it serves."""
        done: Future[T] = Future()

        def inner() -> None:
            try:
                done.set_result(work())
            except Exception as error:  # noqa: BLE001 -- it is raised again where it was asked for
                done.set_exception(error)

        self._loop.call_soon_threadsafe(inner)
        return done.result()


def serve_world(
    world: World,
    *,
    app: ASGIApp | None = None,
    port: int = 0,
    out: TextIO | None = None,
    hosts: Collection[str] = (),
    on_bound: Callable[[], None] = lambda: None,
) -> int:
    """Serves a world until SIGTERM or SIGINT, then returns 0. The first line of `out` is the address.

    `app` is the application of the world, such as one in a middleware. Port 0 takes a free port. Requests must name
    this machine, or one of the `hosts`. `on_bound` is called once the address is printed.
    """
    app = app or build_app(world)
    return asyncio.run(serve_app(app, world, port=port, out=out or sys.stdout, hosts=hosts, on_bound=on_bound))


async def serve_app(
    app: ASGIApp,
    world: World | None,
    *,
    port: int,
    out: TextIO,
    hosts: Collection[str] = (),
    on_bound: Callable[[], None] = lambda: None,
) -> int:
    """Serves one application as `serve_world` does. A given world is closed at the end."""
    listener = _listening(port)
    server = _server(guarded_app(app, hosts))
    try:
        print(f"http://{HOST}:{listener.getsockname()[1]}", file=out, flush=True)
        on_bound()
        await server.serve(sockets=[listener])
    finally:
        listener.close()
        if world is not None:
            world.close()
    return 0


@contextlib.contextmanager
def background(app: ASGIApp, *, port: int = 0) -> Iterator[Background]:
    """Serves an application in a thread while the block runs. The world is not closed at the end."""
    listener = _listening(port)
    server = _server(guarded_app(app))
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
