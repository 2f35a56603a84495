"""What the calls under way wait for, in words; in made-up time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import httpx
import pytest
from virtual import VirtualClock

from novita_infra.api.client import Client
from novita_infra.api.errors import ApiError
from novita_infra.api.request import get

PATH = "/gpu-instance/openapi/v1/gpu/instances"


def reasons(answer: Callable[[], httpx.Response | None], *, calls: int = 1, every: float = 15.0) -> list[str]:
    """The reasons while calls are under way that are all answered so; None stands for a call without an answer."""
    clock, seen = VirtualClock(), []

    async def respond(_: httpx.Request) -> httpx.Response:
        answered = answer()
        if answered is None:
            await asyncio.sleep(59)
            raise httpx.ReadTimeout("slow")
        return answered

    async def story() -> None:
        client = Client(
            url="http://api.invalid",
            key="sk_test",
            clock=clock,
            random=Random(1),
            transport=httpx.MockTransport(respond),
            in_flight=1,
        )
        async with client:
            sending = [asyncio.ensure_future(client.send(get(PATH))) for _ in range(calls)]
            while not all(task.done() for task in sending):
                await clock.sleep(every)
                seen.append(client.awaited.reason())
            await asyncio.gather(*sending, return_exceptions=True)
            seen.append(client.awaited.progress())

    clock.run(story())
    return seen


def test_a_call_without_an_answer_says_for_how_long() -> None:
    assert reasons(lambda: None)[0] == f"GET {PATH}: no answer for 15 s"


def test_a_failing_read_says_its_error_its_attempts_and_the_next_one() -> None:
    seen = reasons(lambda: httpx.Response(500, json={"reason": "UNKNOWN", "message": "broken"}), every=0.9)
    waiting = [text for text in seen if "tried again in" in text]
    assert waiting
    assert all(f"GET {PATH}: UNKNOWN: broken (HTTP 500" in text for text in waiting)
    assert any("tried 3 times" in text for text in waiting)


def test_a_wait_that_the_service_asked_for_is_named_with_its_length() -> None:
    seen = reasons(lambda: httpx.Response(429, headers={"Retry-After": "40"}), calls=3)
    assert "HTTP 429" in seen[0]
    assert "as the service asked (40 s)" in seen[0]
    assert any(
        "waits for its turn; the service asked for a pause" in text or "more calls wait" in text for text in seen
    )


def test_a_failed_call_remains_the_reason_until_one_succeeds() -> None:
    answers = [httpx.Response(400, json={"reason": "CONFLICT"}), httpx.Response(200, json={})]
    clock = VirtualClock()

    async def story() -> list[str]:
        transport = httpx.MockTransport(lambda _: answers.pop(0))
        async with Client(
            url="http://api.invalid", key="sk_test", clock=clock, random=Random(1), transport=transport
        ) as client:
            with pytest.raises(ApiError):
                await client.send(get(PATH))
            failed = client.awaited.reason()
            await client.send(get(PATH))
            return [failed, client.awaited.reason(), client.awaited.progress()]

    failed, *after = clock.run(story())
    assert "CONFLICT" in failed
    assert after == ["", ""]
