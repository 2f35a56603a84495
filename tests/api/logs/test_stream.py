"""A log as it grows: each byte once, whether the server keeps the answer open, closes it, or knows Range."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from random import Random

import httpx
import pytest
from virtual import VirtualClock

from novita_infra.api.client import Client
from novita_infra.api.logs.entries import LogEntry
from novita_infra.api.logs.stream import LogRefused, Sign

KEY = "sk_this-is-the-key"
API = "https://api.novita.ai"
FOREIGN = "https://log.us-01.example.com/i-1/instance?token=abc"


class Pieces(httpx.AsyncByteStream):
    """Pieces, each after a pause in seconds; `error` is how it ends."""

    def __init__(self, clock: VirtualClock, *pieces: tuple[float, str], error: Exception | None = None) -> None:
        self._clock, self._pieces, self._error = clock, pieces, error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for pause, piece in self._pieces:
            await self._clock.sleep(pause)
            yield piece.encode()
        if self._error is not None:
            raise self._error


class Server:
    """Serves a log that a test changes, in the way of one kind of server."""

    def __init__(self, *, ranges: bool = True) -> None:
        self.clock = VirtualClock()
        self.ranges = ranges
        self.log = b""
        self.asked: list[str] = []
        self.answers: list[Callable[[], httpx.Response | Exception]] = []
        """The next answers, in the place of the log."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        span = request.headers.get("Range", "")
        self.asked.append(span)
        assert len(self.asked) < 20, "the story has no end"
        if self.answers:
            answer = self.answers.pop(0)()
            if isinstance(answer, Exception):
                raise answer
            return answer
        if not span or not self.ranges:
            return self.stream(self.log)
        start = max(0, len(self.log) - int(span[7:])) if span.startswith("bytes=-") else int(span[6:-1])
        if start >= len(self.log):
            return self.stream(b"", 416, Content_Range=f"bytes */{len(self.log)}")
        return self.stream(self.log[start:], 206, Content_Range=f"bytes {start}-{len(self.log) - 1}/{len(self.log)}")

    def stream(self, data: bytes, status: int = 200, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(status, stream=httpx.ByteStream(data), headers=named)

    def read(
        self, *, end: int | None = None, follow: bool = False, until: int = 99, then: Callable[[], None] | None = None
    ) -> list[str]:
        """The texts and the names of the signs, up to a number of them; `then` is called at each CAUGHT_UP."""
        found: list[str] = []

        async def story() -> None:
            transport = httpx.MockTransport(self)
            async with Client(url=API, key=KEY, clock=self.clock, random=Random(1), transport=transport) as client:
                reader = client.log_reader(secrets=["pepper"])
                async with aclosing(reader.read(FOREIGN, end=end, follow=follow)) as items:
                    async for item in items:
                        found.append(item.text if isinstance(item, LogEntry) else item.name)
                        if item is Sign.CAUGHT_UP and then:
                            then()
                        if len(found) == until:
                            return

        self.clock.run(story())
        return found


def test_a_whole_log_is_read_once() -> None:
    server = Server()
    server.log = b"one\n  two\nrest"
    assert server.read() == ["one", "  two", "rest", "CAUGHT_UP"]
    assert server.asked == [""]


def test_of_the_end_of_a_log_the_first_piece_of_a_line_is_left_out() -> None:
    server = Server()
    server.log = b"a secret pep\nper\nlast\n"
    assert server.read(end=9) == ["last", "CAUGHT_UP"]
    assert server.asked == ["bytes=-9"]
    server.ranges = False
    assert server.read(end=9)[-2:] == ["last", "CAUGHT_UP"]


@pytest.mark.parametrize("ranges", [True, False])
def test_what_is_appended_between_two_answers_comes_once(ranges: bool) -> None:
    server = Server(ranges=ranges)
    server.log = b"one\nhal"

    def grow() -> None:
        server.log = b"one\nhalf\n" + b"x" * 1000 + b"\nlast\n"

    assert server.read(follow=True, until=5, then=grow) == ["one", "CAUGHT_UP", "half", "x" * 1000, "last"]
    assert server.asked == ["", "bytes=0-"]


def test_an_answer_that_stays_open_is_read_as_it_comes() -> None:
    server = Server()
    live = Pieces(server.clock, (0, "one\n"), (9, "tw"), (1, "o\nthree\n"), (60, "four\n"))
    server.answers = [lambda: httpx.Response(200, stream=live)]
    assert server.read(follow=True, until=5) == ["one", "CAUGHT_UP", "two", "three", "four"]


def test_without_following_an_answer_that_stays_open_ends_when_it_rests() -> None:
    server = Server()
    live = Pieces(server.clock, (0, "one\n"), (1, "two\n"), (3600, "late\n"))
    server.answers = [lambda: httpx.Response(200, stream=live)]
    assert server.read() == ["one", "two", "CAUGHT_UP"]


def test_a_broken_connection_goes_on_where_it_was() -> None:
    server = Server()
    server.log = b"one\ntwo\nthree\n"
    broken = Pieces(server.clock, (0, "one\ntw"), error=httpx.ReadError("reset"))
    server.answers = [lambda: httpx.Response(200, stream=broken), lambda: httpx.ConnectError("refused")]
    assert server.read(follow=True, until=4) == ["one", "INTERRUPTED", "two", "three"]
    assert server.asked == ["", "bytes=0-", "bytes=0-"]


def test_only_the_last_bytes_are_compared() -> None:
    server = Server()
    server.log = b"y" * 999 + b"\n"
    found = server.read(follow=True, until=3, then=lambda: setattr(server, "log", server.log + b"new\n"))
    assert found == ["y" * 999, "CAUGHT_UP", "new"]
    assert server.asked == ["", "bytes=744-"]


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("after", [b"hi\n", b"another log that is longer\n"])
def test_a_log_that_begins_again_is_shown_from_its_beginning(ranges: bool, after: bytes) -> None:
    server = Server(ranges=ranges)
    server.log = b"the first log\n"
    found = server.read(follow=True, until=4, then=lambda: setattr(server, "log", after))
    assert found == ["the first log", "CAUGHT_UP", "RESTARTED", after.decode().rstrip()]


def test_an_open_answer_that_is_shorter_than_before_is_a_log_that_begins_again() -> None:
    server = Server(ranges=False)
    server.log = b"the first log is long\n"
    open_ = lambda: httpx.Response(200, stream=Pieces(server.clock, (0, "new\n"), (3600, "")))  # noqa: E731
    found = server.read(follow=True, until=4, then=lambda: server.answers.extend([open_, open_]))
    assert found == ["the first log is long", "CAUGHT_UP", "RESTARTED", "new"]


@pytest.mark.parametrize(
    ("answer", "text", "status"),
    [
        (lambda: httpx.Response(404), "the answer is HTTP 404", 404),
        (lambda: httpx.Response(302, headers={"Location": "/x"}), "the answer is HTTP 302", 302),
        (lambda: httpx.Response(200, html="<p>log in</p>"), "the answer is no text", 0),
        (lambda: httpx.ConnectError("refused"), "the connection failed: ConnectError", 0),
    ],
)
def test_a_log_that_cannot_be_read_says_why_without_its_address(
    answer: Callable[[], httpx.Response | Exception], text: str, status: int
) -> None:
    server = Server()
    server.answers = [answer]
    with pytest.raises(LogRefused) as caught:
        server.read()
    assert (str(caught.value), caught.value.status) == (text, status)


@pytest.mark.parametrize("address", ["", "file:///etc/passwd", "http://127.0.0.1/x", "http://169.254.169.254/x"])
def test_an_address_inside_this_network_is_not_read(address: str) -> None:
    server = Server()

    async def story() -> None:
        transport = httpx.MockTransport(server)
        async with Client(url=API, key=KEY, clock=server.clock, random=Random(1), transport=transport) as client:
            async for _ in client.log_reader(secrets=()).read(address, end=None, follow=True):
                pass

    with pytest.raises(LogRefused, match="its address leads into this network, or is none"):
        server.clock.run(story())
    assert server.asked == []


def test_secrets_are_taken_out_of_the_text_and_of_what_was_written() -> None:
    server = Server()
    server.log = f"{KEY}\n\x1b[31mpep\x1b[0mper\n\x1b[1mplain\x1b[0m\n".encode()
    entries: list[LogEntry] = []

    async def story() -> None:
        transport = httpx.MockTransport(server)
        async with Client(url=API, key=KEY, clock=server.clock, random=Random(1), transport=transport) as client:
            async for item in client.log_reader(secrets=["pepper"]).read(FOREIGN, end=None, follow=False):
                entries.extend([item] if isinstance(item, LogEntry) else [])

    server.clock.run(story())
    assert [(entry.text, entry.raw) for entry in entries] == [
        ("(secret)", "(secret)"),
        ("(secret)", "(secret)"),
        ("plain", "\x1b[1mplain\x1b[0m"),
    ]
