"""The client log: one line for each call, retry and wait, and never a key, a body or a secret."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import httpx
import pytest
from virtual import VirtualClock

from novita_infra.api.call_log import LOGGER
from novita_infra.api.client import Client
from novita_infra.api.errors import ApiError
from novita_infra.api.request import Request, get, post

KEY = "sk_canary-of-the-key"
SECRET = "canary-of-the-body"
READ = get("/gpu-instance/openapi/v1/gpu/instances", pageSize=100)
WRITE = post("/gpu-instance/openapi/v1/gpu/instance/create", {"envs": [{"key": "TOKEN", "value": SECRET}]})

Answer = Callable[[], httpx.Response | Exception]


@pytest.fixture
def lines() -> Iterator[Callable[..., list[str]]]:
    """Sends a request to a service with these answers, the last one for ever; returns the log from that level on."""
    handler = _Kept()
    LOGGER.addHandler(handler)
    level = LOGGER.level

    def send(request: Request, *answers: Answer, at: int = logging.DEBUG, **settings: Any) -> list[str]:
        LOGGER.setLevel(at)
        clock, left = VirtualClock(), list(answers)

        def serve(_request: httpx.Request) -> httpx.Response:
            answer = (left.pop(0) if len(left) > 1 else left[0])()
            if isinstance(answer, Exception):
                raise answer
            return answer

        async def story() -> None:
            transport = httpx.MockTransport(serve)
            url = "https://api.novita.ai/"
            async with Client(url=url, key=KEY, clock=clock, random=Random(1), transport=transport, **settings) as it:
                await it.send(request)

        try:
            clock.run(story())
        except ApiError:
            handler.failed = True
        return handler.lines

    yield send
    LOGGER.removeHandler(handler)
    LOGGER.setLevel(level)


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.failed = False

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.getMessage()}")


def ok(**headers: str) -> Answer:
    return lambda: httpx.Response(200, json={"id": SECRET}, headers={**headers})


def test_a_read_is_logged_at_debug_with_query_status_and_request_id(lines: Callable[..., list[str]]) -> None:
    assert lines(READ, ok(**{"X-Request-Id": "r-1"})) == [
        "DEBUG GET /gpu-instance/openapi/v1/gpu/instances?pageSize=100 200 in 0.00 s, attempt 1, request id r-1"
    ]


def test_a_write_is_logged_at_info_without_its_body(lines: Callable[..., list[str]]) -> None:
    assert lines(WRITE, ok(), at=logging.INFO) == [
        "INFO POST /gpu-instance/openapi/v1/gpu/instance/create 200 in 0.00 s, attempt 1"
    ]


@pytest.mark.parametrize(("request_", "at"), [(READ, logging.INFO), (WRITE, logging.WARNING)])
def test_a_call_below_the_level_is_not_logged(lines: Callable[..., list[str]], request_: Request, at: int) -> None:
    assert lines(request_, ok(), at=at) == []


def test_retries_and_their_waits_are_logged_as_warnings(lines: Callable[..., list[str]]) -> None:
    found = lines(WRITE, lambda: httpx.Response(429, headers={"Retry-After": "5"}), ok(), at=logging.WARNING)
    first, second = found
    assert first.startswith("WARNING POST /gpu-instance/openapi/v1/gpu/instance/create 429 in 0.00 s, attempt 1: ")
    assert second.startswith("WARNING POST /gpu-instance/openapi/v1/gpu/instance/create: attempt 2 follows in 5.")


def test_a_call_without_an_answer_says_so(lines: Callable[..., list[str]]) -> None:
    (line,) = lines(WRITE, lambda: httpx.ReadTimeout("slow"))
    assert line.endswith("/create unanswered in 0.00 s, attempt 1: no answer in time")


@pytest.mark.parametrize(
    "answer",
    [
        ok(**{"X-Request-Id": KEY}),
        lambda: httpx.Response(400, json={"reason": "INVALID", "message": f"env TOKEN={SECRET} of {KEY}"}),
        lambda: httpx.Response(500, text=f"{SECRET} {KEY}"),
        lambda: httpx.Response(403, html=f"<html><title>{SECRET} {KEY}</title></html>"),
        lambda: httpx.ConnectError(f"no route for {KEY}"),
        lambda: httpx.ReadError(f"reset by {KEY}"),
    ],
)
def test_no_line_holds_a_key_or_a_secret(lines: Callable[..., list[str]], answer: Answer) -> None:
    found = lines(WRITE, answer)
    assert found
    assert not [line for line in found if "canary" in line]


def test_a_key_in_a_query_is_redacted(lines: Callable[..., list[str]]) -> None:
    (line,) = lines(get("/x", name=KEY), ok())
    assert "GET /x?name=(secret) 200" in line
