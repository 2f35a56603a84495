"""`logs -f` in a process of its own, against a service whose log is a live stream: pieces, breaks, and an end."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import forking
import httpx
import pytest
from processes import Cloud, environment, serving

pytestmark = pytest.mark.process

TOKEN = "s3cr3t-of-the-address"


class Service:
    """One machine with a log, whose bytes are sent as a test says."""

    def __init__(self) -> None:
        self.log = b""
        self.changed = threading.Condition()
        self.gone = self.broken = False
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/log":
                    assert f"token={TOKEN}" in self.path
                    service.stream(self)
                elif path.endswith("/gpu/instances"):
                    self.answer(200, {"instances": [{"id": "m-1", "name": "m", "status": "running"}], "total": 1})
                elif path.endswith("/endpoints"):
                    self.answer(200, {"endpoints": [], "total": 0})
                elif service.gone:
                    self.answer(404, {"message": "instance not found"})
                else:
                    log = {"instanceLogAddress": f"/log?token={TOKEN}", "systemLogAddress": ""}
                    self.answer(200, {"id": "m-1", "name": "m", "status": "running", "connectComponentLog": log})

            def answer(self, status: int, data: Any) -> None:
                body = json.dumps(data).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name of http.server
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.end(broken=True)
        self._server.shutdown()
        self._server.server_close()

    def write(self, text: str) -> None:
        with self.changed:
            self.log += text.encode()
            self.changed.notify_all()

    def end(self, *, broken: bool = False, gone: bool = False) -> None:
        """Ends the answers that are open: in order, or with a broken connection."""
        with self.changed:
            self.broken, self.gone = broken, gone
            self._ends = True
            self.changed.notify_all()

    def stream(self, request: Any) -> None:
        """The whole log in chunks, and what comes, until the answer ends. This server does not know Range."""
        if self.gone:
            request.answer(404, {})
            return
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        sent = 0
        with self.changed:
            self._ends = False
            while True:
                if piece := self.log[sent:]:
                    request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    sent += len(piece)
                if self._ends:
                    break
                self.changed.wait()
        if not self.broken:
            request.wfile.write(b"0\r\n\r\n")
        request.close_connection = True


@contextmanager
def _following(address: str, folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    process = forking.start(
        forking.COMMAND,
        "logs",
        *words,
        cwd=folder,
        env={**environment(), "NOVITA_API_URL": address, "NOVITA_API_KEY": "sk_the-key-of-the-test"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_live_stream_is_followed_over_breaks_until_the_machine_is_gone(tmp_path: Path) -> None:
    service = Service()
    service.write("one\n")
    try:
        with _following(service.address, tmp_path, "m-1", "-f") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "one\n"
            service.write("two of sk_the-key-of-the-test\nthr")
            assert process.stdout.readline() == "two of (secret)\n"
            service.end(broken=True)
            service.write("ee\n\x1b[31mfour\x1b[0m\x07\n")
            assert process.stdout.readline() == "three\n"
            assert process.stdout.readline() == "four\\x07\n"
            service.end()
            service.write("five\n")
            assert process.stdout.readline() == "five\n"
            service.end(gone=True)
            out, err = process.communicate(timeout=60)
            assert (process.returncode, out) == (0, "")
            assert err.splitlines()[-1] == "m-1 does not exist any more"
            assert TOKEN not in err
    finally:
        service.close()


def test_an_interrupt_ends_the_following(tmp_path: Path) -> None:
    service = Service()
    service.write("one\n")
    try:
        with _following(service.address, tmp_path, "m-1", "-f", "--json") as process:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline()) == {"time": None, "text": "one"}
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
    finally:
        service.close()


def test_a_reader_that_leaves_ends_the_following(tmp_path: Path) -> None:
    service = Service()
    service.write("one\n")
    try:
        with _following(service.address, tmp_path, "m-1", "-f") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "one\n"
            process.stdout.close()
            service.write("two\n")
            assert process.wait(30) == 0
            assert process.stderr is not None
            assert process.stderr.read() == ""
            process.stdout = None
    finally:
        service.close()


def test_the_log_of_a_machine_that_starts_grows_in_the_served_simulator(tmp_path: Path) -> None:
    with serving(time_scale=1) as (address, _):
        body = {"kind": "gpu", "productId": "4090.16c62g", "gpuNum": 1, "rootfsSize": 20, "imageUrl": "nginx"}
        url = f"{address}/gpu-instance/openapi/v1/gpu/instance/create"
        created = httpx.post(url, json=body, headers={"Authorization": "Bearer sk_test"}).raise_for_status()
        with _following(address, tmp_path, created.json()["id"], "--system", "-f") as process:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("instance ")
            Cloud(address).advance(600)
            assert "Container started\n" in (process.stdout.readline() for _ in range(9))
