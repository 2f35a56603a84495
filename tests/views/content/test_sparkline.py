"""A series as one line: averages of equal parts, on one scale, with blanks where nothing is known."""

from __future__ import annotations

from novita_infra.views.content.sparkline import sparkline


def _drawn(*points: tuple[float, float], width: int = 4) -> str:
    return sparkline(points, start=0, end=40, most=100, width=width)


def test_each_part_shows_its_average() -> None:
    assert _drawn((0, 0), (5, 100), (10, 0), (20, 100), (30, 12.5)) == "▅▁█▂"


def test_a_part_without_a_figure_is_blank() -> None:
    assert _drawn((0, 100), (39, 100)) == "█  █"
    assert _drawn((0, 100)) == "█"
    assert _drawn() == ""


def test_what_lies_outside_counts_at_the_edge() -> None:
    assert _drawn((-5, 100), (40, 500)) == "█  █"
    assert sparkline([(5, 50)], start=5, end=5, most=100, width=2) == "▅"
