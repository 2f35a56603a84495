"""Files to and from the API over real sockets: what is sent, what is sent again, and what breaks."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import pytest

from novita_infra.api.client import Client
from novita_infra.api.errors import NotFound, Unanswered
from novita_infra.api.request import Request, get
from novita_infra.api.transfers.form import FileForm
from novita_infra.model.diagnostics import Problems
from novita_infra.simulator.routes.llm.multipart import read_form

UPLOAD = Request("POST", "/openai/v1/files")
READ = get("/openai/v1/files/file_1/content")
CONTENT = bytes(range(256)) * 1000
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"id":"a"}'

Reply: TypeAlias = bytes
"""All that the server sends; it closes the connection after that."""


class HandClock:
    """Sleeping moves it on and takes no time."""

    def __init__(self) -> None:
        self._now = 1_790_000_000.0

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._now += seconds
        await asyncio.sleep(0)


class Server:
    """Answers the calls one after the other with what it is given; remembers heads and bodies."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.heads: list[dict[str, str]] = []
        self.bodies: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        names = dict(line.split(": ", 1) for line in head[1:] if line)
        self.heads.append({name.lower(): value for name, value in names.items()})
        body = b""
        try:
            body = await reader.readexactly(int(self.heads[-1].get("content-length", "0")))
        except asyncio.IncompleteReadError as error:
            body = error.partial
        self.bodies.append(body)
        writer.write(self._replies.pop(0))
        await writer.drain()
        writer.close()

    def run(self, story: Callable[[Client], Awaitable[Any]]) -> Any:
        async def work() -> Any:
            server = await asyncio.start_server(self, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            async with Client(
                url=f"http://127.0.0.1:{port}", key="sk_key", clock=HandClock(), random=Random(1)
            ) as client:
                try:
                    return await story(client)
                finally:
                    server.close()

        return asyncio.run(work())


def form(path: Path, **changes: Any) -> FileForm:
    path.write_bytes(CONTENT)
    usual: dict[str, Any] = {
        "path": path,
        "filename": 'a"b.jsonl',
        "bytes": len(CONTENT),
        "digest": hashlib.sha256(CONTENT).hexdigest(),
        "fields": {"purpose": "batch"},
    }
    return FileForm(**{**usual, **changes})


def downloaded(server: Server) -> bytes:
    file = io.BytesIO()
    size = server.run(lambda client: client.download(READ, file, lambda _: None))
    assert size == len(file.getvalue())
    return file.getvalue()


def whole(content: bytes, *, status: str = "200 OK", head: str = "", length: int | None = None) -> bytes:
    size = len(content) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n{head}\r\n".encode() + content


def test_an_upload_is_a_form_that_a_parser_of_others_reads(tmp_path: Path) -> None:
    server, moved = Server(OK), list[int]()
    answer = server.run(lambda client: client.upload(UPLOAD, form(tmp_path / "f"), moved.append))
    parts = read_form(server.bodies[0], server.heads[0]["content-type"])
    assert answer == {"id": "a"}
    assert bytes(parts["file"].body) == CONTENT
    assert parts["file"].filename == "a%22b.jsonl"
    assert parts["purpose"].text == "batch"
    assert moved[0] == 0
    assert moved[-1] == len(CONTENT)
    assert moved == sorted(moved)


def test_each_attempt_of_an_upload_begins_the_body_again(tmp_path: Path) -> None:
    throttled = b"HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    server, moved = Server(throttled, OK), list[int]()
    server.run(lambda client: client.upload(UPLOAD, form(tmp_path / "f"), moved.append))
    parts = [read_form(body, head["content-type"]) for body, head in zip(server.bodies, server.heads, strict=True)]
    assert [bytes(part["file"].body) for part in parts] == [CONTENT, CONTENT]
    assert moved.count(0) == 2


def test_an_upload_whose_answer_is_lost_is_not_sent_again(tmp_path: Path) -> None:
    server = Server(b"", OK)
    with pytest.raises(Unanswered):
        server.run(lambda client: client.upload(UPLOAD, form(tmp_path / "f"), lambda _: None))
    assert len(server.bodies) == 1


@pytest.mark.parametrize("changes", [{"digest": "0" * 64}, {"bytes": len(CONTENT) + 1}, {"bytes": 10}])
def test_a_file_that_has_changed_never_arrives_whole(tmp_path: Path, changes: dict[str, Any]) -> None:
    server = Server(OK)
    with pytest.raises(Problems, match="was changed while it was sent"):
        server.run(lambda client: client.upload(UPLOAD, form(tmp_path / "f", **changes), lambda _: None))
    assert not any(body.endswith(b"--\r\n") for body in server.bodies)


def test_a_file_that_is_gone_is_no_lost_answer(tmp_path: Path) -> None:
    wanted = form(tmp_path / "f")
    (tmp_path / "f").unlink()
    with pytest.raises(Problems, match="cannot be read: No such file"):
        Server(OK).run(lambda client: client.upload(UPLOAD, wanted, lambda _: None))


def test_a_download_goes_on_where_it_broke_off() -> None:
    rest = whole(CONTENT[1000:], status="206 Partial Content", head=f"Content-Range: bytes 1000-255999/{256_000}\r\n")
    server = Server(whole(CONTENT[:1000], length=len(CONTENT)), rest)
    assert downloaded(server) == CONTENT
    assert [head.get("range") for head in server.heads] == [None, "bytes=1000-"]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param([], id="the server knows no ranges"),
        pytest.param(
            [whole(CONTENT[5:], status="206 Partial Content", head="Content-Range: bytes 5-9/10\r\n")],
            id="the server goes on elsewhere",
        ),
        pytest.param([whole(b"", status="416 Range Not Satisfiable")], id="the file became shorter"),
    ],
)
def test_a_download_that_cannot_go_on_begins_again(second: list[bytes]) -> None:
    replies = [whole(b"x" * 1000, length=len(CONTENT)), *second, whole(CONTENT)]
    assert downloaded(Server(*replies)) == CONTENT


def test_a_refused_download_writes_nothing() -> None:
    body = b'{"code":404,"reason":"FILE_NOT_FOUND","message":"file not found"}'
    file = io.BytesIO()
    server = Server(whole(body, status="404 Not Found", head="Content-Type: application/json\r\n"))
    with pytest.raises(NotFound, match="FILE_NOT_FOUND"):
        server.run(lambda client: client.download(READ, file, lambda _: None))
    assert file.getvalue() == b""


@pytest.mark.parametrize("head", ["Content-Type: text/html\r\n", "Content-Encoding: gzip\r\n"])
def test_what_is_no_content_is_not_kept(head: str) -> None:
    file = io.BytesIO()
    server = Server(*[whole(b"<html>log in</html>", head=head)] * 8)
    with pytest.raises(Unanswered):
        server.run(lambda client: client.download(READ, file, lambda _: None))
    assert file.getvalue() == b""


def test_a_command_that_is_silent_says_how_far_a_transfer_is() -> None:
    said: list[str] = []
    file = io.BytesIO()

    async def story(client: Client) -> None:
        since = client.awaited

        def moved(_: int) -> None:
            next(iter(since._calls.values())).since -= 60
            said.append(since.reason())

        await client.download(READ, file, moved, size=512_000)

    Server(whole(CONTENT)).run(story)
    assert said[-1] == "GET /openai/v1/files/file_1/content: 0.3 of 0.5 MB received"
