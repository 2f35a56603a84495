"""One check of a setup, with its result. Values only."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import field
from email.utils import parsedate_to_datetime

from novita_infra.model.frozen import dataclass

DRIFT = 60
"""Seconds that two clocks may differ."""


class Health(enum.Enum):
    """The result of a check."""

    GOOD = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNKNOWN = "unknown"
    """It could not be checked."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """One check."""

    name: str
    health: Health
    detail: str
    hint: str = ""
    """What to do."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """The versions of the packages that were found, by name."""


def clock_checkup(dated: tuple[str, float] | None) -> Checkup:
    """Compares our clock with the `Date` header of an answer; `dated` is the header and our time, in Unix seconds."""
    if dated is None:
        return Checkup("clock", Health.UNKNOWN, "the API did not say what time it is")
    try:
        server = parsedate_to_datetime(dated[0]).timestamp()
    except (ValueError, OverflowError, TypeError):
        return Checkup("clock", Health.UNKNOWN, "the API did not say what time it is")
    ahead = round(dated[1] - server)
    if abs(ahead) <= DRIFT:
        return Checkup("clock", Health.GOOD, "as that of the API, to within a minute")
    way = "ahead of" if ahead > 0 else "behind"
    hint = "set it, best by NTP: locks on servers and stores of states compare times"
    return Checkup("clock", Health.ERROR, f"{abs(ahead):,} s {way} that of the API", hint)
