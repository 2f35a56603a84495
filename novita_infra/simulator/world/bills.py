"""Bills: the costs of meters, purchases and model calls by period. Money: 1/100000 USD, exact.

The cost of a meter is rounded down once over its life, so the costs of consecutive periods add up to the whole. The
cost of model calls is rounded down once by key, model and hour; no period is shorter than an hour.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, Final

from novita_infra.simulator.world.engine.account_records import Usage
from novita_infra.simulator.world.engine.periods import period
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import usage
from novita_infra.simulator.world.market import money

CYCLES: Final = ("Hour", "Day", "Week", "Month")


@dataclass(frozen=True, slots=True)
class BillLine:
    """The cost of one thing in one period. `start` and `end` are Unix seconds; the end is exclusive."""

    start: int
    end: int
    category: str
    product: str
    owner: str
    """The id of the instance, endpoint or storage, or of the key that called a model."""
    units: tuple[float, float]
    """Units and hours (or days) of a machine; tokens in and out of a model."""
    prices: tuple[int, int]
    per: int
    """How many units the price is for."""
    requests: int
    amount: int


def bill_lines(world: World, cycle: str, *, start: int, end: int) -> Iterator[BillLine]:
    """The lines of all periods that begin within the window, up to now."""
    yield from _rented(world, cycle, start=start, end=end)
    yield from call_lines(world, cycle, start=start, end=end)


def _rented(world: World, cycle: str, *, start: int, end: int) -> Iterator[BillLine]:
    now = int(world.moment)
    for meter in world.meters:
        at = meter.since
        until = meter.until or now
        while at < until:
            first, after = period(cycle, at)
            stop = min(until, after)
            if start <= first <= end:
                yield BillLine(
                    start=first,
                    end=after,
                    category=meter.category,
                    product=meter.product,
                    owner=meter.owner,
                    units=(meter.units * (stop - at) / meter.period, 0),
                    prices=(meter.price, 0),
                    per=1,
                    requests=0,
                    amount=money.meter_cost(meter, stop) - money.meter_cost(meter, at),
                )
            at = stop


def call_lines(world: World, cycle: str, *, start: int, end: int) -> Iterator[BillLine]:
    """The lines for calls of models: one for each key, model and price."""
    groups: dict[tuple[Any, ...], list[Usage]] = {}
    for used in world.usages:
        span = period(cycle, used.since)
        if start <= span[0] <= end:
            what = (used.category, used.product, used.key, used.price_in, used.price_out)
            groups.setdefault((*span, *what), []).append(used)
    for (first, after, category, product, key, price_in, price_out), group in groups.items():
        yield BillLine(
            start=first,
            end=after,
            category=category,
            product=product,
            owner=key,
            units=(sum(used.units_in for used in group), sum(used.units_out for used in group)),
            prices=(price_in, price_out),
            per=usage.MILLION,
            requests=sum(used.requests for used in group),
            amount=sum(used.cost for used in group),
        )


def by_months(world: World) -> dict[str, dict[str, int]]:
    """The costs of usage and of purchases by month, `YYYY-MM`."""
    months: dict[str, dict[str, int]] = {}

    def add(at: float, kind: str, amount: int) -> None:
        month = datetime.fromtimestamp(at, UTC).strftime("%Y-%m")
        months.setdefault(month, {"used": 0, "bought": 0})[kind] += amount

    for line in bill_lines(world, "Month", start=0, end=int(world.moment)):
        add(line.start, "used", line.amount)
    for payment in world.payments:
        if payment.kind != "recharge":
            add(payment.created, "bought", -payment.amount)
    return months


def balances(world: World) -> Callable[[float], int]:
    """The balance at a time. The records are summed once, for all times."""
    changes = [(payment.created, payment.amount) for payment in world.payments]
    changes += [(used.created, -used.cost) for used in world.usages]
    changes.sort()
    times = [at for at, _ in changes]
    sums = [0, *accumulate(amount for _, amount in changes)]

    def then(at: float) -> int:
        return sums[bisect_right(times, at)] - sum(money.meter_cost(meter, at) for meter in world.meters)

    return then
