"""Ranges of time for bills, and their windows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.account.spans import DAY, HOUR, LONGEST, BillWindow, TimeSpan, span_of

MIDNIGHT = 1_793_491_200 // DAY * DAY


def test_a_range_from_midnight_until_now_has_whole_days() -> None:
    assert span_of(MIDNIGHT, None, MIDNIGHT + 100) == TimeSpan(MIDNIGHT, MIDNIGHT + DAY, DAY)
    assert span_of(MIDNIGHT, MIDNIGHT + 2 * DAY, MIDNIGHT) == TimeSpan(MIDNIGHT, MIDNIGHT + 2 * DAY, DAY)
    assert span_of(MIDNIGHT, None, MIDNIGHT + DAY) == TimeSpan(MIDNIGHT, MIDNIGHT + 2 * DAY, DAY)


def test_another_range_has_whole_hours() -> None:
    assert span_of(MIDNIGHT + 61, None, MIDNIGHT + 4000) == TimeSpan(MIDNIGHT, MIDNIGHT + 2 * HOUR, HOUR)
    assert span_of(MIDNIGHT, MIDNIGHT + 61, MIDNIGHT) == TimeSpan(MIDNIGHT, MIDNIGHT + HOUR, HOUR)


@pytest.mark.parametrize(("period", "cycle"), [(HOUR, "Hour"), (DAY, "Day")])
def test_the_api_has_a_name_for_the_period(period: int, cycle: str) -> None:
    assert TimeSpan(0, DAY, period).cycle == cycle


@given(st.integers(0, 3000), st.integers(1, 400), st.sampled_from([LONGEST, 7 * DAY]))
def test_windows_hold_every_second_once_and_are_short_enough(begin: int, days: int, longest: int) -> None:
    span = TimeSpan(begin * DAY, (begin + days) * DAY, DAY)
    windows = list(span.windows(longest))
    assert windows[0].start == span.start
    assert windows[-1].end == span.end - 1
    assert all(window.end - window.start < longest for window in windows)
    assert [window.end + 1 for window in windows[:-1]] == [window.start for window in windows[1:]]
    assert BillWindow(span.start, span.start + min(longest, days * DAY) - 1) == windows[0]
