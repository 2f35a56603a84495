"""The balance of the account, with the rate at which it is spent. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from novita_infra.account.balance import Balance
from novita_infra.catalogue.prices import Amount
from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.planning.cost.runway import Runway
from novita_infra.views.content.listing import Facts, cell, fact, text_of_value


@dataclass(frozen=True, slots=True)
class RunwayHours:
    """How long the balance lasts."""

    least: float | None = fact("The hours at the highest present rate; null where nothing is charged, or not known.")
    most: float | None = fact("The hours at the lowest present rate; null where that is nothing, or not known.")


@dataclass(frozen=True, slots=True)
class BalanceFacts(Facts):
    """The balance of the account, as `balance --json` prints it."""

    name: ClassVar[str] = "balance"

    available: Fraction | None = fact("What can be spent, in USD; null if the API does not say.", title="Available")
    cash: Fraction | None = fact("What is left of top-ups, in USD; null if the API does not say.", title="Cash")
    credit_limit: Fraction | None = fact(
        "The most that may be owed, in USD; null if the API does not say.", title="Credit limit"
    )
    pending: Fraction | None = fact("Pending charges, in USD; null if the API does not say.")
    owed: Fraction | None = fact("What is owed now, in USD; null if the API does not say.", title="Owed")
    per_hour: Amount | None = fact(
        "What everything live that is charged by the hour or the day costs per hour at today's prices, in USD; with "
        "the fewest and the most workers. Null if the objects cannot be listed.",
    )
    rate: str = cell("Rate")
    price_unknown: tuple[str, ...] = fact("What is live and has no known price: the rate is without it.")
    unlisted: tuple[str, ...] = fact("The types of objects that the API did not list: the rate is without them.")
    runway_hours: RunwayHours | None = fact("How long the balance lasts at that rate; null if the rate is not known.")
    runway: str = cell("Runway")


def balance_facts(balance: Balance, runway: Runway | None, *, unlisted: tuple[str, ...] = ()) -> BalanceFacts:
    """The facts of a balance. The runway is None if the objects cannot be listed; `unlisted` are types without one."""
    missing = (*(runway.unknown if runway else ()), *(f"every {name}" for name in unlisted))
    return BalanceFacts(
        available=_amount(balance.available),
        cash=_amount(balance.cash),
        credit_limit=_amount(balance.credit_limit),
        pending=_amount(balance.pending),
        owed=_amount(balance.owed),
        per_hour=runway.per_hour if runway else None,
        rate=_rate(runway, missing),
        price_unknown=runway.unknown if runway else (),
        unlisted=unlisted,
        runway_hours=RunwayHours(_hours(runway.least), _hours(runway.most)) if runway else None,
        runway=_runway(runway, missing),
    )


def _amount(part: int | None) -> Fraction | None:
    return None if part is None else Fraction(part)


def _hours(hours: Fraction | None) -> float | None:
    return None if hours is None else round(float(hours), 2)


def _rate(runway: Runway | None, missing: tuple[str, ...]) -> str:
    if runway is None:
        return "not known"
    more = f", without {', '.join(missing)}: not known" if missing else ""
    return f"{text_of_value(runway.per_hour)} per hour{more}"


def _runway(runway: Runway | None, missing: tuple[str, ...]) -> str:
    """The runway in words. What has no known price makes it shorter."""
    if runway is None or (runway.least is None and (runway.per_hour or missing)):
        return "not known"
    if runway.least is None:
        return "no end: nothing is charged by the hour"
    least, most = _words(runway.least), _words(runway.most)
    if missing:
        return f"at most {most}" if most else "not known"
    return " to ".join(dict.fromkeys((least, most))) if most else f"{least} or more"


def _words(hours: Fraction | None) -> str:
    return "" if hours is None else in_words(float(hours) * 3600)
