"""Connections over real sockets on the loopback: which answers are whole, which connections are used again."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import ssl
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import TypeAlias, TypeVar

import httpx
import pytest
import trustme

from novita_infra.api.client import Client
from novita_infra.api.errors import Unanswered
from novita_infra.api.request import Request, get
from novita_infra.api.retries import RetryPolicy
from novita_infra.api.transport.bodies import LARGEST
from novita_infra.api.transport.client_pools import ClientPools
from novita_infra.api.transport.connections import Connections
from novita_infra.model.clock import RealClock

Serve: TypeAlias = Callable[[int, bytes], bytes | None]
"""The number of the connection and a request's first line to the answer; None hangs up."""
T = TypeVar("T")

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere"
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nthere"


class Server:
    """Answers each request as the function says, and knows which request came over which connection."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._connections = 0
        self.requests: list[tuple[int, bytes]] = []
        """The connection's number and the first line."""
        self.asked = asyncio.Event()
        self.over = asyncio.Semaphore(0)
        """One more for each connection that ended."""

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        mine = self._connections
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line = head.split(b"\r\n", 1)[0]
                self.requests.append((mine, line))
                self.asked.set()
                answer = self._serve(mine, line)
                if answer is None:
                    break
                writer.write(answer)
                if b"Connection: close" in answer or not (b"Content-Length" in answer or b"chunked" in answer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.over.release()


def played(
    story: Callable[[httpx.AsyncClient, str, Server], Awaitable[T]], serve: Serve, *, tls: ssl.SSLContext | None = None
) -> tuple[T, Server]:
    """What the story comes to with a client and the address of a server; and the server."""

    async def play() -> tuple[T, Server]:
        server = Server(serve)
        listening = await asyncio.start_server(server.meet, "127.0.0.1", 0, ssl=tls)
        port = listening.sockets[0].getsockname()[1]
        async with listening, httpx.AsyncClient(transport=Connections()) as http:
            return await story(http, f"{'https' if tls else 'http'}://127.0.0.1:{port}", server), server

    return asyncio.run(play())


PACKED = gzip.compress(b"there", mtime=0)


@pytest.mark.parametrize(
    "answer",
    [
        WHOLE,
        LAST,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nth\r\n3\r\nere\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nthere",
        b"HTTP/1.0 200 OK\r\n\r\nthere",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + WHOLE,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED,
    ],
)
def test_an_answer_is_read_whole_however_its_end_is_marked(answer: bytes) -> None:
    async def story(http: httpx.AsyncClient, url: str, _: Server) -> httpx.Response:
        return await http.get(url)

    got, _ = played(story, lambda _n, _line: answer)
    assert (got.status_code, got.text) == (200, "there")


BOMB = gzip.compress(bytes(LARGEST + 1), compresslevel=1, mtime=0)
ZIPPED = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n"


@pytest.mark.slow
@pytest.mark.parametrize("proxied", [False, True])
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (ZIPPED % (b"gzip", len(BOMB)) + BOMB, "larger than 64 MiB"),
        (ZIPPED % (b"gzip, gzip", len(TWICE := gzip.compress(BOMB, mtime=0))) + TWICE, "larger than 64 MiB"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (LARGEST + 1) + bytes(LARGEST + 1), "larger than 64 MiB"),
        (ZIPPED % (b"gzip", len(PACKED) - 3) + PACKED[:-3], "broken off"),
        (ZIPPED % (b"br", 5) + b"there", "'br'"),
        (ZIPPED % (b"gzip", 5) + b"there", "header"),
    ],
    ids=["bomb", "bomb in a bomb", "long", "broken off", "another packing", "not packed"],
)
def test_an_answer_that_is_too_large_or_badly_packed_is_lost(proxied: bool, answer: bytes, message: str) -> None:
    async def story(http: httpx.AsyncClient, url: str, server: Server) -> None:
        pools = ClientPools(timeout=httpx.Timeout(5))
        request = httpx.Request("GET", url, extensions={"timeout": httpx.Timeout(5).as_dict()})
        with pytest.raises(httpx.DecodingError, match=message):
            await (pools.send(request) if proxied else http.send(request))
        await pools.close()
        await http.aclose()
        await server.over.acquire()

    played(story, lambda _n, _line: answer)


