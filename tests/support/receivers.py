"""A receiver of webhooks on the loopback, which keeps what it gets and answers as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """One message."""

    path: str
    headers: dict[str, str]
    """The names in lower case."""
    body: bytes


@dataclass
class Receiver:
    """What came in, and what is answered: the next of `answers`, else 200."""

    address: str = ""
    messages: list[Received] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    before_answer: Callable[[], object] = lambda: None
    """Called for each message before it is answered."""


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Listens until the end of the block."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.messages.append(Received(self.path, headers, body))
            state.before_answer()
            status, more, data = state.answers.pop(0) if state.answers else (200, {}, b"ok")
            self.send_response_only(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Prints nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
