"""Actions on machines while others act on them, answers are lost, and there are many."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from account_views import viewed
from rig import Rig

from novita_infra.api.client import Client
from novita_infra.api.errors import Refused, Unanswered
from novita_infra.api.request import Request
from novita_infra.applying.events import Result
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.machines import idling
from novita_infra.operations.machines.actions import ActionOptions, choose_actions, perform_actions
from novita_infra.operations.machines.listing import MachineSearch, find_machines
from novita_infra.simulator.world.cloud import instances

SPEC = {"product": {"gpu": "RTX 4090"}, "cluster": "us-ca-nas-2", "image": "ubuntu:22.04"}


def _act(
    rig: Rig,
    name: str,
    *words: str,
    timeout: float = 3600,
    waits: bool = True,
    adapted: Callable[[Client], None] = lambda _: None,
) -> Result:
    async def work(view: AccountView) -> Result:
        actions = [item for item in await choose_actions(view, name, words) if not item.is_done]
        options = ActionOptions(timeout=timeout, waits=waits)
        return await perform_actions(view, name, actions, options, emit=rig.events.append, stop=asyncio.Event())

    return viewed(rig, work, adapted=adapted)


def _before(client: Client, ending: str, first: Callable[[], object]) -> None:
    """Something that happens once, right before the client sends the call."""
    send = client.send
    pending = [first]

    async def sending(request: Request) -> Any:
        if request.path.endswith(ending) and pending:
            pending.pop()()
        return await send(request)

    client.send = sending  # type: ignore[method-assign]


def _count(client: Client, sent: Counter[str]) -> None:
    """Counts the calls by the last word of their paths."""
    send = client.send

    async def sending(request: Request) -> Any:
        sent[request.path.rpartition("/")[2]] += 1
        return await send(request)

    client.send = sending  # type: ignore[method-assign]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path)
    rig.declare(("Instance", "a", SPEC), ("Instance", "b", {**SPEC, "power": "stopped"}))
    rig.apply()
    return rig


def _status(rig: Rig, name: str) -> str:
    rig.world.advance()
    return next(item.status for item in rig.world.instances if item.name == name)


def test_an_invalid_state_change_is_read_again_before_it_fails(rig: Rig) -> None:
    id = rig.record("instance.b").id
    done = _act(
        rig,
        "start",
        "instance.b",
        adapted=lambda client: _before(client, "/start", lambda: instances.start(rig.world, id)),
    )
    assert done.succeeded, done.ends
    assert _status(rig, "b") == "running"


def test_a_stop_of_what_restarts_meanwhile_is_sent_again_when_it_runs(rig: Rig) -> None:
    id = rig.record("instance.a").id
    done = _act(
        rig,
        "stop",
        "instance.a",
        adapted=lambda client: _before(client, "/stop", lambda: instances.restart(rig.world, id)),
    )
    assert done.succeeded, done.ends
    assert _status(rig, "a") == "exited"


def test_a_refusal_in_the_right_phase_fails_with_the_words_of_the_api(rig: Rig) -> None:
    def refuse(client: Client) -> None:
        send = client.send

        async def sending(request: Request) -> Any:
            if request.path.endswith("/stop"):
                raise Refused(request, status=400, reason="SOMETHING", text="not today")
            return await send(request)

        client.send = sending  # type: ignore[method-assign]

    done = _act(rig, "stop", "instance.a", adapted=refuse)
    assert [end.outcome.value for end in done.ends] == ["failed"]
    assert "not today" in done.ends[0].reason
    assert _status(rig, "a") == "running"


@pytest.mark.parametrize("reaches", [True, False])
def test_a_restart_without_an_answer_is_judged_by_its_effect(rig: Rig, reaches: bool) -> None:
    calls = Counter[str]()

    def lose(client: Client) -> None:
        send = client.send

        async def sending(request: Request) -> Any:
            if not request.path.endswith("/restart"):
                return await send(request)
            calls["restart"] += 1
            if reaches or calls["restart"] > 1:
                answer = await send(request)
            if calls["restart"] == 1:
                raise Unanswered(request, text="the connection broke")
            return answer

        client.send = sending  # type: ignore[method-assign]

    done = _act(rig, "restart", "instance.a", adapted=lose)
    assert done.succeeded, done.ends
    assert calls["restart"] == (1 if reaches else 2)
    assert _status(rig, "a") == "running"


def test_a_machine_whose_image_cannot_be_pulled_is_stopped(rig: Rig) -> None:
    a = next(item for item in rig.world.instances if item.name == "a")
    a.status, a.error, a.error_text = "pulling", "ImagePullFailed", "no such tag"
    assert _act(rig, "stop", "instance.a").succeeded
    assert _status(rig, "a") == "exited"


def test_what_is_not_done_in_time_goes_on_by_itself(rig: Rig) -> None:
    done = _act(rig, "start", "instance.b", timeout=0.5)
    assert [end.outcome.value for end in done.ends] == ["moving"]
    assert (done.succeeded, done.interrupted) == (False, False)
    rig.clock.run(rig.clock.sleep(600))
    assert _status(rig, "b") == "running"


def test_the_state_is_as_before_and_the_next_apply_changes_it_back(rig: Rig) -> None:
    before = rig.state()
    assert _act(rig, "start", "instance.b").succeeded
    assert rig.state() == before
    assert not rig.unjudged_plan().empty
    rig.apply()
    assert _status(rig, "b") == "exited"


def test_two_hundred_machines_are_stopped_with_a_call_for_each(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.declare(*(("Instance", f"m{number}", SPEC) for number in range(200)))
    rig.apply()
    sent = Counter[str]()
    done = _act(rig, "stop", "instance.*", adapted=lambda client: _count(client, sent))
    assert done.succeeded
    assert sent["stop"] == 200
    assert {item.status for item in rig.world.instances} == {"exited"}


def test_ten_thousand_machines_are_listed_with_a_call_for_each_page(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.declare(("Instance", "a", SPEC))
    rig.apply()
    (first,) = rig.world.instances
    for number in range(9_999):
        rig.world.instances.add(replace(first, id=f"{number:016x}", name=f"m{number}"))
    sent = Counter[str]()

    async def work(view: AccountView) -> MachineSearch:
        return await find_machines(view)

    found = viewed(rig, work, adapted=lambda client: _count(client, sent))
    assert len(found.items) == 10_000
    assert all(item.unread for item in found.items)
    assert sent == {"instances": 100, "endpoints": 1, "products": 4}


def test_of_many_machines_that_rest_the_last_use_of_the_dearest_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idling, "LOOKED_BACK", 3)
    rig = Rig(tmp_path)
    rig.declare(("Instance", "a", SPEC))
    rig.apply()
    (first,) = rig.world.instances
    for number in range(9):
        rig.world.instances.add(replace(first, id=f"{number:016x}", name=f"m{number}", gpus=1 + number))
    rig.clock.run(rig.clock.sleep(86_400))
    for machine in list(rig.world.instances)[2:]:
        machine.idle = rig.clock.now() - 5 * 3600
    asked: list[int] = []

    def watch(client: Client) -> None:
        send = client.send

        async def sending(request: Request) -> Any:
            if request.path.endswith("/metrics/gpu/instance"):
                asked.append(int(request.query["endTime"]) - int(request.query["startTime"]))
            return await send(request)

        client.send = sending  # type: ignore[method-assign]

    async def work(view: AccountView) -> idling.IdleSearch:
        return await idling.find_idle_machines(view, (), since=7200)

    found = viewed(rig, work, adapted=watch)
    assert sorted(asked) == [9000] * 10 + [7 * 86_400] * 3
    assert [item.live.name for item in found.items] == [f"m{number}" for number in range(8, 0, -1)]
    assert [item.use is not None and item.use.last is not None for item in found.items] == [True] * 3 + [False] * 5
    assert found.unmeasured == []
