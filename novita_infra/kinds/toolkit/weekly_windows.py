"""Weekly windows of time, such as `mon-fri 08:00-20:00 Europe/Berlin`. Pure but for the time zones of the system.

A window opens when the wall clock of its zone first reaches its start on one of its days, and closes when it first
reaches its end. So a time that daylight saving skips is the moment of the jump, and one that it repeats counts once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from novita_infra.model.diagnostics import nearest
from novita_infra.model.frozen import dataclass

EXAMPLE: Final = "mon-fri 08:00-20:00 Europe/Berlin"
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = timedelta(days=1)
_MINUTES: Final = 24 * 60
_AHEAD: Final = 9
"""Days in which every window opens and closes at least once, with the one before and after that."""
_LAST_DAY: Final = date(9999, 12, 1)
_TIME: Final = r"\d\d?:\d\d"
_WINDOW: Final = re.compile(rf"(?P<days>\S+) +(?P<start>{_TIME})-(?P<end>{_TIME}) +(?P<zone>\S+)", re.ASCII)
_zones: dict[str, tzinfo] = {"UTC": UTC}
"""The zones that were used, by their names."""


class WindowError(ValueError):
    """Raised for a text that is no window."""

    def __init__(self, summary: str, hint: str) -> None:
        super().__init__(f"{summary}: {hint}")
        self.summary = summary
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Window:
    """A time of the week."""

    days: tuple[int, ...]
    """On which it opens; Monday is 0."""
    start: int
    """Minutes after midnight."""
    end: int
    """Minutes after the midnight before the start; more than a day's where it closes on the next day."""
    zone: str


@dataclass(frozen=True, slots=True)
class WindowState:
    """Whether one of some windows is open at a moment, and until when that remains so."""

    is_open: bool
    until: float | None
    """Unix seconds; None for ever."""
    zone: str
    """The zone in which a person reads `until`."""


def parse_window(text: str) -> Window:
    """The window of a text. Raises WindowError."""
    match = _WINDOW.fullmatch(text.strip())
    if match is None:
        raise WindowError(f'"{text}" is no window', f"write days, times and a time zone, such as {EXAMPLE}")
    start, end = _minutes(match["start"]), _minutes(match["end"])
    if start == _MINUTES:
        raise WindowError(f"{match['start']} is no start", "a window opens at 23:59 at the latest")
    zone_named(match["zone"])
    return Window(_days(match["days"]), start, end if end > start else end + _MINUTES, match["zone"])


def window_state(windows: Iterable[Window], now: float) -> WindowState:
    """Whether one of the windows is open at the moment, in Unix seconds."""
    windows = tuple(windows)
    spans = sorted(span for window in windows for span in _spans(window, now) if span[0] < span[1])
    joined: list[tuple[float, float]] = []
    for opens, closes in spans:
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
        else:
            joined.append((opens, closes))
    zone, far = windows[0].zone, max(closes for _, closes in spans)
    for opens, closes in joined:
        if now < opens:
            return WindowState(is_open=False, until=opens, zone=zone)
        if now < closes:
            return WindowState(is_open=True, until=None if closes >= far else closes, zone=zone)
    return WindowState(is_open=False, until=None, zone=zone)


def zone_named(name: str) -> tzinfo:
    """The time zone of a name of the IANA. Raises WindowError."""
    if name in _zones:
        return _zones[name]
    import zoneinfo  # noqa: PLC0415 -- few manifests have a schedule

    try:
        _zones[name] = zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        known = zoneinfo.available_timezones()
        if not known:
            raise WindowError(f'the time zone "{name}" is not known', "pip install tzdata") from None
        hint = nearest(name, tuple(sorted(known)))
        hint = hint if hint.startswith("did you mean") else "write a name such as Europe/Berlin or UTC"
        raise WindowError(f'"{name}" is no time zone', hint) from None
    return _zones[name]


def local_text(seconds: float, zone: str) -> str:
    """A moment for a person, in a zone: `Mon 2026-11-30 20:00 Europe/Berlin`."""
    at = datetime.fromtimestamp(seconds, zone_named(zone))
    return f"{DAYS[at.weekday()].capitalize()} {at:%Y-%m-%d %H:%M} {zone}"


def _days(text: str) -> tuple[int, ...]:
    """The days of `mon-fri`, `sat,sun` or `daily`."""
    if text.lower() == "daily":
        return tuple(range(7))
    found: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = part.partition("-")
        for name in (first, last) if dash else (first,):
            if name not in DAYS:
                raise WindowError(f'"{name}" is no day', f"write {', '.join(DAYS)}, a range such as mon-fri, or daily")
        begin = DAYS.index(first)
        length = (DAYS.index(last) - begin) % 7 if dash else 0
        found.update((begin + day) % 7 for day in range(length + 1))
    return tuple(sorted(found))


def _minutes(text: str) -> int:
    hours, minutes = map(int, text.split(":"))
    total = hours * 60 + minutes
    if minutes > 59 or total > _MINUTES:
        raise WindowError(f'"{text}" is no time of day', "write 00:00 to 24:00")
    return total


def _spans(window: Window, now: float) -> Iterator[tuple[float, float]]:
    """When the window opens and closes around the moment, in Unix seconds."""
    zone = zone_named(window.zone)
    today = min(datetime.fromtimestamp(now, zone).date(), _LAST_DAY)
    for ahead in range(-2, _AHEAD + 1):
        day = today + ahead * _DAY
        if day.weekday() in window.days:
            yield _moment(day, window.start, zone), _moment(day, window.end, zone)


def _moment(day: date, minutes: int, zone: tzinfo) -> float:
    """When the wall clock of the zone first reaches so many minutes after the midnight of the day."""
    wall = datetime.combine(day, time.min) + timedelta(minutes=minutes)
    first, second = (wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    if first <= second:
        return first
    # The clock skips this time: it jumps from before it to after it between the two moments.
    low, high = int(second), int(first)
    after = datetime.fromtimestamp(high, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return float(high)


def windows_of(value: object) -> tuple[Window, ...]:
    """The windows of a text or of a list of texts. Raises WindowError."""
    return tuple(parse_window(str(text)) for text in (value if isinstance(value, list) else [value]))
