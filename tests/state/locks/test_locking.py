"""Waiting for a lock, on a store whose lock is free after some attempts. No real time passes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from novita_infra.model.diagnostics import Problems
from novita_infra.state.locks.locking import locked, locked_blocking
from novita_infra.state.store import LockHolder, LockRefused, Store

ADA = LockHolder("apply", "ada", "12", "host", "2026-11-22 21:17:04 UTC")
BUSY = LockRefused(ADA, f"the state is locked by {ADA}", "wait for its end")
STARTING = LockRefused(None, "the state is locked by another process", "wait for its end")
ELSEWHERE = LockRefused(ADA, "the state was locked on another machine", "remove the file", final=True)


class Lock:
    released = 0

    def release(self) -> None:
        self.released += 1


class FakeStore:
    """Refuses the lock with each refusal in turn, then gives it; None at the end stands for refusing for ever."""

    def __init__(self, *refusals: LockRefused, for_ever: bool = False) -> None:
        self.refusals = list(refusals)
        self.for_ever = for_ever
        self.lock = Lock()

    def try_lock(self, _operation: str) -> Lock | LockRefused:
        if self.for_ever:
            return self.refusals[0]
        return self.refusals.pop(0) if self.refusals else self.lock


def pauses_of(store: FakeStore, *, max_wait: float) -> list[float]:
    """The pauses until the lock is had; those of the coroutine are the same."""
    pauses: list[float] = []
    refusals = list(store.refusals)
    with locked_blocking(cast("Store", store), "apply", max_wait=max_wait, sleep=pauses.append):
        assert store.lock.released == 0
    assert store.lock.released == 1
    store.refusals = refusals
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def run() -> None:
        async with locked(cast("Store", store), "apply", max_wait=max_wait, sleep=sleep):
            assert store.lock.released == 1
        assert store.lock.released == 2

    asyncio.run(run())
    assert slept == pauses
    return pauses


def test_a_free_lock_is_taken_at_once() -> None:
    assert pauses_of(FakeStore(), max_wait=0) == []


def test_a_lock_that_is_released_in_time_is_taken() -> None:
    assert pauses_of(FakeStore(BUSY, BUSY), max_wait=5) == [0.5, 0.5]


def test_a_lock_that_stays_held_is_reported_after_the_longest_wait() -> None:
    pauses: list[float] = []
    store: Any = FakeStore(BUSY, for_ever=True)
    with (
        pytest.raises(Problems, match=r"locked by `apply` of ada, process 12 on host, since .*; wait for its end"),
        locked_blocking(store, "destroy", max_wait=1.2, sleep=pauses.append),
    ):
        pass
    assert sum(pauses) == pytest.approx(1.2)
    assert len(pauses) > 1


def test_a_wait_for_a_lock_names_the_holder_at_once_and_once_a_minute() -> None:
    lines: list[tuple[float, str]] = []
    pauses: list[float] = []
    store: Any = FakeStore(BUSY, for_ever=True)
    with (
        pytest.raises(Problems),
        locked_blocking(
            store,
            "destroy",
            max_wait=240,
            report=lambda text: lines.append((sum(pauses), text)),
            sleep=pauses.append,
        ),
    ):
        pass
    moments = [at for at, _ in lines]
    assert moments[0] == 0
    assert max(later - earlier for earlier, later in zip(moments, [*moments[1:], 240.0], strict=True)) <= 60
    assert lines[0][1] == f"{BUSY.summary}; waiting for its end, at most 4 min more"
    assert pauses_of(FakeStore(), max_wait=60) == []


def test_a_holder_that_may_be_dead_is_waited_for_until_that_is_known() -> None:
    doubts = [replace(BUSY, doubtful=seconds, pause=10.0) for seconds in (60.0, 50.0, 40.0, 30.0, 20.0, 10.0)]
    lines: list[str] = []
    pauses: list[float] = []
    store: Any = FakeStore(*doubts)
    with locked_blocking(store, "apply", report=lines.append, sleep=pauses.append):
        assert sum(pauses) == 60
    how = "at most {} more; without one, this run takes the lock over"
    assert lines == [
        f"{BUSY.summary}; looking for a sign of life of it, {how.format(left)}" for left in ("1 min", "10 s")
    ]


def test_a_holder_that_gives_a_sign_of_life_is_waited_for_no_longer() -> None:
    pauses: list[float] = []
    store: Any = FakeStore(replace(BUSY, doubtful=60.0, pause=10.0), BUSY, BUSY)
    with pytest.raises(Problems, match="wait for its end"), locked_blocking(store, "apply", sleep=pauses.append):
        pass
    assert pauses == [10.0]


def test_a_holder_that_has_just_started_gets_a_moment_to_say_who_it_is() -> None:
    assert sum(pauses_of(FakeStore(STARTING, STARTING, STARTING), max_wait=0)) <= 0.5
    pauses: list[float] = []
    store: Any = FakeStore(STARTING, for_ever=True)
    with pytest.raises(Problems, match="another process"), locked_blocking(store, "destroy", sleep=pauses.append):
        pass
    assert sum(pauses) == pytest.approx(0.5)


def test_a_holder_that_never_says_who_it_is_is_waited_for_and_reported() -> None:
    lines: list[str] = []
    pauses: list[float] = []
    store: Any = FakeStore(STARTING, for_ever=True)
    with (
        pytest.raises(Problems, match="another process"),
        locked_blocking(store, "destroy", max_wait=20, report=lines.append, sleep=pauses.append),
    ):
        pass
    assert sum(pauses) == pytest.approx(20.5)
    assert len(pauses) < 60
    assert [line.endswith("waiting for its end, at most 20 s more") for line in lines] == [True]


def test_a_lock_of_another_machine_is_reported_without_waiting() -> None:
    pauses: list[float] = []
    store: Any = FakeStore(ELSEWHERE, for_ever=True)
    with (
        pytest.raises(Problems, match="another machine; remove the file"),
        locked_blocking(store, "destroy", max_wait=60, sleep=pauses.append),
    ):
        pass
    assert pauses == []


def test_waiting_does_not_block_the_event_loop_and_can_be_cancelled() -> None:
    store: Any = FakeStore(BUSY, for_ever=True)

    async def wait() -> None:
        async with locked(store, "apply", max_wait=3600):
            pass

    async def run() -> None:
        task = asyncio.create_task(wait())
        for _ in range(5):
            await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert store.lock.released == 0
