"""The client notes a call before it is sent, and what came of its attempts; reads are not noted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from random import Random

import httpx
import pytest
from virtual import VirtualClock

from novita_infra.api.client import Client
from novita_infra.api.errors import ApiError
from novita_infra.api.noting.calls import CallNote, NotedPaths
from novita_infra.api.request import Request, get, post

Answer = httpx.Response | Exception
CREATE = post("/create", {"envs": [{"key": "TOKEN", "value": "canary-of-the-body"}]})
DELETE = post("/delete", {"id": "1"}, repeatable=True)


def answer(status: int, id: str) -> httpx.Response:
    return httpx.Response(status, json={}, headers={"x-request-id": id})


class Noted:
    """Implements CallNotes: keeps what it hears, and how much has been sent until then."""

    def __init__(self, sent: Callable[[], int]) -> None:
        self._sent = sent
        self.told: list[tuple[object, ...]] = []

    def announce(self, request: Request) -> None:
        """Keeps nothing."""

    async def before(self, request: Request) -> CallNote:
        self.told.append((request.path, self._sent()))
        return CallNote(1)

    def after(self, note: CallNote) -> None:
        self.told.append((note.outcome, note.attempts, note.status, note.request))


def noted(request: Request, *answers: Answer) -> list[tuple[object, ...]]:
    """What the client tells of a call with these answers, the last one for ever."""
    clock, left, sent = VirtualClock(), list(answers), list[str]()
    notes = Noted(lambda: len(sent))

    def serve(asked: httpx.Request) -> httpx.Response:
        sent.append(asked.url.path)
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found

    async def story() -> None:
        transport = httpx.MockTransport(serve)
        async with Client(
            url="https://api.novita.ai", key="sk_test", clock=clock, random=Random(1), transport=transport
        ) as client:
            client.notes = notes
            with suppress(ApiError):
                await client.send(request)

    clock.run(story())
    return notes.told


@pytest.mark.parametrize(
    ("request_", "answers", "wanted"),
    [
        (CREATE, [answer(200, "a")], ("done", 1, 200, "a")),
        (CREATE, [answer(429, "a"), answer(200, "b")], ("done", 2, 200, "b")),
        (CREATE, [httpx.ConnectError("no"), answer(200, "b")], ("done", 1, 200, "b")),
        (CREATE, [httpx.ConnectError("no")], ("not sent", 0, 0, "")),
        (CREATE, [httpx.ReadError("no")], ("unknown", 1, 0, "")),
        (CREATE, [answer(400, "c")], ("refused", 1, 400, "c")),
        (DELETE, [httpx.ReadError("no"), answer(200, "d")], ("done", 2, 200, "d")),
        (DELETE, [httpx.ReadError("no"), httpx.ConnectError("no")], ("unknown", 1, 0, "")),
    ],
    ids=["done", "throttled", "late connection", "no connection", "lost", "refused", "repeated", "lost and cut off"],
)
def test_a_call_is_noted_before_it_is_sent_and_what_came_of_it_afterwards(
    request_: Request, answers: list[Answer], wanted: tuple[object, ...]
) -> None:
    assert noted(request_, *answers) == [(request_.path, 0), wanted]


def test_a_read_is_not_noted() -> None:
    assert noted(get("/list"), answer(200, "a")) == []


def test_a_path_is_noted_with_its_query_and_without_secrets() -> None:
    paths = NotedPaths(lambda text: text.replace("known", "(hidden)"))
    assert paths.path(Request("DELETE", "/keys/known", {"all": 1})) == "/keys/(hidden)?all=1"
    assert paths.path(Request("PUT", "/canary-of-the-body", body=CREATE.body)) == "/(secret)"
