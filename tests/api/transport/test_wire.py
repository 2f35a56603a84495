"""The client over real sockets on the loopback: what breaks there, and what it means."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, TypeAlias

import httpx
import pytest

from novita_infra.api.client import Client
from novita_infra.api.errors import ApiError, Unanswered, Unreachable
from novita_infra.api.request import Request, get, post
from novita_infra.api.retries import RetryPolicy

KEY = "sk_this-is-the-key"
READ = get("/things")
WRITE = post("/things", {"name": "a"})

Reply: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]


class HandClock:
    """Sleeping moves it on and takes no time."""

    def __init__(self) -> None:
        self._now = 1_790_000_000.0

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._now += seconds
        await asyncio.sleep(0)


def client(port: int, **settings: Any) -> Client:
    random = Random(1)  # jitter that comes out the same each time
    return Client(url=f"http://127.0.0.1:{port}", key=KEY, clock=HandClock(), random=random, **settings)


async def answered(writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"id":"a"}')


async def reset(writer: asyncio.StreamWriter) -> None:
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()


async def hung_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def broken_off(writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"id"')
    writer.close()


async def chunks_broken_off(writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"')
    writer.close()


async def wrongly_packed(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd")


async def no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    writer.close()


async def silent(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")


LOST = [reset, hung_up, broken_off, chunks_broken_off, wrongly_packed, no_http]


async def exchange(request: Request, *replies: Reply, **settings: Any) -> tuple[Any, int]:
    """The answer or the error of one send, and how many requests the server read; the last reply is given for ever."""
    read = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal read
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length")), 0
                )
                await reader.readexactly(length)
                reply = replies[min(read, len(replies) - 1)]
                read += 1
                await reply(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, client(server.sockets[0].getsockname()[1], **settings) as talking:
        try:
            outcome = await talking.send(request)
        except ApiError as error:
            outcome = error
        return outcome, read


@pytest.mark.parametrize("lost", LOST)
def test_a_write_whose_connection_breaks_goes_out_once(lost: Reply) -> None:
    outcome, read = asyncio.run(exchange(WRITE, lost, answered))
    assert type(outcome) is Unanswered
    assert read == 1


@pytest.mark.parametrize("lost", LOST)
def test_a_read_whose_connection_breaks_goes_out_again(lost: Reply) -> None:
    assert asyncio.run(exchange(READ, lost, lost, answered)) == ({"id": "a"}, 3)


def test_a_write_that_is_never_answered_times_out_as_lost() -> None:
    outcome, read = asyncio.run(exchange(WRITE, silent, patience=RetryPolicy(read=0.05)))
    assert type(outcome) is Unanswered
    assert "in time" in outcome.text
    assert read == 1


def test_a_closed_port_is_unreachable_after_several_attempts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else gets it

        async def story() -> Any:
            async with client(taken.getsockname()[1]) as talking:
                return await talking.send(WRITE)

        with pytest.raises(Unreachable) as caught:
            asyncio.run(story())
    assert caught.value.attempts == 8


def test_thirty_calls_at_once_go_over_thirty_connections() -> None:
    together = asyncio.Barrier(30)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/warm" not in head:
            await together.wait()
        await answered(writer)
        await writer.drain()
        writer.close()

    async def story() -> list[Any]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server, client(server.sockets[0].getsockname()[1], in_flight=30) as talking:
            await asyncio.gather(*(talking.send(get("/warm")) for _ in range(100)))  # it begins with ten
            return await asyncio.gather(*(talking.send(READ) for _ in range(30)))

    assert asyncio.run(story()) == [{"id": "a"}] * 30


def test_a_service_in_the_same_process_needs_no_network() -> None:
    async def service(scope: Any, receive: Any, send: Any) -> None:
        assert (scope["method"], scope["path"]) == ("POST", "/things")
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    async def story() -> Any:
        async with client(1, transport=httpx.ASGITransport(service)) as talking:
            return await talking.send(WRITE)

    assert asyncio.run(story()) == WRITE.body


def test_the_key_is_in_no_log_even_at_its_wordiest(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for reply in (answered, reset, no_http):
        asyncio.run(exchange(WRITE, reply))
    assert caplog.records
    assert KEY not in caplog.text
    assert not any(KEY in repr(record.__dict__) for record in caplog.records)
