"""What the client sends, what it sends again, and what it makes of what comes back; in the process, in made-up time."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, TypeAlias

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual import VirtualClock

from novita_infra import __version__
from novita_infra.api.client import Client
from novita_infra.api.errors import ApiError, Busy, NoCapacity, Refused, Throttled, Unanswered, Unreachable
from novita_infra.api.request import Pages, Request, get, post
from novita_infra.api.retries import RetryPolicy
from novita_infra.api.transport.client_pools import ClientPools
from novita_infra.model.diagnostics import Problems

KEY = "sk_this-is-the-key"
READ = get("/gpu-instance/openapi/v1/gpu/instances", pageSize=100, name="a b&c")
WRITE = post("/gpu-instance/openapi/v1/gpu/instance/create", {"name": "trainer", "gpuNum": 1})
REPEATABLE = post("/gpu-instance/openapi/v1/gpu/instance/delete", {"instanceId": "i-1"}, repeatable=True)

Outcome: TypeAlias = httpx.Response | Exception

NOT_SENT: list[Callable[[], Outcome]] = [
    lambda: httpx.ConnectError("connection refused"),
    lambda: httpx.ConnectTimeout("slow"),
    lambda: httpx.ProxyError("no tunnel"),
]
THROTTLED: list[Callable[[], Outcome]] = [
    lambda: httpx.Response(429),
    lambda: httpx.Response(429, headers={"Retry-After": "5"}),
    lambda: httpx.Response(400, json={"reason": "RATE_LIMIT_EXCEEDED"}),
]
LOST: list[Callable[[], Outcome]] = [
    lambda: httpx.ReadError("reset"),
    lambda: httpx.WriteError("reset"),
    lambda: httpx.ReadTimeout("slow"),
    lambda: httpx.RemoteProtocolError("disconnected"),
    lambda: ssl.SSLError("bad record"),
    lambda: ConnectionResetError("reset"),
    lambda: httpx.Response(500, json={"reason": "UNKNOWN"}),
    lambda: httpx.Response(502, html="<html><title>Bad Gateway</title></html>"),
    lambda: httpx.Response(200, content=b'{"id": "i-'),
    lambda: httpx.Response(200, html="<html>please log in</html>"),
]
FINAL: list[Callable[[], Outcome]] = [
    lambda: httpx.Response(200, json={"id": "i-1"}),
    lambda: httpx.Response(400, json={"reason": "INSUFFICIENT_RESOURCE", "message": "none free"}),
    lambda: httpx.Response(400, json={"reason": "CONFLICT"}),
    lambda: httpx.Response(401, json={"reason": "UNAUTHORIZED"}),
]


def talking(
    transport: httpx.AsyncBaseTransport,
    clock: VirtualClock,
    *,
    key: str = KEY,
    url: str = "https://api.novita.ai/",
    seed: int = 1,
    **settings: Any,
) -> Client:
    random = Random(seed)  # jitter that comes out the same each time
    return Client(url=url, key=key, clock=clock, random=random, transport=transport, **settings)


class Wire:
    """Plays a list of outcomes, the last one for ever, and notes what was sent when."""

    def __init__(self, *outcomes: Callable[[], Outcome]) -> None:
        self.sent: list[httpx.Request] = []
        self.times: list[float] = []
        self.clock = VirtualClock()
        self._outcomes = outcomes

    def __call__(self, request: httpx.Request) -> httpx.Response:
        outcome = self._outcomes[min(len(self.sent), len(self._outcomes) - 1)]()
        self.sent.append(request)
        self.times.append(self.clock.now())
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def send(self, request: Request, **settings: Any) -> Any:
        async def story() -> Any:
            async with self.client(**settings) as client:
                return await client.send(request)

        return self.clock.run(story())

    def client(self, **settings: Any) -> Client:
        return talking(httpx.MockTransport(self), self.clock, **settings)


def test_a_request_carries_the_key_its_query_and_its_body() -> None:
    wire = Wire(lambda: httpx.Response(200, json={"id": "i-1"}))
    assert wire.send(WRITE, key=f" {KEY}\n") == {"id": "i-1"}
    wire.send(READ)
    write, read = wire.sent
    assert str(write.url) == "https://api.novita.ai/gpu-instance/openapi/v1/gpu/instance/create"
    assert write.headers["Authorization"] == f"Bearer {KEY}"
    assert write.headers["User-Agent"] == f"novita-infra/{__version__}"
    assert write.headers["Accept"] == write.headers["Content-Type"] == "application/json"
    assert json.loads(write.content) == WRITE.body
    assert read.headers["Content-Type"] == "application/json"
    assert read.content == b""
    assert dict(read.url.params) == {"pageSize": "100", "name": "a b&c"}


@pytest.mark.parametrize("again", [*THROTTLED, *NOT_SENT])
def test_a_write_goes_out_again_when_nothing_happened(again: Callable[[], Outcome]) -> None:
    wire = Wire(again, again, FINAL[0])
    assert wire.send(WRITE) == {"id": "i-1"}
    assert len(wire.sent) == 3


@pytest.mark.parametrize("lost", LOST)
def test_a_write_whose_answer_is_lost_is_not_repeated(lost: Callable[[], Outcome]) -> None:
    wire = Wire(lost, FINAL[0])
    with pytest.raises(Unanswered) as caught:
        wire.send(WRITE)
    assert len(wire.sent) == caught.value.attempts == 1


@pytest.mark.parametrize("request_", [READ, REPEATABLE])
@pytest.mark.parametrize("lost", LOST)
def test_a_repeatable_call_whose_answer_is_lost_goes_out_again(request_: Request, lost: Callable[[], Outcome]) -> None:
    wire = Wire(lost, lost, FINAL[0])
    assert wire.send(request_) == {"id": "i-1"}
    assert len(wire.sent) == 3


@pytest.mark.parametrize("refused", FINAL[1:])
def test_a_refusal_is_never_repeated(refused: Callable[[], Outcome]) -> None:
    wire = Wire(refused)
    for request in (READ, WRITE, REPEATABLE):
        with pytest.raises(Refused):
            wire.send(request)
    assert len(wire.sent) == 3


@pytest.mark.parametrize(
    ("outcome", "kind", "tries"), [(LOST[0], Unanswered, 8), (NOT_SENT[0], Unreachable, 8), (LOST[6], Unanswered, 8)]
)
def test_a_call_that_never_succeeds_ends_in_the_last_error(
    outcome: Callable[[], Outcome], kind: type[ApiError], tries: int
) -> None:
    wire = Wire(outcome)
    with pytest.raises(kind, match=f"tried {tries} times"):
        wire.send(READ)
    assert len(wire.sent) == tries


def test_being_throttled_often_does_not_use_up_the_attempts_for_failures() -> None:
    wire = Wire(*[THROTTLED[0]] * 9, LOST[0], FINAL[0])
    assert wire.send(READ) == {"id": "i-1"}


def test_the_error_of_a_lost_connection_names_the_failure() -> None:
    with pytest.raises(Unreachable, match="no connection: connection refused"):
        Wire(NOT_SENT[0]).send(WRITE)
    with pytest.raises(Unanswered, match="no answer in time"):
        Wire(LOST[2]).send(WRITE)


@given(
    outcomes=st.lists(st.sampled_from([*THROTTLED, *NOT_SENT, *LOST, *FINAL]), min_size=1, max_size=60),
    seed=st.integers(0, 9),
    request=st.sampled_from([READ, WRITE, REPEATABLE]),
)
def test_a_call_goes_out_twice_only_where_that_does_no_harm(
    outcomes: list[Callable[[], Outcome]], seed: int, request: Request
) -> None:
    wire = Wire(*outcomes)
    patience = RetryPolicy()
    raised: ApiError | None = None
    try:
        wire.send(request, seed=seed)
    except ApiError as error:
        raised = error
    played = [outcomes[min(at, len(outcomes) - 1)] for at in range(len(wire.sent))]
    harmless = [*THROTTLED, *NOT_SENT] + (LOST if request.repeatable else [])
    assert all(outcome in harmless for outcome in played[:-1])
    assert len(played) <= patience.all_attempts
    # Waiting for a place is not counted, and at its slowest the governor gives one in two seconds.
    assert wire.times[-1] - wire.times[0] <= patience.deadline + 2 * len(played)
    if played[-1] in LOST:
        assert isinstance(raised, Unanswered)
    if played[-1] in FINAL:
        assert (raised is None) == (played[-1] is FINAL[0])


@pytest.mark.slow
def test_the_waits_between_attempts_grow_with_full_jitter_up_to_a_bound() -> None:
    spans: list[list[float]] = [[] for _ in range(7)]
    for seed in range(200):
        wire = Wire(LOST[0])
        with pytest.raises(Unanswered):
            wire.send(READ, seed=seed)
        for at, (before, after) in enumerate(zip(wire.times, wire.times[1:], strict=False)):
            spans[at].append(after - before)
    for at, span in enumerate(spans):
        longest = min(20, 0.5 * 2**at)
        assert 0.9 * longest < max(span) <= longest
        assert min(span) < 0.1 * longest


def test_a_wait_that_the_service_asks_for_is_kept() -> None:
    wire = Wire(lambda: httpx.Response(429, headers={"Retry-After": "30"}), FINAL[0])
    wire.send(WRITE)
    assert 30 <= wire.times[1] - wire.times[0] <= 30.5


def test_a_call_that_would_wait_past_its_deadline_gives_up_at_once() -> None:
    wire = Wire(lambda: httpx.Response(429, headers={"Retry-After": "30"}))
    with pytest.raises(Throttled) as caught:
        wire.send(WRITE, patience=RetryPolicy(deadline=70))
    assert len(wire.sent) == caught.value.attempts == 3
    assert wire.clock.now() - wire.times[0] < 70


def test_an_attempt_that_drips_for_ever_is_cut_off_at_the_deadline() -> None:
    wire = Wire(FINAL[0])

    class Drips(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            wire(request)
            await wire.clock.sleep(10_000)
            raise AssertionError("never comes this far")

    async def story() -> None:
        async with talking(Drips(), wire.clock) as client:
            await client.send(READ)

    with pytest.raises(Unanswered, match="no answer in time"):
        wire.clock.run(story())
    assert len(wire.sent) == 1
    assert wire.clock.now() - wire.times[0] == 120


def test_a_long_queue_makes_no_call_fail() -> None:
    """300 calls through one place, each throttled once: all but the first wait far longer than the deadline."""
    clock = VirtualClock()
    seen: set[str] = set()

    async def answer(request: httpx.Request) -> httpx.Response:
        await clock.sleep(1)
        if str(request.url) not in seen:
            seen.add(str(request.url))
            return httpx.Response(429)
        return httpx.Response(200, json={})

    async def story() -> list[Any]:
        async with talking(httpx.MockTransport(answer), clock, in_flight=1) as client:
            return await asyncio.gather(*(client.send(get("/x", at=at)) for at in range(300)))

    assert clock.run(story()) == [{}] * 300


def test_a_service_that_takes_four_calls_at_once_gets_fifty_through_without_a_failed_one() -> None:
    clock = VirtualClock()
    running = 0

    async def answer(_: httpx.Request) -> httpx.Response:
        nonlocal running
        if running >= 4:
            return httpx.Response(429, headers={"Retry-After": "1"})
        running += 1
        await clock.sleep(0.05)
        running -= 1
        return httpx.Response(200, json={})

    async def story() -> list[Any]:
        async with talking(httpx.MockTransport(answer), clock) as client:
            return await asyncio.gather(*(client.send(WRITE) for _ in range(50)))

    assert clock.run(story()) == [{}] * 50


def test_a_cancelled_call_stops_at_once_and_is_not_repeated() -> None:
    wire = Wire(NOT_SENT[0])

    async def story() -> None:
        async with wire.client() as client:
            task = asyncio.create_task(client.send(READ))
            await asyncio.sleep(0.001)
            task.cancel()
            await task

    with pytest.raises(asyncio.CancelledError):
        wire.clock.run(story())
    assert len(wire.sent) == 1


def test_a_list_is_walked_with_retries() -> None:
    things = [{"id": str(number)} for number in range(25)]
    failures: Iterator[Callable[[], Outcome]] = iter([LOST[6], LOST[0], THROTTLED[0]])

    def answer(request: httpx.Request) -> httpx.Response:
        outcome = next(failures, lambda: None)()
        if isinstance(outcome, Exception):
            raise outcome
        number = int(request.url.params["pageNum"])
        return outcome or httpx.Response(200, json={"things": things[number * 10 : number * 10 + 10], "total": "25"})

    clock = VirtualClock()

    async def story() -> list[dict[str, Any]]:
        async with talking(httpx.MockTransport(answer), clock) as client:
            return await client.walk(Pages(path="/things", items=("things",), identity=("id",), number="pageNum"))

    assert clock.run(story()) == things


@pytest.mark.parametrize(
    "request_",
    [
        get("//evil.example/x"),
        get("/@evil.example/x"),
        get("/:8080@evil.example/x"),
        get("/..//evil.example"),
        get("/\\evil.example"),
    ],
)
def test_no_path_leads_to_another_host(request_: Request) -> None:
    wire = Wire(lambda: httpx.Response(200))
    wire.send(request_)
    assert wire.sent[0].url.host == "api.novita.ai"


@pytest.mark.parametrize(
    "request_",
    [
        get("https://evil.example/x"),
        get(".evil.example/x"),
        get("/x\ny"),
        get("/x", name="\ud800"),
        Request("GET /", "/x"),
        post("/x", {"name": "\ud800"}),
        post("/x", {"price": float("nan")}),
        post("/x", {"name": object()}),
    ],
)
def test_a_call_that_cannot_be_written_down_is_refused_unsent(request_: Request) -> None:
    wire = Wire(FINAL[0])
    with pytest.raises(Refused):
        wire.send(request_)
    assert not wire.sent


def test_a_query_in_the_path_is_kept_beside_the_query() -> None:
    wire = Wire(lambda: httpx.Response(200))
    wire.send(get("/x?a=1", b=2))
    assert dict(wire.sent[0].url.params) == {"a": "1", "b": "2"}


def test_a_redirect_is_not_followed() -> None:
    wire = Wire(lambda: httpx.Response(307, headers={"Location": "https://evil.example/"}))
    with pytest.raises(Refused, match=r"a redirect to https://evil\.example/"):
        wire.send(WRITE)
    assert len(wire.sent) == 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.novita.ai",
        "ftp://api.novita.ai",
        "https://",
        "https://user:pw@api.novita.ai",
        "https://a?b=c",
        "http://[",
        "https://a#b",
    ],
)
def test_an_invalid_api_address_is_reported_and_not_repeated_in_full(url: str) -> None:
    with pytest.raises(Problems) as caught:
        Wire(FINAL[0]).client(url=url)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "  ", "sk_two words", "sk_line\nbreak", "sk_ключ", "sk_\x00"])
def test_a_key_that_no_header_can_carry_is_reported_and_not_shown(key: str) -> None:
    with pytest.raises(Problems) as caught:
        Wire(FINAL[0]).client(key=key)
    assert "sk_" not in str(caught.value)


@pytest.mark.parametrize(
    "outcome", [*FINAL[1:], *LOST, lambda: httpx.Response(401, text=f"what is {KEY}?"), lambda: httpx.ReadError(KEY)]
)
def test_the_key_is_in_no_error_and_no_repr(outcome: Callable[[], Outcome]) -> None:
    wire = Wire(outcome)
    with pytest.raises(ApiError) as caught:
        wire.send(WRITE)
    assert KEY not in f"{caught.value} {caught.value!r} {wire.client()!r}"


def test_the_text_of_the_service_is_in_the_message() -> None:
    with pytest.raises(NoCapacity) as caught:
        Wire(FINAL[1]).send(WRITE)
    assert str(caught.value) == (
        "POST /gpu-instance/openapi/v1/gpu/instance/create: INSUFFICIENT_RESOURCE: none free (HTTP 400)"
    )
    with pytest.raises(Busy):
        Wire(FINAL[2]).send(WRITE)


def test_no_client_pool_holds_more_than_five_calls_and_a_free_one_is_used_again() -> None:
    async def story() -> None:
        pools = ClientPools(timeout=httpx.Timeout(1))
        taken = [pools.one() for _ in range(13)]
        clients = [pool.__enter__() for pool in taken]
        assert [clients.count(client) for client in dict.fromkeys(clients)] == [5, 5, 3]
        taken[3].__exit__(None, None, None)
        with pools.one() as client:
            assert client is clients[3]
        assert pools.count == 3
        await pools.close()
        assert pools.count == 0

    asyncio.run(story())


def test_a_service_in_the_process_has_one_client_pool() -> None:
    async def story() -> None:
        pools = ClientPools(timeout=httpx.Timeout(1), transport=httpx.MockTransport(lambda _: httpx.Response(200)))
        taken = [pools.one() for _ in range(25)]
        assert len({id(pool.__enter__()) for pool in taken}) == 1
        await pools.close()

    asyncio.run(story())
