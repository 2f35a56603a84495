"""A server on the loopback that answers as the KV engine of a vault does, or in any other way."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

TOKEN = "hvs.the-token-of-the-vault"


@dataclass
class VaultServer:
    """The data and the habits of a server, and what it was asked."""

    secrets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By mount and path: `secret/training`."""
    status: int = 0
    """What it answers to everything; 0 to answer as a vault."""
    body: bytes = b""
    address: str = ""
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    """The path and the headers of each request."""
    held: threading.Event = field(default_factory=threading.Event)
    """Answers wait for it."""

    @property
    def environ(self) -> dict[str, str]:
        return {"VAULT_ADDR": self.address, "VAULT_TOKEN": TOKEN}

    def answer(self, path: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        self.held.wait(20)
        self.asked.append((path, headers))
        if self.status:
            return self.status, self.body
        if headers.get("X-Vault-Token") != TOKEN:
            return 403, json.dumps({"errors": ["permission denied", headers.get("X-Vault-Token")]}).encode()
        mount, _, rest = path.removeprefix("/v1/").partition("/data/")
        data = self.secrets.get(f"{mount}/{unquote(rest)}")
        if data is None:
            return 404, b'{"errors":[]}'
        return 200, json.dumps({"data": {"data": data, "metadata": {"version": 1}}}).encode()


@contextmanager
def vault_server(
    secrets: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    status: int = 0,
    body: bytes = b"",
    certificates: ssl.SSLContext | None = None,
) -> Iterator[VaultServer]:
    """The server while it runs."""
    served = VaultServer(secrets or {}, status, body)
    served.held.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = served.answer(self.path, dict(self.headers))
            self.send_response(status)
            self.send_header("Location", "https://elsewhere.invalid/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Prints nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificates is not None:
        server.socket = certificates.wrap_socket(server.socket, server_side=True)
    served.address = f"{'https' if certificates else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.held.set()
        server.shutdown()
        server.server_close()
        thread.join()
