"""Durations as text. All values are seconds."""

from __future__ import annotations

import re
from typing import Final

EXAMPLES: Final = ("90s", "30m", "2h", "1d")

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION: Final = re.compile(r"(?P<amount>[0-9]{1,9}(?:\.[0-9]{1,3})?)\s*(?P<unit>[smhd]?)")


def parse_duration(text: str, *, unit: str = "") -> float:
    """The seconds of `90s`, `30m`, `2h`, `1d` or `1.5h`.

    `unit` is the unit of a bare number; without it, a number needs a unit. Raises ValueError with the allowed forms.
    """
    match = _DURATION.fullmatch(text.strip())
    unit = match["unit"] or unit if match else ""
    if match is None or not unit:
        raise ValueError(f'"{text}" is no duration: write a number and s, m, h or d, such as {", ".join(EXAMPLES)}')
    return float(match["amount"]) * _UNITS[unit]


def duration_text(seconds: float) -> str:
    """The text that `parse_duration` reads, in the greatest unit up to hours without a fraction: `90s`, `30m`, `2h`.

    Fractions of a second are kept to three digits.
    """
    for unit in ("h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{int(seconds) // _UNITS[unit]}{unit}"
    return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"


def in_words(seconds: float) -> str:
    """A duration for a person, in its two greatest units: `45 s`, `3 min 50 s`, `2 h`, `3 d 4 h`."""
    rest, parts = max(0, round(seconds)), []
    for word, unit in (("d", "d"), ("h", "h"), ("min", "m"), ("s", "s")):
        count, rest = divmod(rest, _UNITS[unit])
        parts.append(f"{count} {word}" if count else "")
    first = next((index for index, part in enumerate(parts) if part), 0)
    return " ".join(filter(None, parts[first : first + 2])) or "0 s"


def elapsed_text(seconds: float) -> str:
    """The time that a step has taken, short enough for a column: `8s`, `2m 05s`, `1h 03m`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    return f"{whole // 3600}h {whole // 60 % 60:02}m"
