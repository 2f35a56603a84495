"""Calls of whole addresses: which are made, what is sent, and what a failure is called."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from virtual import VirtualClock

from novita_infra.api.client import Client
from novita_infra.api.errors import ApiError, NotFound, Refused, Throttled, Unanswered, Unreachable
from novita_infra.api.responses import Response
from novita_infra.api.streams.calls import AddressedCall

API = "https://api.novita.ai"
KEY = "sk_key-of-the-account"
Answer = Callable[[httpx.Request], httpx.Response]


class Service:
    """A made-up network that keeps what was sent."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.sent: list[httpx.Request] = []
        self._answer = answer or (lambda _: httpx.Response(200, stream=httpx.ByteStream(b"fine")))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self._answer(request)

    def run(self, call: AddressedCall, *, most: int = 1000, within: float = 30, whole: bool = True) -> Response:
        clock = VirtualClock()

        async def story() -> Response:
            client = Client(url=API, key=KEY, clock=clock, random=random.Random(0), transport=httpx.MockTransport(self))
            async with client:
                if whole:
                    return await client.addressed.fetch(call, within=within, most=most)
                async with client.addressed.open(call) as answer:
                    return Response(answer.status, answer.headers, await answer.whole(most))

        return clock.run(story())


def test_a_foreign_host_gets_no_key_and_the_api_gets_it_where_it_is_asked_for() -> None:
    service = Service()
    for call in (
        AddressedCall(address="https://x-y.runsync.novita.dev/health", keyed=True),
        AddressedCall(address="/openai/v1/models"),
        AddressedCall(address="/openai/v1/models", keyed=True),
        AddressedCall(address="https://e.runsync.novita.dev/", token="own-token"),
    ):
        assert service.run(call).body == b"fine"
    assert [request.headers.get("Authorization") for request in service.sent] == [
        None,
        None,
        f"Bearer {KEY}",
        "Bearer own-token",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "http://x.example.com/",  # without TLS
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "http://127.0.0.1:8080/",
        "ftp://x.example.com/",
        "file:///etc/passwd",
        "https://[::1]/",
        "https://exa mple/",
        "",
    ],
)
def test_an_address_without_tls_or_inside_of_the_network_is_not_called(address: str) -> None:
    service = Service()
    for whole in (True, False):
        with pytest.raises(Refused, match="only an address with https outside of this network"):
            service.run(AddressedCall(address=address), whole=whole)
    assert service.sent == []


def test_any_status_is_an_answer_of_fetch_and_an_error_of_open() -> None:
    service = Service(lambda _: httpx.Response(404, json={"message": f"no {KEY} here", "reason": "MODEL_NOT_FOUND"}))
    call = AddressedCall(address="https://e.example.com/x?signature=abc")
    assert service.run(call).status == 404
    with pytest.raises(NotFound) as failed:
        service.run(call, whole=False)
    assert KEY not in str(failed.value)
    assert "signature" not in str(failed.value)
    assert "https://e.example.com/x" in str(failed.value)


def test_a_token_of_an_endpoint_is_in_no_message() -> None:
    service = Service(lambda _: httpx.Response(401, text="wrong: token-of-the-program"))
    with pytest.raises(Refused) as failed:
        service.run(AddressedCall(address="https://e.example.com/", token="token-of-the-program"), whole=False)
    assert "token-of-the-program" not in f"{failed.value}{failed.value!r}"


def test_an_answer_that_is_too_large_or_too_late_is_unanswered() -> None:
    service = Service(lambda _: httpx.Response(200, content=b"x" * 2000))
    with pytest.raises(Unanswered, match="larger than") as failed:
        service.run(AddressedCall(address="https://e.example.com/"), most=1000)
    assert not failed.value.repeats

    async def never() -> AsyncIterator[bytes]:
        await asyncio.sleep(1e9)
        yield b""

    class Silent(httpx.AsyncByteStream):
        def __aiter__(self) -> AsyncIterator[bytes]:
            return never()

    service = Service(lambda _: httpx.Response(200, stream=Silent()))
    with pytest.raises(Unanswered, match="no answer within 30 s"):
        service.run(AddressedCall(address="https://e.example.com/"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), Unreachable),
        (httpx.ConnectTimeout("late"), Unreachable),
        (httpx.ReadError("reset"), Unanswered),
        (httpx.ReadTimeout("late"), Unanswered),
        (httpx.RemoteProtocolError("junk"), Unanswered),
        (OSError("broken"), Unanswered),
        (TimeoutError("ETIMEDOUT"), Unanswered),
    ],
)
def test_a_failure_says_how_far_the_call_got(error: Exception, kind: type[ApiError]) -> None:
    def fail(_: httpx.Request) -> Any:
        raise error

    for whole in (True, False):
        with pytest.raises(ApiError) as failed:
            Service(fail).run(AddressedCall(address="https://e.example.com/"), whole=whole)
        assert type(failed.value) is kind


def test_a_throttled_call_and_a_redirect_are_not_sent_again() -> None:
    service = Service(lambda _: httpx.Response(429, json={"message": "slow down"}))
    with pytest.raises(Throttled):
        service.run(AddressedCall(address="/openai/v1/models", keyed=True), whole=False)
    service = Service(lambda _: httpx.Response(302, headers={"Location": "https://evil.example.com/"}))
    with pytest.raises(Refused, match=r"a redirect to https://evil\.example\.com/"):
        service.run(AddressedCall(address="/openai/v1/models", keyed=True), whole=False)
    assert len(service.sent) == 1
