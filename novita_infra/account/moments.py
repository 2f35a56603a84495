"""Moments in time as a person writes them. All are in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from novita_infra.model.durations import parse_duration

FORMS: Final = "2026-11-01, 2026-11-01T08:30, 2026-11, 7d or 12h (before now), today or yesterday"
_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}")
_DAYS: Final = {"today": 0, "yesterday": 1}


def parse_moment(text: str, now: float) -> int:
    """The Unix seconds of a date, a time, a month, or a duration before `now`, in UTC.

    A number of days counts from the beginning of a day: `7d` is midnight seven days ago. Raises ValueError with the
    allowed forms.
    """
    word = text.strip()
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        if word.endswith("d") or word in _DAYS:
            days = _DAYS[word] if word in _DAYS else parse_duration(word) / 86_400
            return int((today - timedelta(days=days)).timestamp())
        if word[-1:] in {"s", "m", "h"}:
            return int(now - parse_duration(word))
        moment = datetime.fromisoformat(f"{word}-01" if _MONTH.fullmatch(word) else word)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise ValueError(f'"{text}" is no moment: write one such as {FORMS}') from None
