"""Bare repositories, and a server on the loopback that serves them by HTTP as a git host does (`git http-backend`)."""

from __future__ import annotations

import base64
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from git_repositories import GIT_ENVIRON, BareRepository


def git(folder: Path, *words: str) -> str:
    """The output of a command of git."""
    done = subprocess.run(["git", *words], cwd=folder, env=GIT_ENVIRON, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {words}: {done.stderr}"
    return done.stdout.removesuffix("\n")


def bare_repository(folder: Path) -> Path:
    """An empty repository that can be pushed to; the one in the folder if it is there already."""
    if not (folder / "HEAD").exists():
        BareRepository.made(folder)
    return folder


def hook(repository: Path, name: str, script: str) -> None:
    """Makes a hook of the repository, a script of sh."""
    path = repository / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@dataclass
class GitServer:
    """A server and its habits."""

    root: Path
    """The folder of the repositories."""
    address: str = ""
    login: str = ""
    """`user:password`, without which it answers 401; empty for none."""
    status: int = 0
    """What it answers to everything; 0 to serve."""
    lose_pushes: int = 0
    """How many of the next pushes are carried out and not answered."""
    cut_pushes: int = 0
    """How many of the next pushes are cut off before they are carried out."""
    pushes: int = 0
    """The pushes that were carried out."""
    requests: list[str] = field(default_factory=list)

    def url(self, name: str) -> str:
        """The URL of a repository, which is made if there is none."""
        bare_repository(self.root / name)
        return f"{self.address}/{name}"


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection; a subclass has the server."""

    protocol_version = "HTTP/1.1"
    served: ClassVar[GitServer]

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        served = self.served
        served.requests.append(f"{self.command} {self.path}")
        body = self._body()
        expected = f"Basic {base64.b64encode(served.login.encode()).decode()}"
        pushes = self.command == "POST" and self.path.endswith("/git-receive-pack")
        if served.status:
            self._answer(served.status, {}, b"")
        elif served.login and self.headers.get("Authorization") != expected:
            self._answer(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"")
        elif pushes:
            self._push(body)
        else:
            self._answer(*self._backend(body))

    def _push(self, body: bytes) -> None:
        served = self.served
        if served.cut_pushes:
            served.cut_pushes -= 1
            self.close_connection = True
            return
        answer = self._backend(body)
        served.pushes += 1
        if served.lose_pushes:
            served.lose_pushes -= 1
            self.close_connection = True
            return
        self._answer(*answer)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = bytearray()
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return bytes(body)

    def _backend(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        path, _, query = self.path.partition("?")
        environ = {
            **GIT_ENVIRON,
            "GIT_PROJECT_ROOT": str(self.served.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "ada",
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environ, capture_output=True, check=False)
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        return int(headers.pop("Status", "200").split()[0]), headers, answer

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Prints nothing."""


@contextmanager
def git_server(root: Path, port: int = 0) -> Iterator[GitServer]:
    """The server while it runs."""
    served = GitServer(root)
    handler = type("Handler", (_Handler,), {"served": served})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    served.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
