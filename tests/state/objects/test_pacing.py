"""The pauses between writes, on a made-up clock."""

from __future__ import annotations

import pytest

from novita_infra.state.objects.pacing import Pacing


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


@pytest.mark.parametrize(("took", "pause"), [(0.002, 0.01), (0.02, 0.05), (3.0, 0.05)])
def test_writes_that_follow_each_other_wait_and_one_alone_does_not(took: float, pause: float) -> None:
    clock = Clock()
    pacing = Pacing(clock=lambda: clock.now, sleep=clock.sleep)
    for _ in range(3):
        pacing.pause()
        with pacing.write():
            clock.now += took
    assert clock.slept == [pause, pause]
    clock.now += 1
    pacing.pause()
    assert clock.slept == [pause, pause]


def test_a_write_that_fails_is_followed_by_a_pause_too() -> None:
    clock = Clock()
    pacing = Pacing(clock=lambda: clock.now, sleep=clock.sleep)

    def write() -> None:
        with pacing.write():
            clock.now += 0.005
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write()
    pacing.pause()
    assert clock.slept == [0.025]
