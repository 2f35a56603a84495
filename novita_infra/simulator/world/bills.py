"""Bills: what the meters and purchases add up to, by period. Money: 1/100000 USD, exact.

A meter's cost is rounded down once over its life, so the parts of any cut into periods add up to the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from novita_infra.simulator.world import money
from novita_infra.simulator.world.records import Meter
from novita_infra.simulator.world.settings import DAY
from novita_infra.simulator.world.world import World

CYCLES: Final = ("Hour", "Day", "Week", "Month")


@dataclass(frozen=True, slots=True)
class Line:
    """What one meter ran up in one period; `start` and `end` are Unix seconds, the end exclusive."""

    meter: Meter
    start: int
    end: int
    seconds: int
    amount: int


def period(cycle: str, at: int) -> tuple[int, int]:
    """The period of a cycle that a time falls into, in UTC; weeks begin on Monday."""
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


def lines(world: World, cycle: str, *, start: int, end: int) -> Iterator[Line]:
    """The lines of all periods that begin within the window, up to now."""
    now = int(world.moment)
    for meter in world.meters:
        at = meter.since
        until = meter.until or now
        while at < until:
            first, after = period(cycle, at)
            stop = min(until, after)
            if start <= first <= end:
                amount = money.cost(meter, stop) - money.cost(meter, at)
                yield Line(meter, first, after, stop - at, amount)
            at = stop


def by_months(world: World) -> dict[str, dict[str, int]]:
    """What was used and what was bought in every month, `YYYY-MM`."""
    months: dict[str, dict[str, int]] = {}

    def add(at: float, kind: str, amount: int) -> None:
        month = datetime.fromtimestamp(at, UTC).strftime("%Y-%m")
        months.setdefault(month, {"used": 0, "bought": 0})[kind] += amount

    for line in lines(world, "Month", start=0, end=int(world.moment)):
        add(line.start, "used", line.amount)
    for payment in world.payments:
        if payment.kind != "recharge":
            add(payment.created, "bought", -payment.amount)
    return months


def balance_then(world: World, at: float) -> int:
    """The balance as it was at a time."""
    paid = sum(payment.amount for payment in world.payments if payment.created <= at)
    return paid - sum(money.cost(meter, at) for meter in world.meters)
