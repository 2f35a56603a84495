"""Webhooks: events of finished tasks are delivered to this machine, retried, and never sent to another one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from novita_infra.simulator import HandClock, open_world
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.serving import background
from novita_infra.simulator.http.webhooks import WebhookSender
from novita_infra.simulator.world.engine.llm_records import Delivery
from novita_infra.simulator.world.llm import tasks

ASYNC = "/v3/async"
HOOK = "http://127.0.0.1:9/hook"


def submit(cloud: Any, url: str = HOOK, **webhook: Any) -> str:
    body = {"request": {"prompt": "a cat"}, "extra": {"webhook": {"url": url} | webhook}}
    return str(cloud.post(f"{ASYNC}/txt2img", body)["task_id"])


def delivery(cloud: Any, key: str) -> Any:
    return cloud.world.deliveries.get(key)


class Hook:
    """A webhook with given answers that keeps the events."""

    def __init__(self, *answers: int | Exception, url: str = "") -> None:
        self.answers = list(answers)
        self.got: list[tuple[str, Any]] = []
        self.url = url
        self.rung = asyncio.Event()

    async def __call__(self, url: str, body: bytes) -> int:
        self.got.append((url, json.loads(body)))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer


def deliver(cloud: Any, hook: Callable[[str, bytes], Any]) -> None:
    asyncio.run(WebhookSender(cloud.world, post=hook).deliver())


def test_a_webhook_gets_one_event_equal_to_the_task_result(cloud: Any) -> None:
    hook = Hook()
    key = submit(cloud)
    deliver(cloud, hook)
    assert hook.got == []
    cloud.pass_(60)
    deliver(cloud, hook)
    deliver(cloud, hook)
    ((url, event),) = hook.got
    assert url == HOOK
    shown = cloud.get(f"{ASYNC}/task-result", task_id=key)
    for row in (*event["payload"]["images"], *shown["images"]):
        assert "?X-Amz-Date=" in row["image_url"]
        row["image_url"] = row["image_url"].partition("?")[0]  # each answer signs its own addresses
    assert event == {"event_type": "ASYNC_TASK_RESULT", "payload": shown}
    assert event["payload"]["extra"]["webhook"] == {"url": HOOK}
    assert delivery(cloud, key).state == "delivered"


@pytest.mark.parametrize("status", ["TASK_STATUS_SUCCEED", "TASK_STATUS_FAILED"])
def test_a_webhook_in_test_mode_gets_a_free_mock_event(cloud: Any, status: str) -> None:
    hook, before = Hook(), cloud.world.sums.settled
    submit(cloud, test_mode={"enabled": True, "return_task_status": status})
    cloud.pass_(3)
    deliver(cloud, hook)
    ((_, event),) = hook.got
    assert event["payload"]["task"]["status"] == status
    assert cloud.world.sums.settled == before


def test_a_webhook_event_is_retried_five_times_at_most(cloud: Any) -> None:
    hook = Hook(500, OSError("refused"), 302, ValueError("no HTTP answer"), 404, 503, 200)
    key = submit(cloud)
    cloud.pass_(60)
    for _ in range(40):
        deliver(cloud, hook)
        cloud.pass_(20)
    assert len(hook.got) == 6
    assert len({json.dumps(event) for _, event in hook.got}) == 1
    assert delivery(cloud, key).state == "failed"
    assert delivery(cloud, key).outcomes == [
        "HTTP 500",
        "refused",
        "HTTP 302",
        "no HTTP answer",
        "HTTP 404",
        "HTTP 503",
    ]


def test_webhook_retries_wait_longer_each_time(cloud: Any) -> None:
    hook = Hook(500, 500)
    key = submit(cloud)
    cloud.pass_(60)
    deliver(cloud, hook)
    cloud.pass_(9)
    deliver(cloud, hook)
    assert len(hook.got) == 1
    cloud.pass_(1)
    deliver(cloud, hook)
    cloud.pass_(19)
    deliver(cloud, hook)
    assert len(hook.got) == 2
    cloud.pass_(1)
    deliver(cloud, hook)
    assert (len(hook.got), delivery(cloud, key).state) == (3, "delivered")


def test_a_webhook_that_is_too_slow_is_a_failed_attempt(cloud: Any) -> None:
    async def never(_url: str, _body: bytes) -> int:
        await asyncio.Event().wait()
        return 200

    key = submit(cloud)
    cloud.pass_(60)
    asyncio.run(WebhookSender(cloud.world, post=never, patience=0.01).deliver())
    assert (delivery(cloud, key).state, len(delivery(cloud, key).outcomes)) == ("waiting", 1)


@pytest.mark.parametrize(
    "url", ["https://example.com/x", "http://10.0.0.1/", "http://0.0.0.0/", "http://[2001:db8::1]/"]
)
def test_no_webhook_event_is_sent_to_another_machine(cloud: Any, url: str) -> None:
    hook = Hook()
    key = submit(cloud, url)
    cloud.pass_(60)
    deliver(cloud, hook)
    assert hook.got == []
    assert delivery(cloud, key).state == "withheld"


@pytest.mark.parametrize("url", ["http://localhost:1/x", "http://127.0.0.9/", "http://[::1]:8080/a?b=c"])
def test_webhooks_accept_all_names_of_this_machine(url: str) -> None:
    tasks.check_address(url)
    assert tasks.at_home(url)


def test_an_undelivered_webhook_event_survives_reopening(make_cloud: Any, tmp_path: Path) -> None:
    first, hook = make_cloud(tmp_path / "sim.db"), Hook(500)
    key = submit(first)
    first.pass_(60)
    deliver(first, hook)
    first.world.close()
    second = make_cloud(tmp_path / "sim.db")
    second.pass_(100)
    deliver(second, hook)
    assert len(hook.got) == 2
    assert delivery(second, key).state == "delivered"


def test_the_webhook_event_of_a_forgotten_task_is_removed(cloud: Any) -> None:
    key = submit(cloud)
    cloud.pass_(8 * 86_400)
    deliver(cloud, Hook())
    assert delivery(cloud, key) is None


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([200, 204, 299, 199, 300, 500]), max_size=8))
def test_webhook_delivery_ends_with_a_success_or_the_sixth_failure(make_cloud: Any, answers: list[int]) -> None:
    cloud, hook = make_cloud(), Hook(*answers)
    key = submit(cloud)
    cloud.pass_(60)
    for _ in range(8):
        deliver(cloud, hook)
        cloud.pass_(200)
    good = next((place for place, answer in enumerate([*answers, 200]) if 200 <= answer < 300), 99)
    assert len(hook.got) == min(good + 1, 6)
    assert delivery(cloud, key).state == ("delivered" if good < 6 else "failed")


@asynccontextmanager
async def listening(answer: bytes) -> AsyncIterator[Hook]:
    """A webhook behind a real socket that answers every request with these bytes."""
    hook = Hook()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(next(line for line in head.split("\r\n") if line.lower().startswith("content-length")).split()[1])
        hook.got.append((head.split("\r\n")[0], json.loads(await reader.readexactly(length))))
        hook.rung.set()
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    async with server:
        hook.url = f"http://user@127.0.0.1:{server.sockets[0].getsockname()[1]}/h%C3%B6k?a=b c".replace(" ", "%20")
        yield hook


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", "HTTP 204"),
        (b"HTTP/1.1 500 Oops\r\n\r\n", "HTTP 500"),
        (b"SSH-2.0-what\r\n", "no HTTP answer"),
        (b"HTTP/1.1 word\r\n\r\n", "invalid literal for int() with base 10: b'word'"),
        (b"", "no HTTP answer"),
    ],
)
def test_a_webhook_is_posted_over_a_real_socket(cloud: Any, answer: bytes, outcome: str) -> None:
    async def run() -> str:
        async with listening(answer) as hook:
            cloud.world.deliveries.add(Delivery(id=key, url=hook.url))
            await WebhookSender(cloud.world).deliver()
            return hook.got[0][0]

    key = submit(cloud, "https://example.com/")
    cloud.pass_(60)
    cloud.world.advance()
    assert asyncio.run(run()) == "POST /h%C3%B6k?a=b%20c HTTP/1.1"
    assert delivery(cloud, key).outcomes == [outcome]


def test_a_closed_port_is_a_failed_webhook_attempt(cloud: Any) -> None:
    key = submit(cloud, "http://127.0.0.1:1/")
    cloud.pass_(60)
    asyncio.run(WebhookSender(cloud.world).deliver())
    assert delivery(cloud, key).state == "waiting"


def test_a_served_world_delivers_webhooks_by_itself() -> None:
    async def run(url: str, hook: Hook) -> None:
        headers = {"Authorization": "Bearer sk_x"}
        async with httpx.AsyncClient(base_url=url, headers=headers) as client:
            body = {"prompt": "a", "extra": {"webhook": {"url": hook.url}}}
            assert (await client.post(f"{ASYNC}/txt2img", json=body)).status_code == 200
            await client.post("/_sim/advance", json={"seconds": 60})
            await hook.rung.wait()

    async def both() -> None:
        async with listening(b"HTTP/1.1 200 OK\r\n\r\n") as hook:
            with background(build_app(world)) as server:
                await asyncio.wait_for(run(server.url, hook), 10)
            assert hook.got[0][1]["payload"]["task"]["status"] == "TASK_STATUS_SUCCEED"

    world = open_world(None, now=HandClock())
    asyncio.run(both())
    (sent,) = world.deliveries
    assert sent.state in {"due", "delivered"}
