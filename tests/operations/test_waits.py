"""Every wait of the program shows a sign of life once a minute. In made-up time."""

from __future__ import annotations

import ast
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from account_views import viewed
from rig import Rig
from virtual import VirtualClock

import novita_infra
from novita_infra.api.awaited import AwaitedCalls
from novita_infra.api.heartbeat import SILENCE
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.llm.tasks import wait_for_task
from novita_infra.operations.machines.conditions import parse_condition
from novita_infra.operations.machines.waiting import wait_for_objects
from novita_infra.simulator.world.engine.settings import Timings
from tests.operations.llm.test_tasks import Service

NAMED, STEP, CALL, SHORT, LOCK, WATCHED = "named", "step", "call", "short", "lock", "watched"
WAITS = {
    # what is waited for has a name: AwaitedCalls.wait
    "batches/transfers.py": NAMED,
    "operations/access/login.py": NAMED,
    "operations/llm/polling.py": NAMED,
    "operations/machines/waiting.py": NAMED,
    # within a step of a run or an action: RunHeartbeat
    "applying/create.py": STEP,
    "applying/polling.py": STEP,
    "applying/run.py": STEP,
    "applying/update.py": STEP,
    "applying/waiting.py": STEP,
    "operations/machines/action_jobs.py": STEP,
    "operations/machines/actions.py": STEP,
    # within a call of the API: AwaitedCalls.call
    "api/limits/governor.py": CALL,
    "api/retries.py": CALL,
    # half a minute at most, and reported where it is more than seconds
    "operations/llm/tasks.py": SHORT,
    "refresh/objects.py": SHORT,
    "refresh/observing.py": SHORT,
    "state/objects/pacing.py": SHORT,
    "state/objects/retrying.py": SHORT,
    "state/backends/http/client.py": SHORT,
    # says who holds the lock
    "state/locks/locking.py": LOCK,
    # a log that somebody follows; a server, whose wait for events has a name in its command
    "api/logs/stream.py": WATCHED,
    "operations/llm/webhooks.py": WATCHED,
    # not a wait of a command
    "api/heartbeat.py": SHORT,
    "api/transport/connections.py": SHORT,
    "model/clock.py": SHORT,
    "model/concurrency.py": SHORT,
}
"""Module that sleeps -> how it shows that it does."""
ROOT = Path(novita_infra.__file__).parent


def _sleeps(text: str) -> bool:
    calls = (node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return any(isinstance(call, ast.Attribute) and call.attr == "sleep" for call in calls)


def test_every_wait_is_known_with_its_sign_of_life() -> None:
    texts = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in ROOT.rglob("*.py")
        if "simulator" not in path.parts
    }
    found = {name for name, text in texts.items() if ".sleep" in text and _sleeps(text)}
    assert found - WAITS.keys() == set(), "add it to WAITS with its sign of life"
    assert all(name in texts for name in WAITS)
    assert [name for name, sign in WAITS.items() if sign == NAMED and ".wait(" not in texts[name]] == []


def _silences(view: AccountView, work: Callable[[AccountView], Awaitable[Any]]) -> Awaitable[list[tuple[float, str]]]:
    """What is reported while the view waits, each with its time."""
    said: list[tuple[float, str]] = []
    view.heartbeat._report = lambda text: said.append((view.clock.now(), text))

    async def run() -> list[tuple[float, str]]:
        said.append((view.clock.now(), "begins"))
        async with view.heartbeat.while_reading():
            await work(view)
        return [*said, (view.clock.now(), "ends")]

    return run()


def _check(said: list[tuple[float, str]], text: str) -> None:
    assert said[-1][0] - said[0][0] >= 3 * SILENCE
    assert max(later - earlier for (earlier, _), (later, _) in pairwise(said)) <= 60
    assert any(text in line for _, line in said)


def test_a_wait_for_a_task_is_never_silent_for_a_minute() -> None:
    service = Service(lambda _: httpx.Response(404))
    service.statuses = ["TASK_STATUS_PROCESSING"] * 100 + ["TASK_STATUS_SUCCEED"]
    said = service.run(lambda view: _silences(view, lambda view: wait_for_task(view, "t-1", most=1000)))
    _check(said, "Still waiting: the end of task t-1, for ")


def test_a_wait_for_an_object_is_never_silent_for_a_minute(tmp_path: Path) -> None:
    machine = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "cluster": "us-dallas-nas-2"}
    rig = Rig(tmp_path, timings=Timings(pull=(400, 400)))
    rig.declare(("Instance", "slow", machine))
    rig.apply()

    async def work(view: AccountView) -> Any:
        return await wait_for_objects(view, ["instance.slow"], parse_condition("stopped"), most=300)

    _check(viewed(rig, lambda view: _silences(view, work)), "Still waiting: a change of instance.slow, for ")


@pytest.mark.parametrize("number", [1, 3])
def test_waits_are_named_with_their_time_and_number(number: int) -> None:
    clock = VirtualClock()
    calls = AwaitedCalls(clock.now, quiet_until=lambda: 0.0)

    async def story() -> str:
        waits = [calls.wait(f"the end of task {at}") for at in range(number)]
        for wait in waits:
            wait.__enter__()
        await clock.sleep(70)
        text = calls.reason()
        for wait in waits:
            wait.__exit__(None, None, None)
        assert calls.reason() == ""
        return text

    more = "; and for 2 more" if number > 1 else ""
    assert clock.run(story()) == f"the end of task 0, for 1 min 10 s so far{more}"
