"""A server on the loopback that keeps states as GitLab does: Terraform's protocol, with locks and rising serials."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

_LOCK = "/lock"


@dataclass
class StateServer:
    """What a server keeps, and its habits. It may be served again after its end."""

    address: str = ""
    login: str = "ada:the-password-of-ada"
    """`user:password`, without which it answers 401; empty for none."""
    token: str = ""
    """A bearer token that it takes instead."""
    knows_ids: bool = True
    """Whether it refuses a write without the id of the lock, as GitLab does."""
    states: dict[str, list[bytes]] = field(default_factory=dict)
    """The versions of each state by its path, the newest last."""
    locks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The lock information of each locked state."""
    status: int = 0
    """What it answers to everything; 0 to serve."""
    lose: list[str] = field(default_factory=list)
    """Methods of the next requests that are carried out and not answered, in this order."""
    cut: list[str] = field(default_factory=list)
    """Methods of the next requests that are cut off before they are carried out."""
    requests: list[str] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, url: str, body: bytes) -> tuple[int, bytes]:
        """The status and the body of an answer."""
        parts = urlsplit(url)
        if method in {"LOCK", "UNLOCK"} or parts.path.endswith(_LOCK):
            takes = method in {"LOCK", "POST", "PUT"}
            return self._lock(parts.path.removesuffix(_LOCK), json.loads(body), takes=takes)
        if method == "GET":
            versions = self.states.get(parts.path, [])
            return (200, versions[-1]) if versions else (404, b"")
        return self._write(parts.path, parse_qs(parts.query).get("ID", [None])[0], body)

    def _lock(self, path: str, info: dict[str, Any], *, takes: bool) -> tuple[int, bytes]:
        held = self.locks.get(path)
        if takes and held is not None:
            return 409, json.dumps(held).encode()
        if takes:
            if missing := {"ID", "Operation", "Info", "Who", "Version", "Created", "Path"} - info.keys():
                return 400, f"missing: {sorted(missing)}".encode()
            self.locks[path] = info
            return 200, b""
        if held is None or held["ID"] != info.get("ID"):
            return 409, json.dumps(held or {}).encode()
        del self.locks[path]
        return 200, b""

    def _write(self, path: str, id: str | None, body: bytes) -> tuple[int, bytes]:
        held = self.locks.get(path, {}).get("ID")
        if self.knows_ids and held != id:
            return 409, json.dumps(self.locks.get(path, {})).encode()
        versions = self.states.setdefault(path, [])
        serial = _serial_of(body)
        if not isinstance(serial, int) or serial in map(_serial_of, versions):
            return 422, b'{"error":"serial is invalid"}'
        versions.append(body)
        return 200, b""


def _serial_of(data: bytes) -> Any:
    try:
        return json.loads(data).get("serial")
    except (ValueError, AttributeError):
        return None


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection; a subclass has the server."""

    protocol_version = "HTTP/1.1"
    served: ClassVar[StateServer]

    def serve(self) -> None:
        served = self.served
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        served.requests.append(f"{self.command} {self.path.partition('?')[0]}")
        if served.cut[:1] == [self.command]:
            served.cut.pop(0)
            self.close_connection = True
            return
        status, answer = served.status, b"out of order"
        if not status:
            status, answer = self._refused(body) or (0, b"")
        if not status:
            with served.guard:
                status, answer = served.answer(self.command, self.path, body)
        if served.lose[:1] == [self.command]:
            served.lose.pop(0)
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        if status == 200 and answer:
            self.send_header("Content-MD5", base64.b64encode(md5(answer, usedforsecurity=False).digest()).decode())
        self.end_headers()
        self.wfile.write(answer)

    def _refused(self, body: bytes) -> tuple[int, bytes] | None:
        served, given = self.served, self.headers.get("Authorization")
        accepted = {
            f"Basic {base64.b64encode(served.login.encode()).decode()}" if served.login else None,
            *([f"Bearer {served.token}"] if served.token else []),
        }
        if given not in accepted:
            return 401, f"you said {given}".encode()
        expected = base64.b64encode(md5(body, usedforsecurity=False).digest()).decode()
        if self.command != "GET" and self.headers.get("Content-MD5") != expected:
            return 400, b"Content-MD5 is wrong"
        return None

    def log_message(self, *_: Any) -> None:
        """Prints nothing."""


class _Server(ThreadingHTTPServer):
    """A server that ends its connections with it."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        super().__init__(address, handler)
        self._connections: list[socket.socket] = []

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.append(connection)
        return connection, address

    def end_connections(self) -> None:
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def state_server(served: StateServer | None = None, *, port: int = 0) -> Iterator[StateServer]:
    """The server while it runs."""
    served = served or StateServer()
    methods = {f"do_{name}": _Handler.serve for name in ("GET", "POST", "PUT", "DELETE", "LOCK", "UNLOCK")}
    handler = type("Handler", (_Handler,), {"served": served, **methods})
    server = _Server(("127.0.0.1", port), handler)
    served.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.end_connections()
        server.server_close()
        thread.join()
