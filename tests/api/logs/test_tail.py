"""Where a log is read from, with what, and how much of it: never with the key for a stranger, never for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from random import Random

import httpx
import pytest
from virtual import VirtualClock

from novita_infra.api.client import Client
from novita_infra.api.logs.tail import IDLE, LARGEST, PATIENCE, TAIL

KEY = "sk_this-is-the-key"
API = "https://api.novita.ai"
FOREIGN = "https://log.us-01.example.com/i-1/instance?token=abc"
OWN = "/serverless/log/e-1/w-1"


class Wire:
    """Answers every request alike and notes it."""

    def __init__(self, answer: Callable[[], httpx.Response | Exception]) -> None:
        self.sent: list[httpx.Request] = []
        self.clock = VirtualClock()
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self._answer()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def read(self, *addresses: str, url: str = API) -> list[tuple[str, ...]]:
        """What is read of each, all at once."""

        async def story() -> list[tuple[str, ...]]:
            transport = httpx.MockTransport(self)
            async with Client(url=url, key=KEY, clock=self.clock, random=Random(1), transport=transport) as client:
                return await asyncio.gather(*(client.last_log_lines(one, secrets=["pepper"]) for one in addresses))

        return self.clock.run(story())


class Body(httpx.AsyncByteStream):
    """Pieces, each after a pause; `error` is how it ends."""

    def __init__(self, clock: VirtualClock, *pieces: bytes, pause: float, error: Exception | None = None) -> None:
        self._clock, self._pieces, self._pause, self._error = clock, pieces, pause, error
        self.begun = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            await self._clock.sleep(self._pause)
            self.begun += 1
            yield piece
        if self._error is not None:
            raise self._error


def text(said: str, status: int = 200, **headers: str) -> Callable[[], httpx.Response]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: httpx.Response(status, stream=httpx.ByteStream(said.encode()), headers=named)


def test_a_log_elsewhere_is_read_without_the_key() -> None:
    wire = Wire(text("loading\nout of memory\n"))
    assert wire.read(FOREIGN) == [("loading", "out of memory")]
    (request,) = wire.sent
    assert str(request.url) == FOREIGN
    assert request.method == "GET"
    assert request.headers["Range"] == f"bytes=-{TAIL}"
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    "address",
    [
        "https://api.novita.ai.example.com/log",
        "https://api.novita.ai@log.example.com/log",
        "//log.example.com/log",
        "http://api.novita.ai/log",
        "https://api.novita.ai:8443/log",
        "https://API.example.com/log",
    ],
)
def test_only_the_very_origin_of_the_api_gets_the_key(address: str) -> None:
    wire = Wire(text("x"))
    wire.read(address)
    assert len(wire.sent) == 1
    assert KEY not in str(wire.sent[0].headers.raw)


@pytest.mark.parametrize("address", [OWN, f"{API}{OWN}", f"HTTPS://API.NOVITA.AI:443{OWN}".replace("HTTPS", "https")])
def test_a_log_at_the_api_itself_is_read_with_the_key(address: str) -> None:
    wire = Wire(text("ready"))
    assert wire.read(address) == [("ready",)]
    (request,) = wire.sent
    assert request.url.host == "api.novita.ai"
    assert request.url.path == OWN
    assert request.headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "log/e-1",
        "file:///etc/passwd",
        "ftp://log.example.com/x",
        "javascript:alert(1)",
        "http://",
        "http://[",
        "http://log.example.com:99999999/x",
        "https://a b/",
        f"https://{'x' * 70_000}.example.com/",
        "http://localhost:8080/x",
        "http://printer/x",
        "http://127.0.0.1/x",
        "http://10.1.2.3/x",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/x",
        "http://[fe80::1]/x",
        "http://metadata.google.internal/x",
    ],
)
def test_an_invalid_or_internal_log_address_is_not_read(address: str) -> None:
    wire = Wire(text("x"))
    assert wire.read(address) == [()]
    assert wire.sent == []


def test_a_simulator_on_this_machine_is_the_api_itself() -> None:
    wire = Wire(text("x"))
    assert wire.read("http://127.0.0.1:8081/logs/i-1", url="http://127.0.0.1:8081") == [("x",)]
    assert wire.read("http://127.0.0.1:8082/logs/i-1", url="http://127.0.0.1:8081") == [()]


@pytest.mark.parametrize(
    "answer",
    [
        text("no such log", 404),
        text("", 416),
        text("busy", 429),
        text("broken", 500),
        text("elsewhere", 302, Location="http://log.example.com/"),
        text("<html>log in</html>", Content_Type="text/html; charset=utf-8"),
        lambda: httpx.Response(
            200, stream=Body(VirtualClock(), b"\x1f\x8b", pause=0), headers={"Content-Encoding": "gzip"}
        ),
        lambda: httpx.ConnectError("refused"),
        lambda: httpx.ConnectTimeout("slow"),
        lambda: httpx.RemoteProtocolError("odd"),
        lambda: ConnectionResetError("reset"),
    ],
)
def test_an_unreadable_log_gives_no_lines_after_one_attempt(
    answer: Callable[[], httpx.Response | Exception],
) -> None:
    wire = Wire(answer)
    assert wire.read(FOREIGN) == [()]
    assert len(wire.sent) == 1


def test_the_key_and_the_secrets_are_taken_out() -> None:
    assert Wire(text(f"{KEY} and pepper")).read(FOREIGN) == [("(secret) and (secret)",)]


def test_of_a_part_the_first_line_counts_only_where_it_is_the_first_of_the_log() -> None:
    part = text("one\ntwo\n", 206, Content_Range="bytes 100-108/109")
    assert Wire(part).read(FOREIGN) == [("two",)]
    whole = text("one\ntwo\n", 206, Content_Range="bytes 0-8/9")
    assert Wire(whole).read(FOREIGN) == [("one", "two")]


def test_where_the_server_sends_all_only_the_end_is_kept() -> None:
    lines = "".join(f"line {number}\n" for number in range(100_000))
    (found,) = Wire(text(lines)).read(FOREIGN)
    assert found[-1] == "line 99999"


def test_an_endless_log_gives_no_lines_and_little_is_read() -> None:
    piece = b"again and again\n" * 4096
    body = Body(VirtualClock(), *[piece] * 9999, pause=0.0)
    wire = Wire(lambda: httpx.Response(200, stream=body))
    assert wire.read(FOREIGN) == [()]
    assert body.begun * len(piece) <= LARGEST + len(piece)


def test_an_open_log_gives_the_lines_that_came() -> None:
    def answer() -> httpx.Response:
        silent = Body(wire.clock, b"loading\n", b"ready\n", pause=0.1, error=httpx.ReadTimeout(f"{IDLE} s"))
        return httpx.Response(200, stream=silent)

    wire = Wire(answer)
    assert wire.read(FOREIGN) == [("loading", "ready")]


def test_a_slow_log_gives_the_lines_that_came_in_time() -> None:
    wire = Wire(lambda: httpx.Response(200, stream=Body(wire.clock, *[b"tick\n"] * 99, pause=1.5)))
    began = wire.clock.now()
    assert wire.read(FOREIGN) == [("tick",) * 3]
    assert wire.clock.now() - began <= PATIENCE


def test_many_logs_at_once_take_no_longer_than_one() -> None:
    wire = Wire(lambda: httpx.Response(200, stream=Body(wire.clock, *[b"tick\n"] * 99, pause=1.5)))
    began = wire.clock.now()
    found = wire.read(*[FOREIGN] * 100)
    assert wire.clock.now() - began <= PATIENCE
    assert () in found