@pytest.mark.parametrize("packed", [zlib.compress(b"there"), zlib.compress(b"there", wbits=-15)], ids=["zlib", "raw"])
def test_deflate_is_unpacked_with_and_without_its_head(packed: bytes) -> None:
    async def story(http: httpx.AsyncClient, url: str, server: Server) -> str:
        text = (await http.get(url)).text
        await http.aclose()
        await server.over.acquire()
        return text

    text, _ = played(story, lambda _n, _line: ZIPPED % (b"deflate", len(packed)) + packed)
    assert text == "there"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_call_whose_answer_is_too_large_is_not_sent_again(method: str) -> None:
    async def story(_: httpx.AsyncClient, url: str, server: Server) -> int:
        async with Client(url=url, key="sk_key", clock=RealClock(), random=Random(0)) as client:
            with pytest.raises(Unanswered, match="larger than 64 MiB"):
                await client.send(Request(method, "/x", repeatable=True))
        await server.over.acquire()
        return len(server.requests)

    calls, _ = played(story, lambda _n, _line: ZIPPED % (b"gzip", len(BOMB)) + BOMB)
    assert calls == 1


@pytest.mark.parametrize(
    "drop", [b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]
)
def test_an_answer_that_never_ends_is_given_up_at_the_deadline(drop: bytes) -> None:
    over = asyncio.Event()

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(drop)
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b"1\r\n \r\n" if b"chunked" in drop else drop)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()
        over.set()

    async def play() -> None:
        listening = await asyncio.start_server(flood, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        patience = RetryPolicy(deadline=0.05)
        async with listening:
            url = f"http://127.0.0.1:{port}"
            async with Client(url=url, key="sk_key", clock=RealClock(), random=Random(0), patience=patience) as client:
                with pytest.raises(Unanswered):
                    await client.send(get("/x"))
                await over.wait()

    asyncio.run(play())


def test_an_answer_without_a_body_is_whole_after_its_head() -> None:
    async def story(http: httpx.AsyncClient, url: str, _: Server) -> list[int]:
        return [(await http.delete(url)).status_code for _ in range(2)]

    statuses, server = played(story, lambda _n, _line: b"HTTP/1.1 204 No Content\r\nX-Content-Length: none\r\n\r\n")
    assert statuses == [204, 204]
    assert [line for _, line in server.requests] == [b"DELETE / HTTP/1.1"] * 2


def test_a_connection_is_used_again() -> None:
    async def story(http: httpx.AsyncClient, url: str, _: Server) -> None:
        for number in range(3):
            await http.post(f"{url}/{number}")

    _, server = played(story, lambda _n, _line: WHOLE)
    assert server.requests == [(1, b"POST /%d HTTP/1.1" % number) for number in range(3)]


@pytest.mark.parametrize("end", [LAST, WHOLE + b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_one_that_the_server_gives_up_is_not_used_again(end: bytes) -> None:
    async def story(http: httpx.AsyncClient, url: str, _: Server) -> list[str]:
        return [(await http.post(url)).text for _ in range(2)]

    texts, server = played(story, lambda _n, _line: end)
    assert texts == ["there"] * 2
    assert [number for number, _ in server.requests] == [1, 2]


def test_one_that_was_closed_while_it_was_idle_loses_no_call() -> None:
    """The server hangs up after its answer and says nothing of it before."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(WHOLE)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        over.release()

    async def play() -> None:
        listening = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with listening, httpx.AsyncClient(transport=Connections()) as http:
            for _ in range(20):
                assert (await http.post(url)).text == "there"
                await over.acquire()

    over = asyncio.Semaphore(0)
    asyncio.run(play())


def test_one_that_is_idle_for_long_is_closed() -> None:
    async def story(_: httpx.AsyncClient, url: str, server: Server) -> None:
        async with httpx.AsyncClient(transport=Connections(keep=0.0)) as http:
            await http.get(url)
            await http.get(url)
            await server.over.acquire()

    _, server = played(story, lambda _n, _line: WHOLE)
    assert [number for number, _ in server.requests] == [1, 2]


def test_a_call_that_is_broken_off_takes_its_connection_with_it() -> None:
    async def story(http: httpx.AsyncClient, url: str, server: Server) -> str:
        waiting = asyncio.create_task(http.get(f"{url}/never"))
        await server.asked.wait()
        waiting.cancel()
        await asyncio.wait([waiting])
        await server.over.acquire()
        return (await http.get(url)).text

    text, server = played(
        story, lambda number, _line: WHOLE if number > 1 else b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"
    )
    assert text == "there"
    assert server.requests == [(1, b"GET /never HTTP/1.1"), (2, b"GET / HTTP/1.1")]


def test_a_connection_timeout_and_an_answer_timeout_differ() -> None:
    async def story(http: httpx.AsyncClient, url: str, server: Server) -> int:
        with pytest.raises(httpx.ConnectTimeout):
            await http.get(url, timeout=httpx.Timeout(5, connect=0))
        before = len(server.requests)
        with pytest.raises(httpx.ReadTimeout):
            await http.get(url, timeout=httpx.Timeout(5, read=0.02))
        return before

    before, _ = played(story, lambda _n, _line: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n")
    assert before == 0


@pytest.mark.parametrize("name", ["Bad Header", "Bad:Header"])
def test_a_header_that_no_head_can_carry_is_never_sent(name: str) -> None:
    async def story(http: httpx.AsyncClient, url: str, _: Server) -> None:
        with pytest.raises(httpx.LocalProtocolError):
            await http.get(url, headers={name: "a"})

    _, server = played(story, lambda _n, _line: WHOLE)
    assert server.requests == []


# --- TLS ---


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _speaking_for(name: str, authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def _twice(http: httpx.AsyncClient, url: str, _: Server) -> list[str]:
    return [(await http.get(url)).text for _ in range(2)]


def test_a_certificate_of_a_trusted_authority_is_accepted(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    texts, server = played(_twice, lambda _n, _line: WHOLE, tls=_speaking_for("127.0.0.1", authority))
    assert texts == ["there"] * 2
    assert [number for number, _ in server.requests] == [1, 1]


@pytest.mark.parametrize(("name", "trusted"), [("127.0.0.1", False), ("api.novita.ai", True)])
def test_any_other_certificate_ends_the_connection_before_anything_is_sent(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, name: str, trusted: bool
) -> None:
    if trusted:
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    async def story(http: httpx.AsyncClient, url: str, _: Server) -> None:
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await http.get(url)

    _, server = played(story, lambda _n, _line: WHOLE, tls=_speaking_for(name, authority))
    assert server.requests == []


# --- proxies ---


def test_a_proxy_of_the_environment_is_used_except_for_no_proxy_hosts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(_: httpx.AsyncClient, url: str, server: Server) -> list[bytes]:
        for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", url)
        await _send(url.replace("127.0.0.1", "localhost"))
        monkeypatch.setenv("no_proxy", "localhost")
        await _send(url.replace("127.0.0.1", "localhost"))
        return [line.split(b" ")[1].split(b":")[0] for _, line in server.requests]

    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    targets, _ = played(story, lambda _n, _line: answer)
    assert targets == [b"http", b"/things"]


async def _send(url: str) -> None:
    jitter = Random(1)  # none is needed
    async with Client(url=url, key="sk_key", clock=RealClock(), random=jitter) as client:
        await client.send(get("/things"))
