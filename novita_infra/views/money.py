"""What a plan costs, as text and as JSON. Pure. Amounts in JSON are decimals in text, in USD: nobody rounds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final, TypeAlias

from novita_infra.kinds.pricing import MONTH, Amount, Cost, paid_once, plain_usd, rate, usd
from novita_infra.planning.money import Money, Row, Sums
from novita_infra.resources import Address
from novita_infra.views.lines import Line, Tone, line

Json: TypeAlias = dict[str, Any]

_AGES: Final = ((86_400, "d"), (3600, "h"), (60, "min"))


def by_address(money: Money | None) -> Mapping[Address, Row]:
    """The rows of a plan, to be found by what they are about."""
    return {row.address: row for row in money.rows} if money else {}


def row_lines(row: Row | None) -> Iterator[Line]:
    """What a change does to the bill; nothing where it does nothing."""
    if row is None or not row.moves:
        return
    told = []
    if row.delta:
        both = rate(row.before) and rate(row.after)
        from_to = f" ({_amount(rate(row.before))}/h -> {_amount(rate(row.after))}/h)" if both else ""
        told.append(f"{_amount(row.delta, sign=True)}/h{from_to}")
    if once := paid_once(row.once):
        told.append(f"{usd(once)} at once")
    if row.unknown:
        told.append(f"unknown: {', '.join(row.unknown)}")
    if saved := [cost.what for cost in row.before if cost.price is None and cost not in row.after]:
        told.append(f"less by what has no known price: {', '.join(saved)}")
    yield line(("      cost: ", Tone.STRONG), "; ".join(told) or "as before")


def money_lines(money: Money | None, *, environment: str, now: float | None = None) -> Iterator[Line]:
    """The environment before and after, by the hour and by the month, with each group; nothing where all is free.

    `now`, in Unix seconds, tells the age of the prices.
    """
    if money is None or not money.rows:
        return
    total = money.total
    if not any(row.moves for row in money.rows):
        yield from standing_lines(money, environment=environment, now=now)
        yield line()
        return
    yield line((f"Cost of environment {environment}:", Tone.STRONG))
    yield _sum_line("per hour", total, hours=1)
    yield _sum_line("per month", total, hours=MONTH)
    for name, group in money.groups.items():
        yield _sum_line(f"group {name}, per hour", group, hours=1)
    if total.once:
        yield line(f"      at once: {usd(total.once)}")
    budget = money.budget
    ceilings = [
        f"{usd(ceiling)} per {word}"
        for ceiling, word in ((budget.per_hour, "hour"), (budget.per_month, "month"))
        if ceiling is not None
    ]
    if ceilings:
        yield line(f"      budget: {', '.join(ceilings)}")
    yield from _unknown_lines(money)
    yield from _age_lines(money, now)
    yield line()


def standing_lines(money: Money | None, *, environment: str, now: float | None = None) -> Iterator[Line]:
    """What runs costs where nothing of it changes, in one line; nothing where all is free."""
    if money is None or not money.rows:
        return
    total = money.total.after
    monthly = _amount(total * MONTH, digits=2)
    yield line(f"Cost of environment {environment}: {_amount(total)}/h, {monthly}/month, as before")
    yield from _unknown_lines(money)
    yield from _age_lines(money, now)


def money_json(money: Money | None) -> Json | None:
    """The sums of the environment and its groups, per hour and per month."""
    if money is None:
        return None
    budget = money.budget
    return {
        "currency": "USD",
        "hours_per_month": MONTH,
        "prices_read": datetime.fromtimestamp(money.read, UTC).isoformat().replace("+00:00", "Z"),
        **_sums(money.total),
        "groups": {name: _sums(group) for name, group in money.groups.items()},
        "unknown": [{"address": str(address), "what": what} for address, what in money.unknown],
        "budget": {
            "per_hour": _decimal(budget.per_hour),
            "per_month": _decimal(budget.per_month),
            "unknown": budget.unknown.value,
        },
    }


def cost_json(row: Row | None) -> Json | None:
    """What one resource costs, with its lines; None for what is free of charge."""
    if row is None:
        return None
    sums = Sums(rate(row.before), rate(row.after), paid_once(row.once))
    lines = {"before": row.before, "after": row.after, "once": row.once}
    return {
        **_sums(sums),
        "unknown": list(row.unknown),
        "lines": {name: [_line(cost) for cost in costs] for name, costs in lines.items()},
    }


def _sum_line(title: str, sums: Sums, *, hours: int) -> Line:
    digits = 5 if hours == 1 else 2
    before, after = (_amount(amount * hours, digits=digits) for amount in (sums.before, sums.after))
    told = f"{before} -> {after}" if sums.delta else after
    if sums.delta and sums.before and sums.after:
        told += f" ({_amount(sums.delta * hours, digits=digits, sign=True)})"
    return line(f"      {title}: {told}")


def _amount(amount: Amount, *, digits: int = 5, sign: bool = False) -> str:
    """`$0.67`, or `$0.67 to $2.01` where it varies."""
    parts = [
        f"{'+' if sign and part >= 0 else ''}{usd(part, digits=digits)}"
        for part in dict.fromkeys((amount.least, amount.most))
    ]
    return " to ".join(parts)


def _unknown_lines(money: Money) -> Iterator[Line]:
    if money.unknown:
        named = ", ".join(f"{address} ({what})" for address, what in money.unknown)
        yield line(("      unknown, and not counted: ", Tone.CHANGE), named)


def _age_lines(money: Money, now: float | None) -> Iterator[Line]:
    if now is not None:
        yield line((f"      prices read {_age(now - money.read)}", Tone.FAINT))


def _age(seconds: float) -> str:
    for size, unit in _AGES:
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def _sums(sums: Sums) -> Json:
    parts = {"before": sums.before, "after": sums.after, "delta": sums.delta}
    told = {name: {"per_hour": _range(amount), "per_month": _range(amount * MONTH)} for name, amount in parts.items()}
    return {**told, "at_once": _decimal(sums.once)}


def _range(amount: Amount) -> Json:
    return {"least": _decimal(amount.least), "most": _decimal(amount.most)}


def _line(cost: Cost) -> Json:
    return {
        "what": cost.what,
        "price": _decimal(cost.price),
        "per_hours": cost.hours,
        "quantity": cost.quantity,
        "least": cost.quantity if cost.least is None else cost.least,
        "unit": cost.unit,
        "listed": cost.listed,
    }


def _decimal(amount: Fraction | int | None) -> str | None:
    """None where it is unknown, or there is none."""
    return None if amount is None else plain_usd(amount)
