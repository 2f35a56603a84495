"""Floods of events: forged, doubled, late, huge and malformed ones, of which none does any work."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from virtual import VirtualClock

from novita_infra.api.client import Client
from novita_infra.model.concurrency import together
from novita_infra.operations.account.recorded import recorded_in
from novita_infra.operations.account.view import AccountOptions, AccountView
from novita_infra.operations.llm.seen import SeenTasks
from novita_infra.operations.llm.webhooks import ACCEPTED, DECIDED, FULL, MALFORMED, CheckedEvent, WebhookInbox

T = TypeVar("T")
DONE = {"good": "TASK_STATUS_SUCCEED", "failed": "TASK_STATUS_FAILED"}


class Account:
    """An account with some tasks, a listener, and the work that was done. Works of `stuck` tasks never end."""

    def __init__(self, folder: Path, **tasks: str) -> None:
        self.file = folder / "seen"
        self.tasks = tasks or dict(DONE)
        self.clock = VirtualClock()
        self.reads: Counter[str] = Counter()
        self.worked: list[CheckedEvent] = []
        self.at_once = self.most_at_once = 0
        self.notes: list[str] = []
        self.down = False
        self.stuck: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        id = request.url.params["task_id"]
        self.reads[id] += 1
        if self.down:
            return httpx.Response(503, json={"message": "down"})
        if id not in self.tasks:
            return httpx.Response(404, json={"reason": "TASK_NOT_FOUND", "message": "no such task"})
        extra = {
            "webhook": {"url": "https://x.example.com/the-secret"},
            "debug_info": {"request_info": "a the-secret b"},
        }
        return httpx.Response(200, json={"task": {"task_id": id, "status": self.tasks[id]}, "extra": extra})

    async def work(self, checked: CheckedEvent) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.clock.sleep(1e9 if checked.task.id in self.stuck else 1)
            self.worked.append(checked)
        finally:
            self.at_once -= 1

    def listen(self, story: Callable[[WebhookInbox], Awaitable[T]], *, at_once: int = 2) -> T:
        async def run() -> T:
            transport = httpx.MockTransport(self)
            url = "https://api.novita.ai"
            async with Client(
                url=url, key="sk_own-key", clock=self.clock, random=random.Random(0), transport=transport
            ) as client:
                view = AccountView(
                    AccountOptions(),
                    None,
                    client,
                    self.clock,
                    "c",
                    "d",
                    False,
                    recorded_in([]),
                    self.notes.append,
                )
                with SeenTasks(self.file) as seen:
                    inbox = WebhookInbox(view, seen, self.work, at_once=at_once, secret="the-secret")
                    async with inbox.open():
                        return await story(inbox)

        return self.clock.run(run())

    def take(self, bodies: Sequence[bytes], *, then: float = 300, at_once: int = 2) -> list[int]:
        """The answers to events that come at the same time; `then` seconds pass."""

        async def story(inbox: WebhookInbox) -> list[int]:
            answers = await together(*(inbox.accept(body) for body in bodies))
            await self.clock.sleep(then)
            return answers

        return self.listen(story, at_once=at_once)

    @property
    def ids(self) -> list[str]:
        return sorted(item.task.id for item in self.worked)


def event(id: Any, type: str = "ASYNC_TASK_RESULT", **more: Any) -> bytes:  # noqa: A002 -- as in the event
    return json.dumps(
        {"event_type": type, "payload": {"task": {"task_id": id, "status": "TASK_STATUS_SUCCEED"}, **more}}
    ).encode()


def test_an_event_is_believed_only_as_far_as_the_api_confirms_it(tmp_path: Path) -> None:
    account = Account(tmp_path)
    forged = [{"image_url": "https://evil.example.com/x"}]
    assert account.take([event("good", images=forged), event("forged"), event("failed")]) == [ACCEPTED] * 3
    assert account.ids == ["failed", "good"]
    shown = json.dumps([item.event for item in account.worked])
    assert "evil" not in shown
    assert "the-secret" not in shown
    assert {item.event["payload"]["task"]["status"] for item in account.worked} == set(DONE.values())


def test_a_task_counts_once_and_so_after_a_restart(tmp_path: Path) -> None:
    account = Account(tmp_path)
    assert set(account.take([event("good")] * 50)) == {ACCEPTED}
    assert set(account.take([event("good")] * 50)) == {ACCEPTED}
    assert account.ids == ["good"]
    assert account.reads["good"] == 1


def test_work_that_was_cut_off_begins_again_at_the_next_start(tmp_path: Path) -> None:
    account = Account(tmp_path)
    account.stuck = {"good"}
    account.take([event("good")])
    assert account.ids == []
    account.stuck = set()
    account.take([])
    assert account.ids == ["good"]
    assert "good: its work was cut off, and begins again" in account.notes
    account.take([event("good")])
    assert account.ids == ["good"]


def test_an_event_is_answered_in_time_while_the_api_is_down_and_taken_when_it_is_back(tmp_path: Path) -> None:
    account = Account(tmp_path)
    account.down = True

    async def story(inbox: WebhookInbox) -> tuple[int, float, int]:
        began = account.clock.now()
        first = await inbox.accept(event("good"))
        took = account.clock.now() - began
        account.down = False
        await account.clock.sleep(300)
        return first, took, await inbox.accept(event("good"))

    first, took, again = account.listen(story)
    assert (first, again) == (FULL, ACCEPTED)
    assert took <= DECIDED + 0.01
    assert account.ids == ["good"]


def test_a_task_that_has_not_ended_does_no_work(tmp_path: Path) -> None:
    account = Account(tmp_path, early="TASK_STATUS_PROCESSING", strange="SOMETHING")
    assert account.take([event("early"), event("strange")], then=1000) == [FULL, FULL]
    assert account.ids == []
    account.tasks["early"] = "TASK_STATUS_SUCCEED"
    assert account.take([event("early")]) == [ACCEPTED]
    assert account.ids == ["early"]


def test_a_flood_of_forged_tasks_is_bounded_and_each_costs_one_call(tmp_path: Path) -> None:
    account = Account(tmp_path)
    answers = account.take([event(f"forged-{number}") for number in range(2000)] * 2)
    assert set(answers) <= {ACCEPTED, FULL}
    assert max(account.reads.values()) == 1
    assert len(account.reads) <= 300
    assert account.take([event("good")]) == [ACCEPTED]
    assert account.ids == ["good"]
    assert account.file.stat().st_size < 200  # of a forged task nothing is on disk


def test_works_wait_for_each_other(tmp_path: Path) -> None:
    account = Account(tmp_path, **{f"t{number}": "TASK_STATUS_SUCCEED" for number in range(12)})
    assert set(account.take([event(id) for id in account.tasks], at_once=3)) == {ACCEPTED}
    assert (len(account.ids), account.most_at_once) == (12, 3)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b'{"event_type": 1}', b"[" * 100_000),
        *(event(id) for id in (None, 1.5, "", "../x", "a b", "x" * 129, {"a": 1}, ["good"])),
        b'{"event_type": "ASYNC_TASK_RESULT", "payload": []}',
    ],
    ids=lambda body: repr(body[:30]),
)
def test_what_is_no_event_is_malformed(tmp_path: Path, body: bytes) -> None:
    account = Account(tmp_path)
    assert account.take([body]) == [MALFORMED]
    assert not account.reads


def test_an_event_of_another_type_is_left_alone(tmp_path: Path) -> None:
    account = Account(tmp_path)
    assert account.take([event("good", type="SOMETHING_NEW")]) == [ACCEPTED]
    assert not account.reads


_BODIES = st.one_of(
    st.sampled_from(
        [event("good"), event("failed"), event("early"), event("forged"), event("good", type="OTHER"), b"{"]
    ),
    st.binary(max_size=30),
    st.integers(0, 30).map(lambda number: event(f"forged-{number}")),
)


@given(st.lists(st.lists(_BODIES, max_size=30), max_size=4), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_comes_works_are_done_once_and_for_ended_tasks_alone(
    tmp_path: Path, rounds: list[list[bytes]], down: bool
) -> None:
    (tmp_path / "seen").unlink(missing_ok=True)
    account = Account(tmp_path, **DONE, early="TASK_STATUS_PROCESSING")
    for number, bodies in enumerate(rounds):
        account.down = down and number == 1
        account.take(bodies, then=1000)
    account.down = False
    account.take([], then=1000)
    assert len(account.ids) == len(set(account.ids))
    assert set(account.ids) <= set(DONE)
    sent = {body for number, bodies in enumerate(rounds) for body in bodies if not (down and number == 1)}
    assert set(account.ids) >= {id for id in DONE if event(id) in sent}


def test_a_stop_ends_all_that_is_under_way(tmp_path: Path) -> None:
    account = Account(tmp_path)
    account.stuck = {"good"}
    account.take([event("good"), event("failed")], then=1)
    assert account.at_once == 0
