"""The runway of an account: how long its balance pays for what runs. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from novita_infra.catalogue.prices import DAY, Amount, Cost, rate, unknown
from novita_infra.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Runway:
    """How long a balance lasts at a rate."""

    per_hour: Amount
    """The rate in 1/100000 USD; parts with an unknown price are left out."""
    unknown: tuple[str, ...]
    """The parts whose price is not known."""
    least: Fraction | None
    """The hours at the highest rate; None where nothing costs, or the balance is not known."""
    most: Fraction | None
    """The hours at the lowest rate; None where that is nothing, or the balance is not known."""


def metered(costs: Iterable[Cost]) -> tuple[Cost, ...]:
    """The costs that are charged by the hour or the day. A longer term is paid in advance."""
    return tuple(cost for cost in costs if 0 < cost.hours <= DAY)


def runway(balance: int | None, costs: Iterable[Cost]) -> Runway:
    """The runway of a balance in 1/100000 USD under these running costs."""
    running = metered(costs)
    per_hour = rate(running)
    return Runway(per_hour, unknown(running), _hours(balance, per_hour.most), _hours(balance, per_hour.least))


def _hours(balance: int | None, per_hour: Fraction) -> Fraction | None:
    return None if balance is None or not per_hour else max(Fraction(0), balance / per_hour)
