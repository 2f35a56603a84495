"""The limit on calls in flight, under a made-up clock."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual import VirtualClock

from novita_infra.api.governor import Governor


def test_no_more_calls_than_the_limit_are_in_flight_and_none_is_forgotten() -> None:
    clock = VirtualClock()
    governor = Governor(clock=clock, most=3)
    seen: list[int] = []

    async def call() -> None:
        async with governor.turn():
            seen.append(governor.in_flight)
            await clock.sleep(1)

    async def many() -> float:
        began = clock.now()
        async with asyncio.TaskGroup() as group:
            for _ in range(9):
                group.create_task(call())
        return clock.now() - began

    assert clock.run(many()) == 3
    assert len(seen) == 9
    assert max(seen) == 3
    assert governor.in_flight == 0


def test_calls_that_are_throttled_together_halve_the_limit_once() -> None:
    async def story() -> list[int]:
        governor = Governor(clock=VirtualClock(), most=16)
        limits = []
        for _ in range(5):
            async with AsyncExitStack() as stack:
                turns = [await stack.enter_async_context(governor.turn()) for _ in range(governor.limit)]
                for turn in turns:
                    governor.throttled(turn, wait=0)
            limits.append(governor.limit)
        return limits

    assert VirtualClock().run(story()) == [8, 4, 2, 1, 1]


def test_the_limit_grows_back_by_one_for_each_round_of_answers_and_stops_at_the_most() -> None:
    async def story() -> list[int]:
        governor = Governor(clock=VirtualClock(), most=8)
        async with governor.turn() as turn:
            governor.throttled(turn, wait=0)
        limits = [governor.limit]
        for _ in range(6):
            for _ in range(governor.limit + 1):
                governor.answered()
            limits.append(governor.limit)
        return limits

    assert VirtualClock().run(story()) == [4, 5, 6, 7, 8, 8, 8]


def test_after_a_throttling_nobody_calls_until_the_wait_is_over() -> None:
    clock = VirtualClock()
    governor = Governor(clock=clock, most=4)

    async def story() -> list[float]:
        began = clock.now()
        async with governor.turn() as turn:
            governor.throttled(turn, wait=30)
            governor.throttled(turn, wait=5)

        async def call() -> float:
            async with governor.turn():
                return clock.now() - began

        return await asyncio.gather(*(call() for _ in range(6)))

    assert clock.run(story()) == [30] * 6


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans(), st.booleans()), max_size=20))
def test_a_cancelled_call_gives_its_place_back(calls: list[tuple[int, int, bool, bool]]) -> None:
    """Each call: how long it lasts, when it is cancelled, whether it is, and whether it is throttled."""
    clock = VirtualClock()
    governor = Governor(clock=clock, most=2)

    async def call(lasts: int, throttled: bool) -> None:
        async with governor.turn() as turn:
            await clock.sleep(lasts)
            if throttled:
                governor.throttled(turn, wait=1)
            else:
                governor.answered()

    async def cancel(task: asyncio.Task[None], after: int) -> None:
        await clock.sleep(after)
        task.cancel()

    async def story() -> None:
        tasks = [asyncio.create_task(call(lasts, throttled)) for lasts, _, _, throttled in calls]
        cancels = [
            asyncio.create_task(cancel(task, after))
            for task, (_, after, cancelled, _) in zip(tasks, calls, strict=True)
            if cancelled
        ]
        await asyncio.gather(*tasks, *cancels, return_exceptions=True)
        assert governor.in_flight == 0
        await call(0, throttled=False)

    clock.run(story())


def test_a_limit_below_one_is_no_limit() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Governor(clock=VirtualClock(), most=0)
