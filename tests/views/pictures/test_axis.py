"""Marks of axes."""

from __future__ import annotations

from fractions import Fraction

import pytest

from novita_infra.views.pictures.axis import picture_text, time_marks, top_of


@pytest.mark.parametrize(
    ("seconds", "marks"),
    [
        (0.0, [0]),
        (7.5, [0, 2, 4, 6]),
        (90.0, [0, 15, 30, 45, 60, 75, 90]),
        (400_000.0, [0, 86_400, 172_800, 259_200, 345_600]),
    ],
)
def test_an_axis_of_time_has_few_round_marks(seconds: float, marks: list[int]) -> None:
    assert list(time_marks(seconds)) == marks
    assert len(list(time_marks(10**9))) <= 9


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (Fraction(1, 3), 1), (1, 1), (113, 120), (99, 100), (4_000_001, 5_000_000)]
)
def test_an_axis_of_amounts_ends_at_a_round_number(most: Fraction | int, top: int) -> None:
    assert top_of(Fraction(most)) == top


def test_a_text_of_a_picture_is_escaped() -> None:
    shown = '<text class="words" x="1" y="2.5" text-anchor="start">&lt;b&gt;\\n</text>'
    assert picture_text(1, 2.5, "<b>\n", "words") == shown
