"""The cells that tables of priced objects share: price, use, sum. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from novita_infra.catalogue.prices import MONTH, Amount, usd
from novita_infra.model.clock import timestamp
from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.planning.priced import PricedLive
from novita_infra.views.content.listing import fact

_NOW: Final = 1800.0
"""Seconds within which a use counts as current: figures come every quarter of an hour, and late."""


@dataclass(frozen=True, slots=True)
class MeasuredUse:
    """The use of the GPUs of an object."""

    last: str | None = fact("The last use, in UTC; null without any in the measured time.")
    measured_since: str | None = fact("The beginning of the measured time, in UTC.")


def measured_use(item: PricedLive) -> MeasuredUse | None:
    """The use for JSON; None where nothing is measured, or read."""
    use = item.use
    return MeasuredUse(last=time_or_none(use.last), measured_since=time_or_none(use.since)) if use else None


def price_cell(item: PricedLive) -> str:
    """The price of an hour."""
    text = amount_text(item.per_hour) if item.costs else "free"
    if not item.unknown:
        return text
    return f"{text} and more" if item.per_hour else "unknown"


def use_cell(item: PricedLive, now: float) -> str:
    """The last use of the GPUs. `now` is in Unix seconds."""
    if item.unread:
        return "not read"
    if item.use is None:
        return "-"
    if item.use.last is None:
        return f"none in {in_words(now - item.use.since)}"
    ago = now - item.use.last
    return "now" if ago < _NOW else f"{in_words(ago)} ago"


def sum_text(what: str, prices: Iterable[tuple[Amount, bool]]) -> str:
    """The sum of prices per hour, each with whether a part of it is unknown. `what` is what is summed."""
    prices = list(prices)
    total = sum((price for price, _ in prices), Amount())
    unknown = any(partly for _, partly in prices)
    if unknown and not total:
        return f"{what}, of an unknown price."
    more = ", and what is of an unknown price" if unknown else ""
    return f"{what}: {amount_text(total)} per hour, {amount_text(total * MONTH, digits=2)} per month{more}."


def counted(number: int, noun: str) -> str:
    """A number of things: `1 object`, `2,000 objects`."""
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"


def amount_text(amount: Amount, *, digits: int = 5) -> str:
    """An amount in USD."""
    return " to ".join(dict.fromkeys(usd(part, digits=digits) for part in (amount.least, amount.most)))


def time_or_none(seconds: float | None) -> str | None:
    """A moment in UTC; None for none."""
    return timestamp(seconds) if seconds else None
