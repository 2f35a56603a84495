"""Poller: one poll of a kind serves all waits for its objects."""

from __future__ import annotations

import asyncio

import pytest
from fake_account import BOOT, MACHINE, Scene

from novita_infra.api.errors import ApiError, Throttled, Unauthorized
from novita_infra.applying.polling import FEW, LONGEST_PAUSE, SHARE, SHORTEST_PAUSE, Poller
from novita_infra.model.resources import Live, Phase


def is_ready(live: Live | None) -> bool:
    return live is not None and live.phase is Phase.READY


async def wait_for(scene: Scene, *ids: str) -> None:
    poller = Poller(MACHINE, client=scene.account, clock=scene.clock)
    await asyncio.gather(*(poller.until(id, is_ready) for id in ids))
    await poller.close()


def test_a_wait_ends_soon_after_the_object_is_ready() -> None:
    scene = Scene()
    since = scene.clock.now()
    scene.play(wait_for(scene, scene.account.add("a", "booting")))
    assert BOOT <= scene.clock.now() - since <= BOOT * (1 + SHARE) + SHORTEST_PAUSE


def test_pauses_grow_with_the_wait() -> None:
    scene = Scene()
    scene.play(wait_for(scene, scene.account.add("a", "booting", since=scene.clock.now() + 600)))
    assert 600 / LONGEST_PAUSE < scene.account.reads < 600 / LONGEST_PAUSE + 120


def test_few_objects_are_read_one_by_one_and_more_with_the_list() -> None:
    few, many = Scene(), Scene()
    few.play(wait_for(few, *(few.account.add(f"a{n}", "booting") for n in range(FEW))))
    many.play(wait_for(many, *(many.account.add(f"a{n}", "booting") for n in range(FEW + 1))))
    assert (few.account.lists, many.account.reads) == (0, 0)
    assert few.account.reads % FEW == 0
    assert many.account.lists > 0


def test_an_object_is_absent_when_two_reads_in_a_row_miss_it() -> None:
    scene = Scene()
    looks: list[Live | None] = []

    def look(live: Live | None) -> bool:
        looks.append(live)
        return True

    async def work() -> None:
        poller = Poller(MACHINE, client=scene.account, clock=scene.clock)
        await poller.until("m-9", look)
        await poller.close()

    scene.play(work())
    assert looks == [None]
    assert scene.account.reads == 2


@pytest.mark.parametrize(("error", "ends"), [(Throttled, False), (Unauthorized, True)])
def test_a_poll_that_fails_ends_a_wait_only_if_it_is_refused(error: type[ApiError], ends: bool) -> None:
    scene = Scene()
    id = scene.account.add("a", "booting")
    send = scene.account.send
    failed: list[object] = []

    async def failing(request: object) -> object:
        if not failed:
            failed.append(request)
            raise error(request)  # type: ignore[arg-type]
        return await send(request)  # type: ignore[arg-type]

    scene.account.send = failing  # type: ignore[method-assign]
    if ends:
        with pytest.raises(error):
            scene.play(wait_for(scene, id))
    else:
        scene.play(wait_for(scene, id))


def test_an_error_of_the_look_ends_that_wait_alone() -> None:
    scene = Scene()
    a, b = scene.account.add("a", "booting"), scene.account.add("b", "booting")

    def look(live: Live | None) -> bool:
        raise LookupError(live)

    async def work() -> list[object]:
        poller = Poller(MACHINE, client=scene.account, clock=scene.clock)
        ends = await asyncio.gather(poller.until(a, look), poller.until(b, is_ready), return_exceptions=True)
        await poller.close()
        return list(ends)

    failed, done = scene.play(work())
    assert isinstance(failed, LookupError)
    assert done is None
