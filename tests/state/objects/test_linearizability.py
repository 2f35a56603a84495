"""Processes that use one place at once: what they saw has an order in which every operation was done at one moment."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest
from linearizability import FOREVER, Operation, contradiction
from racing import CARELESS, racecourse

RACES = {"git-file": 15, "postgres": 120, "s3-moto": 40, "s3-seaweedfs": 120}
"""How many races each place runs here; `make soak-state` runs thousands, others each time."""
RACES_ON_STATES = {"git": 3, "postgres": 8, "s3": 8}


def op(begin: int, end: int, result: str, content: str | None, expected: str | None = "*") -> Operation:
    return Operation(0, "k", begin, end, result, content, expected)


@pytest.mark.parametrize(
    "history",
    [
        [op(0, 1, "done", "a", None), op(2, 3, "read", "a"), op(4, 5, "done", "b", "a"), op(6, 7, "read", "b")],
        [op(0, 9, "done", "a"), op(1, 2, "read", None), op(3, 4, "read", "a")],
        [op(0, 9, "done", "a", None), op(0, 9, "conflict", "b", None)],
        [op(0, FOREVER, "unknown", "a"), op(1, 2, "read", None), op(3, 4, "read", "a")],
        [op(0, FOREVER, "unknown", "a"), op(1, 2, "read", None), op(3, 4, "read", None)],
        [op(0, 1, "done", "a"), op(2, 3, "done", None, "a"), op(4, 5, "read", None), op(6, 7, "done", "b", None)],
    ],
)
def test_a_history_with_an_order_is_linearizable(history: list[Operation]) -> None:
    assert contradiction(history) == ""


@pytest.mark.parametrize(
    "history",
    [
        [op(0, 1, "done", "a"), op(2, 3, "read", None)],  # a stale read
        [op(0, 9, "done", "a", None), op(0, 9, "done", "b", None)],  # two winners
        [op(0, 1, "done", "a"), op(2, 3, "done", "b", "a"), op(4, 5, "done", "c", "a"), op(6, 7, "read", "c")],
        [op(0, 1, "done", "a"), op(2, 3, "conflict", "b", "a")],  # a conflict with nobody
        [op(0, 9, "done", "a"), op(1, 2, "read", "a"), op(3, 4, "read", None)],  # back in time
        [op(0, FOREVER, "unknown", "a"), op(1, 2, "read", "a"), op(3, 4, "read", None)],
        [op(0, 1, "read", "a"), op(2, FOREVER, "unknown", "a")],  # read before it was written
    ],
)
def test_a_lost_update_or_a_stale_read_has_no_order(history: list[Operation]) -> None:
    assert "process 0: k" in contradiction(history)


SEED = int(os.environ.get("RACE_SEED") or 1)
SHARE = int(os.environ.get("RACE_SHARE") or 1)
"""How many times as many races there are."""


def run_races(place: str, folder: Path, seed: int, count: int, *, states: bool = False) -> int:
    """Runs races and fails at the first without an order. Returns how many operations there were."""
    operations = 0
    with racecourse(place, folder, Random(seed), states=states) as course:
        for number in range(count):
            history = course.race(steps=3 if states else 5)
            operations += len(history)
            assert not (found := contradiction(history)), f"race {number} of seed {seed}:\n{found}"
    return operations


@pytest.mark.process
def test_a_place_that_compares_and_writes_in_two_steps_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="race"):
        run_races(CARELESS, tmp_path, 1, 60)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("place", sorted(RACES))
def test_calls_on_objects_are_linearizable(place: str, tmp_path: Path) -> None:
    assert run_races(place, tmp_path, SEED, SHARE * RACES[place]) > 10 * RACES[place]


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("backend", sorted(RACES_ON_STATES))
def test_runs_on_a_state_lose_no_update_and_never_both_hold_the_lock(backend: str, tmp_path: Path) -> None:
    count = RACES_ON_STATES[backend]
    assert run_races(backend, tmp_path, SEED, SHARE * count, states=True) > 3 * count
