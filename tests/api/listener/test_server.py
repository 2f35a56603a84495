"""The server for events, over the loopback: what it refuses, and that nothing holds it up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from novita_infra.api.listener.server import EventListener, ListenerLimits
from novita_infra.model.concurrency import together

T = TypeVar("T")
PATH = "/secret-path-of-32-characters-xyz"
LIMITS = ListenerLimits(connections=4, seconds=0.5, head=2048, body=1000)


class Taken:
    """What the listener has accepted."""

    def __init__(self, status: int = 200) -> None:
        self.bodies: list[bytes] = []
        self.status = status

    async def __call__(self, body: bytes) -> int:
        self.bodies.append(body)
        return self.status


def heard(work: Callable[[int], Awaitable[T]], taken: Taken, limits: ListenerLimits = LIMITS) -> T:
    """The result of work with the port of a listener."""

    async def story() -> T:
        async with EventListener(PATH, taken, limits=limits).listening("127.0.0.1", 0) as port:
            return await work(port)

    return asyncio.run(story())


async def said(port: int, *parts: bytes, end: bool = False) -> bytes:
    """All that comes back after these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        if end:
            writer.write_eof()
        return await reader.read()
    except OSError:
        return b""
    finally:
        writer.close()


def post(body: bytes, *, path: str = PATH, method: str = "POST", more: str = "") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def status(answer: bytes) -> int:
    return int(answer.split()[1]) if answer else 0


def test_an_event_is_taken_whole_and_in_parts() -> None:
    taken = Taken(status=202)
    whole = post(b'{"a": 1}')
    chunked = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    waits = post(b"later", more="Expect: 100-continue\r\n")

    async def work(port: int) -> list[bytes]:
        parts = [whole[at : at + 5] for at in range(0, len(whole), 5)]
        return [
            await said(port, whole),
            await said(port, *parts),
            await said(port, chunked, b"3\r\nabc\r\n", b"0\r\n\r\n"),
            await said(port, waits[:-5], waits[-5:]),
        ]

    answers = heard(work, taken)
    assert [status(answer) for answer in answers[:3]] == [202, 202, 202]
    assert b"HTTP/1.1 100" in answers[3]
    assert b"HTTP/1.1 202" in answers[3]
    assert taken.bodies == [b'{"a": 1}', b'{"a": 1}', b"abc", b"later"]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (post(b"{}", path="/"), 404),
        (post(b"{}", path=PATH + "x"), 404),
        (post(b"{}", path=PATH + "?a=b"), 404),
        (post(b"{}", path=PATH.upper()), 404),
        (post(b"", method="GET"), 405),
        (post(b"x" * 1001), 413),
        (f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {10**15}\r\n\r\n".encode(), 413),
        (f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n".encode() + b"x" * 2000, 413),
        (f"POST {PATH} HTTP/1.1\r\nHost: x\r\nA: {'a' * 5000}\r\n\r\n".encode(), 431),
        (b"nonsense\r\n\r\n", 400),
        (f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".encode(), 400),
        (f"POST {PATH} HTTP/1.1\r\nContent-Length: 2\r\n\r\n".encode() + b"{}", 400),
        (b"", 0),
    ],
)
def test_what_is_no_event_is_refused_by_its_head(sent: bytes, expected: int) -> None:
    taken = Taken()
    assert status(heard(lambda port: said(port, sent, end=not sent), taken)) == expected
    assert taken.bodies == []


def test_silent_and_slow_connections_hold_nobody_up() -> None:
    taken = Taken()

    async def work(port: int) -> tuple[list[bytes], bytes]:
        slow = [said(port, post(b"{}")[:20]) for _ in range(4)]
        ended = await together(*slow)
        return ended, await said(port, post(b"{}"))

    ended, after = heard(work, taken)
    assert ended == [b""] * 4
    assert status(after) == 200
    assert taken.bodies == [b"{}"]


def test_more_connections_than_allowed_are_closed_at_once() -> None:
    taken = Taken()

    async def work(port: int) -> list[bytes]:
        return await together(*(said(port, post(b"{}")[:20]) for _ in range(40)))

    assert set(heard(work, taken)) == {b""}
    assert status(heard(lambda port: said(port, post(b"{}")), taken)) == 200


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_are_answered_or_dropped_and_the_next_event_is_taken(parts: list[bytes]) -> None:
    taken = Taken()

    async def work(port: int) -> bytes:
        await said(port, *parts, end=True)
        return await said(port, post(b"{}"))

    assert status(heard(work, taken)) == 200
    assert taken.bodies == [b"{}"]
