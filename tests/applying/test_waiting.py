"""Waits: until an object is in a phase, with the limits after which a wait fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from fake_account import BOOT, Scene, step

from novita_infra.applying.errors import StepFailed, StillMoving
from novita_infra.applying.events import Progressed
from novita_infra.applying.waiting import STUCK, Waits
from novita_infra.model.resources import Live, Phase
from novita_infra.planning.plan.steps import StepKind

READY = frozenset({Phase.READY})
GONE = frozenset({Phase.GONE})


async def until(
    scene: Scene,
    id: str,
    phases: frozenset[Phase] = READY,
    *,
    seconds: float = 60.0,
    stages: dict[str, float] | None = None,
    also: Callable[[Live], bool] | None = None,
) -> Live:
    at = scene.at(step(StepKind.WAIT, id, timeout=seconds, stages=stages))
    waits = Waits(at.run)
    try:
        return await waits.until(at, id, phases, also=also)
    finally:
        await waits.close()


def failure(scene: Scene, id: str, **given: object) -> StepFailed:
    with pytest.raises(StepFailed) as caught:
        scene.play(until(scene, id, **given))  # type: ignore[arg-type]
    return caught.value


def test_the_wait_returns_the_object_in_its_phase_and_emits_each_status() -> None:
    scene = Scene()
    live = scene.play(until(scene, scene.account.add("a", "booting")))
    assert (live.phase, live.status) == (Phase.READY, "on")
    progress = [(event.status, event.elapsed >= BOOT) for event in scene.events if isinstance(event, Progressed)]
    assert progress == [("booting", False), ("on", True)]


def test_the_wait_goes_on_while_the_object_does_not_show_the_change() -> None:
    scene = Scene()
    id = scene.account.add("a", size=1)

    async def work() -> Live:
        waiting = asyncio.create_task(until(scene, id, also=lambda live: live.values["size"] == 2))
        await scene.clock.sleep(20)
        scene.account.machines[id]["size"] = 2
        return await waiting

    assert scene.play(work()).values["size"] == 2


def test_an_object_that_is_to_be_gone_may_be_absent() -> None:
    scene = Scene()
    assert scene.play(until(scene, "m-9", GONE)).phase is Phase.GONE


def test_an_absent_object_fails_the_wait() -> None:
    assert str(failure(Scene(), "m-9")) == "no read of the API shows m-9"


def test_a_failed_object_fails_the_wait_with_its_trouble_and_its_log() -> None:
    scene = Scene()
    scene.account.log = ("no such file",)
    id = scene.account.add("a", "broken", trouble="the disk is full")
    error = failure(scene, id)
    assert str(error) == "m-1 failed: the disk is full"
    assert error.log == ()  # it has no address of a log


def test_a_failed_object_does_not_fail_the_wait_for_its_deletion() -> None:
    scene = Scene()
    id = scene.account.add("a", "broken")
    error = failure(scene, id, phases=GONE, seconds=30.0)
    assert error.reason == "m-1 is still broken after 30 s"


def test_the_wait_fails_when_the_time_of_the_step_is_up() -> None:
    scene = Scene()
    scene.account.boots = False
    error = failure(scene, scene.account.add("a", "booting", trouble="no image"), seconds=30.0)
    assert error.reason == "m-1 is still booting after 30 s (no image)"
    assert str(error).endswith(
        "it is recorded in the state, and the next run waits for it again (longer: lifecycle.timeouts)"
    )


def test_the_wait_fails_when_a_stage_takes_longer_than_its_limit() -> None:
    scene = Scene()
    scene.account.boots = False
    since = scene.clock.now()
    error = failure(scene, scene.account.add("a", "booting"), stages={"boot": 15.0})
    assert error.reason == "m-1 has been booting for more than 15 s"
    assert "(longer: lifecycle.timeouts.boot)" in str(error)
    assert scene.clock.now() - since < 20


def test_an_object_that_is_stuck_fails_the_wait_after_a_while() -> None:
    scene = Scene()
    scene.account.boots = False
    since = scene.clock.now()
    id = scene.account.add("a", "pulling", stuck=True, trouble="all workers failed")
    error = failure(scene, id, seconds=600.0)
    assert error.reason == "m-1 does not come up: all workers failed"
    assert "it is recorded in the state and remains: change what is wrong" in str(error)
    assert STUCK <= scene.clock.now() - since < STUCK * 1.2


def test_an_interrupted_wait_says_where_the_object_is() -> None:
    scene = Scene()

    async def work() -> None:
        waiting = asyncio.create_task(until(scene, scene.account.add("a", "booting")))
        await scene.clock.sleep(2)
        scene.stop.set()
        await waiting

    with pytest.raises(StillMoving, match="m-1 is still booting"):
        scene.play(work())
