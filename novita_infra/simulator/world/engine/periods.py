"""The periods by which costs are summed: hours, days, weeks and months in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from novita_infra.simulator.world.engine.settings import DAY


def period(cycle: str, at: int) -> tuple[int, int]:
    """The period of a cycle that contains a time, in UTC. Weeks begin on Monday."""
    if cycle == "Hour":
        return at - at % 3600, at - at % 3600 + 3600
    day = at - at % DAY
    if cycle == "Day":
        return day, day + DAY
    moment = datetime.fromtimestamp(day, UTC)
    if cycle == "Week":
        monday = day - moment.weekday() * DAY
        return monday, monday + 7 * DAY
    first = moment.replace(day=1)
    return int(first.timestamp()), int((first + timedelta(days=32)).replace(day=1).timestamp())
