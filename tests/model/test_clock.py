"""Clocks, and moments as text."""

from __future__ import annotations

import asyncio
import time

import pytest

from novita_infra.model.clock import FastClock, RealClock, moment, timestamp


def test_a_fast_clock_passes_many_seconds_in_one() -> None:
    clock = FastClock(start=1_000_000.0, scale=100_000.0)
    before = time.monotonic()
    asyncio.run(clock.sleep(1_000.0))
    assert clock.now() >= 1_001_000.0
    assert time.monotonic() - before < 5


def test_the_real_clock_is_the_time_of_the_machine() -> None:
    assert RealClock().now() == pytest.approx(time.time(), abs=5)


@pytest.mark.parametrize("hours", [-1, 1])
def test_setting_the_machines_clock_does_not_move_a_clock(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    clock = RealClock()
    before = clock.now()
    monkeypatch.setattr(time, "time", lambda: before + hours * 3600)
    assert 0 <= clock.now() - before < 60


def test_a_moment_is_written_in_utc_for_a_person_and_for_a_program() -> None:
    assert moment(1_763_846_224.9) == "2025-11-22 21:17:04 UTC"
    assert timestamp(1_763_846_224.9) == "2025-11-22T21:17:04Z"
