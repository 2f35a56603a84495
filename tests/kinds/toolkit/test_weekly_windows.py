from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from novita_infra.kinds.toolkit.weekly_windows import DAYS, WindowError, local_text, parse_window, window_state

BERLIN = "Europe/Berlin"


def changes(text: str, first: str, count: int) -> list[str]:
    """The next changes of a window from a moment of UTC, each with what it changes to."""
    window = parse_window(text)
    at, found = datetime.fromisoformat(first).replace(tzinfo=UTC).timestamp(), []
    for _ in range(count):
        state = window_state([window], at)
        assert state.until is not None
        at = state.until
        found.append(f"{'closes' if state.is_open else 'opens'} {local_text(at, window.zone)}")
    return found


def test_a_window_opens_and_closes_by_the_wall_clock_of_its_zone() -> None:
    assert changes("mon-fri 08:00-20:00 Europe/Berlin", "2026-03-27T12:00", 4) == [
        "closes Fri 2026-03-27 20:00 Europe/Berlin",
        "opens Mon 2026-03-30 08:00 Europe/Berlin",
        "closes Mon 2026-03-30 20:00 Europe/Berlin",
        "opens Tue 2026-03-31 08:00 Europe/Berlin",
    ]


def test_a_time_that_the_clock_skips_is_the_moment_of_the_jump() -> None:
    assert changes("sun 02:30-05:00 Europe/Berlin", "2026-03-28T12:00", 2) == [
        "opens Sun 2026-03-29 03:00 Europe/Berlin",
        "closes Sun 2026-03-29 05:00 Europe/Berlin",
    ]
    assert window_state([parse_window("sun 02:10-02:50 Europe/Berlin")], 1_774_745_999.0).until == (
        datetime(2026, 4, 5, 2, 10, tzinfo=ZoneInfo(BERLIN)).timestamp()
    )


def test_a_time_that_the_clock_repeats_counts_once() -> None:
    night = parse_window("sun 01:00-02:30 Europe/Berlin")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 of the summer
    for minutes, is_open in ((-1, True), (0, False), (59, False), (60, False), (90, False)):
        assert window_state([night], (first + timedelta(minutes=minutes)).timestamp()).is_open is is_open


def test_a_window_may_close_on_the_next_day_and_several_are_one() -> None:
    assert changes("fri 22:00-06:00 UTC", "2026-01-01T00:00", 2) == [
        "opens Fri 2026-01-02 22:00 UTC",
        "closes Sat 2026-01-03 06:00 UTC",
    ]
    both = [parse_window("daily 00:00-12:00 UTC"), parse_window("daily 11:00-24:00 UTC")]
    assert window_state(both, 0.0).until is None
    assert window_state(both, 0.0).is_open


@given(
    now=st.integers(631_152_000, 2_082_758_400),
    zone=st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
    days=st.sets(st.sampled_from(DAYS), min_size=1),
    start=st.integers(0, 1439),
    length=st.integers(1, 1440),
)
def test_whether_a_window_is_open_agrees_with_the_wall_clock_outside_of_changes_of_the_offset(
    now: int, zone: str, days: set[str], start: int, length: int
) -> None:
    end = (start + length) % 1440
    text = f"{','.join(sorted(days))} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02} {zone}"
    at = datetime.fromtimestamp(now, UTC)
    local = at.astimezone(ZoneInfo(zone))
    around = (at + timedelta(hours=hours) for hours in range(-49, 49))
    assume(len({moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in around}) == 1)
    minute = local.hour * 60 + local.minute
    opened = DAYS[local.weekday()] in days and start <= minute < start + length
    before = DAYS[(local.weekday() - 1) % 7] in days and minute + 1440 < start + length
    state = window_state([parse_window(text)], at.timestamp())
    assert state.is_open is (opened or before)
    if state.until is not None:
        assert state.until > at.timestamp()
        assert window_state([parse_window(text)], state.until).is_open is not state.is_open


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("night", '"night" is no window: write days, times and a time zone, such as mon-fri 08:00-20:00 Europe/Berlin'),
        (
            "mox 08:00-20:00 UTC",
            '"mox" is no day: write mon, tue, wed, thu, fri, sat, sun, a range such as mon-fri, or daily',
        ),
        ("mon 25:00-26:00 UTC", '"25:00" is no time of day: write 00:00 to 24:00'),
        ("mon 24:00-02:00 UTC", "24:00 is no start: a window opens at 23:59 at the latest"),
        ("mon 08:00-20:00 Europe/Berln", '"Europe/Berln" is no time zone: did you mean "Europe/Berlin"?'),
        ("mon 08:00-20:00 ../etc", '"../etc" is no time zone: write a name such as Europe/Berlin or UTC'),
    ],
)
def test_a_text_that_is_no_window_is_an_error(text: str, message: str) -> None:
    with pytest.raises(WindowError) as failure:
        parse_window(text)
    assert str(failure.value) == message
