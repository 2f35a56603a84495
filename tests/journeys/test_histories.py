"""Any history ends well: what is declared is live, once, and the state accounts for all money."""

from __future__ import annotations

from pathlib import Path

import pytest
from draws import draws
from histories import Chapter, End, History, histories, history_in
from hypothesis import HealthCheck, Phase, given, seed, settings
from playing import play

pytestmark = pytest.mark.slow

KEPT = sorted((Path(__file__).parent / "regressions").glob("*.json"))
EACH = 20
"""Histories of each seed in the whole suite."""


@pytest.mark.parametrize("number", range(5))
def test_any_history_ends_well(number: int) -> None:
    @seed(number)
    @settings(
        max_examples=draws(EACH),
        deadline=None,
        database=None,
        phases=[Phase.generate],  # the trace tells enough; `make soak` shrinks
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(histories())
    def ends_well(history: History) -> None:
        play(history)

    ends_well()


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_history_that_once_ended_badly_ends_well(path: Path) -> None:
    play(history_in(path))


def test_a_replacement_does_not_forget_the_object_of_an_unanswered_create() -> None:
    killed = End(how="kill after", writes=True)
    chapters = [
        Chapter(fleet=(("RegistryAuth", "a", {"username": user, "password": "p"}),), end=killed) for user in ("u", "v")
    ]
    play(History(seed=0, scenario="calm", chapters=tuple(chapters)))
