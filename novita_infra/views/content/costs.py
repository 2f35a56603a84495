"""The cost of a plan in words: what a resource changes, the sums of an environment, what is not known. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from novita_infra.catalogue.prices import MONTH, Amount, Cost, digits_apart, rate, unknown, usd
from novita_infra.model.clock import moment
from novita_infra.model.diagnostics import first_of
from novita_infra.planning.plan.costs import Bound, Money, Row, Sums, Unbounded, sums

_MOST_VALUES: Final = 8
"""The most values of a label that are listed. A label that differs between all resources is left out, too."""
_CENT: Final = 1000
"""1/100000 USD in a cent."""
_MOST_NAMED: Final = 3
"""The most resources without a bound that are named for each reason."""
_AGES: Final = ((86_400, "d"), (3600, "h"), (60, "min"))


def row_text(row: Row | None) -> str:
    """The change of the cost of a resource; empty if it does not change."""
    if row is not None and row.remains:
        return f"{hourly(row.after)} goes on, and no later plan counts it"
    if row is None or not row.moves:
        return ""
    parts, together = [], sums((row,))
    if rated := _rated(row, together):
        parts.append(rated)
    if together.once:
        parts.append(f"{_once(together)} at once")
    if row.unknown:
        parts.append(f"unknown: {', '.join(row.unknown)}")
    if saved := [what for what in unknown(row.before) if what not in row.unknown]:
        parts.append(f"less by what has no known price: {', '.join(saved)}")
    return "; ".join(parts) or "as before"


def hourly(costs: tuple[Cost, ...]) -> str:
    """`$0.67/h`, or the known part of it."""
    return rate_text(rate(costs), more=bool(unknown(costs)))


def rate_text(amount: Amount, *, more: bool) -> str:
    """The amount per hour; with `more`, the known part of it."""
    return f"{_known(amount, more=more, digits=5)}/h"


def is_priced(money: Money | None) -> bool:
    """Whether anything of the environment costs."""
    return money is not None and bool(money.rows)


def sum_texts(money: Money) -> list[tuple[str, str]]:
    """The sums before and after, each with its title; empty if no cost changes."""
    total = money.total
    if not any(row.moves for row in money.rows):
        return []
    texts = [("per hour", _sum_text(total, hours=1)), ("per month", _sum_text(total, hours=MONTH))]
    texts += [(f"group {name}, per hour", _sum_text(group, hours=1)) for name, group in money.groups.items()]
    for name, values in money.labels.items():
        if len(values) <= _MOST_VALUES and len(values) < sum(name in row.labels for row in money.rows):
            texts += [(f"label {name}={value}, per hour", _sum_text(part, hours=1)) for value, part in values.items()]
    if total.once or total.unknown_once:
        texts.append(("at once", _once(total)))
    limits = money.budget
    ceilings = ((limits.per_hour, "per hour"), (limits.per_month, "per month"), (limits.once, "at once"))
    if budget := [f"{usd(ceiling)} {words}" for ceiling, words in ceilings if ceiling is not None]:
        texts.append(("budget", ", ".join(budget)))
    return texts


def standing_text(money: Money) -> str:
    """The cost of an environment that does not change."""
    total = money.total
    nothing_known = total.unknown_after and not total.after
    return (
        "not known"
        if nothing_known
        else f"{_after(total, 1, _usual_digits(1))}/h, {_after(total, MONTH, _usual_digits(MONTH))}/month"
    )


def unknown_texts(money: Money) -> list[tuple[str, str]]:
    """What has no known price, by how it is counted."""
    rows = [row for row in money.rows if row.unknown]
    named = {row.address: f"{row.address} ({', '.join(row.unknown)})" for row in rows}
    left_out = [named[row.address] for row in rows if not row.as_before]
    as_before = [f"{named[row.address]} {_amount(row.counts)}/h" for row in rows if row.as_before]
    texts = (("unknown, and not counted", left_out), ("unknown, and counted as before", as_before))
    return [(title, ", ".join(items)) for title, items in texts if items]


def remaining_texts(money: Money) -> list[tuple[str, str]]:
    """What goes on after its record is removed."""
    items = [f"{row.address} {hourly(row.after)}" for row in money.rows if row.remains]
    return [("counted for the last time, and goes on", ", ".join(items))] if items else []


def bound_text(bound: Bound) -> str:
    """The most that the environment costs if nobody comes back, or why there is no bound."""
    most = f"at most {usd(-(-bound.amount // _CENT) * _CENT, digits=2)}"  # never rounded down
    until = f" until {moment(bound.until)}, if sweep runs every hour" if bound.until else ""
    if not bound.unbounded:
        return f"{most}{until}"
    reasons: dict[str, list[Unbounded]] = {}
    for item in bound.unbounded:
        reasons.setdefault("until this plan deletes it" if item.deleted else item.why, []).append(item)
    texts = [f"{_named(items)} ({why})" for why, items in reasons.items()]
    return f"no bound for {', '.join(texts)}{f'; {most} for the rest{until}' if until else ''}"


def _named(items: list[Unbounded]) -> str:
    """The resources and what they cost together."""
    costs = tuple(cost for item in items for cost in item.costs)
    price = hourly(costs) if rate(costs) else "at a price not known"
    return f"{first_of([item.address for item in items], _MOST_NAMED)} {price}"


def age_text(seconds: float) -> str:
    """The age of the prices: `5 min ago`."""
    for size, unit in _AGES:
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def _rated(row: Row, total: Sums) -> str:
    """The change per hour; empty without a change or a known price."""
    if row.as_before:
        word = "before" if total.after == total.before else "no less than before"
        return f"not known; counted as {word}: {_amount(total.after)}/h"
    if not total.delta:
        return ""
    digits = _digits(total, 1)
    from_to = (
        f" ({_before(total, 1, digits)}/h -> {_after(total, 1, digits)}/h)" if total.before and total.after else ""
    )
    return f"{_delta(total, 1, digits)}{'' if total.more and total.less else '/h'}{from_to}"


def _sum_text(sums: Sums, *, hours: int) -> str:
    digits = _digits(sums, hours)
    before, after = _before(sums, hours, digits), _after(sums, hours, digits)
    text = f"{before} -> {after}" if sums.delta or before != after else after
    if sums.delta and (sums.before or sums.unknown_before) and (sums.after or sums.unknown_after):
        text += f" ({_delta(sums, hours, digits)})"
    return text


def _before(sums: Sums, hours: int, digits: int) -> str:
    return _known(sums.before * hours, more=sums.unknown_before, digits=digits)


def _after(sums: Sums, hours: int, digits: int) -> str:
    return _known(sums.after * hours, more=sums.unknown_after, digits=digits)


def _delta(sums: Sums, hours: int, digits: int) -> str:
    """The difference, or its known bound."""
    if sums.more and sums.less:
        return "not known"
    bound = "at least " if sums.more else "at most " if sums.less else ""
    return f"{bound}{_amount(sums.delta * hours, digits=digits, sign=True)}"


def _once(sums: Sums) -> str:
    if not sums.unknown_once:
        return _amount(Amount(Fraction(sums.once_least), Fraction(sums.once)))
    return f"at least {usd(sums.once_least)}" if sums.once else "not known"


def _known(amount: Amount, *, more: bool, digits: int) -> str:
    """The amount; with `more`, the known part of it."""
    if not more:
        return _amount(amount, digits=digits)
    return f"at least {_amount(amount, digits=digits)}" if amount else "not known"


def _digits(sums: Sums, hours: int) -> int:
    """The digits after the point at which the sums before and after differ, if they do."""
    digits = _usual_digits(hours)
    for before, after in ((sums.before.least, sums.after.least), (sums.before.most, sums.after.most)):
        digits = digits_apart(before * hours, after * hours, digits, usd)
    return digits


def _usual_digits(hours: int) -> int:
    return 5 if hours == 1 else 2


def _amount(amount: Amount, *, digits: int = 5, sign: bool = False) -> str:
    """`$0.67`, or `$0.67 to $2.01` where it varies."""
    parts = [
        f"{'+' if sign and part >= 0 else ''}{usd(part, digits=digits)}"
        for part in dict.fromkeys((amount.least, amount.most))
    ]
    return " to ".join(parts)
