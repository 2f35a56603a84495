"""Durations: one grammar, and a printer that the parser reads back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.model.durations import EXAMPLES, duration_text, elapsed_text, in_words, parse_duration

THOUSANDTHS = st.integers(0, 999_999_999_999)


@given(THOUSANDTHS)
def test_parse_duration_reads_what_duration_text_prints(thousandths: int) -> None:
    assert parse_duration(duration_text(thousandths / 1000)) == thousandths / 1000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90.0), ("30m", 1800.0), ("2h", 7200.0), ("1d", 86400.0), ("1.5h", 5400.0), (" 5 m ", 300.0)],
)
def test_parse_duration_takes_seconds_minutes_hours_and_days(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


def test_the_unit_of_a_bare_number_is_the_callers() -> None:
    assert (parse_duration("7", unit="s"), parse_duration("0.5", unit="h")) == (7.0, 1800.0)


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1", "1w", "s", "1h30m", "1e3s", "1" * 10 + "s"])
def test_the_error_of_parse_duration_names_the_allowed_forms(text: str) -> None:
    with pytest.raises(ValueError, match="90s, 30m, 2h, 1d"):
        parse_duration(text)


@pytest.mark.parametrize("text", EXAMPLES[:3])
def test_duration_text_keeps_the_examples(text: str) -> None:
    assert duration_text(parse_duration(text)) == text


def test_in_words_gives_the_two_greatest_units() -> None:
    lengths = {0: "0 s", 0.4: "0 s", 45: "45 s", 230: "3 min 50 s", 3600: "1 h", 3 * 86_400 + 3600 * 4 + 59: "3 d 4 h"}
    assert {seconds: in_words(seconds) for seconds in lengths} == lengths


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0s"), (59.9, "59s"), (125, "2m 05s"), (3780, "1h 03m"), (90000, "25h 00m")]
)
def test_elapsed_text_fits_a_column(seconds: float, text: str) -> None:
    assert elapsed_text(seconds) == text
