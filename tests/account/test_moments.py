"""Moments as a person writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from novita_infra.account.moments import parse_moment

NOW = datetime(2026, 11, 30, 14, 20, 5, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01", "2026-11-01T00:00:00"),
        (" 2026-11 ", "2026-11-01T00:00:00"),
        ("2026-11-01T08:30", "2026-11-01T08:30:00"),
        ("2026-11-01 08:30:05", "2026-11-01T08:30:05"),
        ("2026-11-01T08:30Z", "2026-11-01T08:30:00"),
        ("2026-11-01T08:30+02:00", "2026-11-01T06:30:00"),
        ("7d", "2026-11-23T00:00:00"),
        ("0.5d", "2026-11-29T12:00:00"),
        ("12h", "2026-11-30T02:20:05"),
        ("90m", "2026-11-30T12:50:05"),
        ("today", "2026-11-30T00:00:00"),
        ("yesterday", "2026-11-29T00:00:00"),
    ],
)
def test_a_moment_is_in_utc(text: str, moment: str) -> None:
    assert parse_moment(text, NOW) == datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize("text", ["", "soon", "7", "d", "2026-13-01", "2026-02-30", "999999999d", "-3d", "２d", "1e5d"])
def test_anything_else_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match="is no moment: write one such as 2026-11-01"):
        parse_moment(text, NOW)
