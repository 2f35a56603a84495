"""A chat that is interrupted in the middle of its answer."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from processes import COMMAND, environment

pytestmark = pytest.mark.process

PIECE = b'data: {"choices": [{"delta": {"content": "one two thr"}}]}\n\n'


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a service that begins an answer and never goes on."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(PIECE)
            self.wfile.flush()
            over.wait()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_came_before_ctrl_c_stays_on_a_line_of_its_own(silent: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "chat", "vendor/model", "Hello"],
        cwd=tmp_path,
        env={**environment(), "NOVITA_API_URL": silent, "NOVITA_API_KEY": "sk_test"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    shown = process.stdout.read(len("one two "))
    process.send_signal(signal.SIGINT)
    rest, stderr = process.communicate(timeout=30)
    assert (shown, rest) == (b"one two ", b"\n")
    assert process.returncode == 130, stderr
    assert b"Traceback" not in stderr
