"""Nobody comes back: only `sweep` runs once an hour, and no plan printed a bound that is exceeded."""

from __future__ import annotations

from pathlib import Path

import pytest
from bounded_loss import play_unattended
from draws import draws

EACH = 25
"""Histories of each case in the whole suite."""


@pytest.mark.parametrize("number", range(8))
def test_no_more_is_spent_than_the_last_plan_printed_if_nobody_comes_back(number: int, tmp_path: Path) -> None:
    for seed in range(number * 1000, number * 1000 + draws(EACH)):
        folder = tmp_path / str(seed)
        folder.mkdir()
        play_unattended(seed, folder)
