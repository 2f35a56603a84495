"""Calls of a step: sent again while refused for now, and looked for when the answer is lost."""

from __future__ import annotations

import asyncio

import pytest
from fake_account import Scene, step

from novita_infra.api.errors import Busy, InUse, NoMoney, Unanswered
from novita_infra.api.request import Request, post
from novita_infra.applying.calling import LONGEST_PAUSE, effect_window, pauses, send
from novita_infra.model.clock import ANSWER, GRACE
from novita_infra.planning.plan.steps import Update

STOP = post("/stop", {"id": "m-1"})
LOST = Unanswered(STOP)


def scene_with(*failures: type[Busy | InUse | NoMoney]) -> Scene:
    scene = Scene()
    scene.account.add("a")
    scene.account.failures["/stop"] = list(failures)
    return scene


async def sent(scene: Scene, seconds: float = 600.0) -> None:
    at = scene.at(step(Update("stop"), "m-1", timeout=seconds))
    async with at.run.slots:
        await send(at, STOP)


def test_a_busy_call_is_sent_again_until_it_passes() -> None:
    scene = scene_with(Busy, InUse, Busy)
    scene.play(sent(scene))
    assert scene.account.sent == ["/stop"] * 4
    assert scene.notes[0].startswith("refused by the test: tried again for up to 10 min")


def test_a_busy_call_is_noted_only_while_its_pause_grows() -> None:
    scene = scene_with(*[Busy] * 12)
    scene.play(sent(scene))
    assert len(scene.notes) == 4  # pauses of up to 1, 2, 4 and 8 seconds; then LONGEST_PAUSE
    assert LONGEST_PAUSE < 2 * 8


def test_a_busy_call_fails_when_the_time_of_the_step_is_up() -> None:
    scene = scene_with(*[Busy] * 1000)
    since = scene.clock.now()
    with pytest.raises(Busy):
        scene.play(sent(scene, seconds=30.0))
    assert scene.clock.now() - since <= 30


def test_a_call_that_is_refused_for_good_is_sent_once() -> None:
    scene = scene_with(NoMoney)
    with pytest.raises(NoMoney):
        scene.play(sent(scene))
    assert scene.account.sent == ["/stop"]


def test_a_call_is_not_sent_again_when_it_has_become_moot() -> None:
    scene = scene_with(*[Busy] * 10)

    async def is_moot() -> bool:
        return len(scene.account.sent) == 3

    async def work() -> object:
        at = scene.at(step(Update("stop"), "m-1"))
        async with at.run.slots:
            return await send(at, STOP, is_moot=is_moot)

    assert scene.play(work()) is None
    assert scene.account.sent == ["/stop"] * 3


def test_a_slot_is_free_for_others_during_a_pause() -> None:
    scene = scene_with(Busy)

    async def work() -> bool:
        at = scene.at(step(Update("stop"), "m-1"))
        async with at.run.slots, at.run.slots:  # both slots of the run
            sending = asyncio.create_task(send(at, STOP))
            await scene.account.was_sent.wait()
            await scene.clock.sleep(0.001)
            free = not at.run.slots.locked()
            await sending
            return free

    assert scene.play(work())


def test_an_interrupted_run_does_not_send_a_busy_call_again() -> None:
    scene = scene_with(Busy, Busy)

    async def work() -> None:
        at = scene.at(step(Update("stop"), "m-1"))
        async with at.run.slots:
            sending = asyncio.create_task(send(at, STOP))
            await scene.account.was_sent.wait()
            scene.stop.set()
            await sending

    with pytest.raises(Busy):
        scene.play(work())
    assert scene.account.sent == ["/stop"]


def test_the_effect_window_counts_from_when_the_call_was_sent() -> None:
    late = Unanswered(Request("POST", "/x"))
    late.took = 25.0
    assert effect_window(LOST) == ANSWER + GRACE
    assert effect_window(late) == ANSWER + GRACE - 25


def test_pauses_repeat_the_last_look_until_the_window_is_over() -> None:
    scene = Scene()

    async def work() -> list[float]:
        waited = []
        for pause in pauses(scene.clock, LOST, (0.0, 1.0, 20.0)):
            waited.append(pause)
            await scene.clock.sleep(pause)
        return waited

    waited = scene.play(work())
    assert waited[:3] == [0.0, 1.0, 20.0]
    assert set(waited[3:-1]) == {20.0}
    assert sum(waited) == pytest.approx(ANSWER + GRACE)
