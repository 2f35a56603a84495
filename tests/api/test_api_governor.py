"""Who may call when: the governor in one process and in several, on made-up time, against pretended limits."""

from __future__ import annotations

import asyncio
import math
import os
import random
import stat
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import Bucket, Limit, Several, Sliding, Window
from virtual import VirtualClock

from novita_infra.api.governor import Governor
from novita_infra.api.pacing import CEILING
from novita_infra.api.sharing import LEASE, Board, FileShelf, Member, OwnShelf, account_shelf, cache_folder

LATENCY = 0.05


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pace"


def board_of(path: Path, clock: VirtualClock) -> Board:
    shelf = FileShelf(path)
    with shelf.open(clock.now()) as board:
        assert board is not None
    shelf.close()
    return board


class Service:
    """Answers after some time; counts what it took, what it refused and the most calls at once."""

    def __init__(self, clock: VirtualClock, limit: Limit | None = None, *, latency: float = LATENCY) -> None:
        self.clock, self.limit, self.latency = clock, limit, latency
        self.took = self.refused = self.running = self.most = 0
        self.last = 0.0

    async def call(self) -> float:
        """0 where it took the call, else after how many seconds it would."""
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            wait = self.limit.refuses(self.clock.now()) if self.limit else 0.0
            await self.clock.sleep(self.latency)
        finally:
            self.running -= 1
        self.refused += wait > 0
        self.took += wait == 0
        self.last = self.clock.now()
        return wait


async def tell_nothing(_: float) -> float:
    return 0.0


async def call(governor: Governor, service: Service, jitter: random.Random, *, told: Callable[[float], float]) -> int:
    """One call as the client makes it; how often it was sent."""
    for attempt in range(40):
        async with governor.turn() as turn:
            wait = await service.call()
            if not wait:
                governor.answered()
                return attempt + 1
            governor.throttled(turn, wait=told(wait))
        await service.clock.sleep(told(wait) + jitter.uniform(0, min(20.0, 0.5 * 2**attempt)))
    raise AssertionError("a call failed")


def share_out(calls: int, among: list[Governor], service: Service, *, told: Callable[[float], float]) -> float:
    """Makes the calls through the governors at once; the seconds that it took to the last answer."""

    async def story() -> float:
        began = service.clock.now()
        jitter = random.Random(1)
        await asyncio.gather(
            *(call(among[at % len(among)], service, jitter, told=told) for at in range(calls)),
        )
        return service.last - began

    return service.clock.run(story())


NOTHING: Callable[[float], float] = lambda _: 0.0  # noqa: E731  # one of three values of a parameter
TOLD = {"no Retry-After": NOTHING, "the exact wait": lambda wait: wait, "whole seconds": math.ceil}
"""What the service says when to come again."""


@pytest.mark.parametrize("told", list(TOLD))
@pytest.mark.parametrize(
    ("limit", "at_least"),
    [
        (lambda: Bucket(10, stock=10), 0.9),
        (lambda: Bucket(10, stock=50), 0.9),
        (lambda: Window(10), 0.8),
        (lambda: Sliding(10), 0.78),
        (lambda: Several(4, seconds=LATENCY), 0.5),
    ],
    ids=["bucket", "deep bucket", "window", "sliding", "at once"],
)
def test_two_processes_use_a_limit_without_a_failed_call(
    path: Path, told: str, limit: Callable[[], Limit], at_least: float
) -> None:
    clock = VirtualClock()
    service = Service(clock, limit())
    assert service.limit
    governors = [Governor(clock=clock, shelf=FileShelf(path)) for _ in range(2)]
    took = share_out(500, governors, service, told=TOLD[told])
    use = (500 - service.limit.stock) / service.limit.rate / took
    print(told, service.limit.__class__.__name__, f"{use:.3f}", service.refused)
    assert service.took == 500
    assert use >= at_least
