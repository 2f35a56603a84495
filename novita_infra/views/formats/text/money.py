"""The cost of a plan as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from novita_infra.catalogue.prices import MONTH, Amount, Cost, rate, unknown, usd
from novita_infra.planning.plan.costs import Money, Row, Sums, sums
from novita_infra.views.content.lines import Line, Tone, line

_AGES: Final = ((86_400, "d"), (3600, "h"), (60, "min"))


def row_lines(row: Row | None) -> Iterator[Line]:
    """The change of the cost of a resource; nothing if it does not change."""
    if row is None or not row.moves:
        return
    parts, together = [], sums((row,))
    if rated := _rated(row, together):
        parts.append(rated)
    if together.once:
        parts.append(f"{_once(together)} at once")
    if row.unknown:
        parts.append(f"unknown: {', '.join(row.unknown)}")
    if saved := [what for what in unknown(row.before) if what not in row.unknown]:
        parts.append(f"less by what has no known price: {', '.join(saved)}")
    yield line(("      cost: ", Tone.STRONG), "; ".join(parts) or "as before")


def hourly(costs: tuple[Cost, ...]) -> str:
    """`$0.67/h`, or the known part of it."""
    return f"{_known(rate(costs), more=bool(unknown(costs)), digits=5)}/h"


def money_lines(money: Money | None, *, environment: str, now: float | None = None) -> Iterator[Line]:
    """The environment before and after, by the hour and by the month, with each group; nothing if everything is free.

    `now`, in Unix seconds, gives the age of the prices.
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
    if total.once or total.unknown_once:
        yield line(f"      at once: {_once(total)}")
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
    """The unchanged cost of the environment, in one line; nothing if everything is free."""
    if money is None or not money.rows:
        return
    total = money.total
    nothing_known = total.unknown_after and not total.after
    text = "not known" if nothing_known else f"{_after(total)}/h, {_after(total, MONTH)}/month"
    yield line(f"Cost of environment {environment}: {text}, as before")
    yield from _unknown_lines(money)
    yield from _age_lines(money, now)


def _rated(row: Row, total: Sums) -> str:
    """The change per hour; empty without a change or a known price."""
    if row.as_before:
        word = "before" if total.after == total.before else "no less than before"
        return f"not known; counted as {word}: {_amount(total.after)}/h"
    if not total.delta:
        return ""
    from_to = f" ({_before(total)}/h -> {_after(total)}/h)" if total.before and total.after else ""
    return f"{_delta(total)}{'' if total.more and total.less else '/h'}{from_to}"


def _sum_line(title: str, sums: Sums, *, hours: int) -> Line:
    before, after = _before(sums, hours), _after(sums, hours)
    text = f"{before} -> {after}" if sums.delta or before != after else after
    if sums.delta and (sums.before or sums.unknown_before) and (sums.after or sums.unknown_after):
        text += f" ({_delta(sums, hours)})"
    return line(f"      {title}: {text}")


def _before(sums: Sums, hours: int = 1) -> str:
    return _known(sums.before * hours, more=sums.unknown_before, digits=_digits(hours))


def _after(sums: Sums, hours: int = 1) -> str:
    return _known(sums.after * hours, more=sums.unknown_after, digits=_digits(hours))


def _delta(sums: Sums, hours: int = 1) -> str:
    """The difference, or its known bound."""
    if sums.more and sums.less:
        return "not known"
    bound = "at least " if sums.more else "at most " if sums.less else ""
    return f"{bound}{_amount(sums.delta * hours, digits=_digits(hours), sign=True)}"


def _once(sums: Sums) -> str:
    if not sums.unknown_once:
        return usd(sums.once)
    return f"at least {usd(sums.once)}" if sums.once else "not known"


def _known(amount: Amount, *, more: bool, digits: int) -> str:
    """The amount; with `more`, the known part of it."""
    if not more:
        return _amount(amount, digits=digits)
    return f"at least {_amount(amount, digits=digits)}" if amount else "not known"


def _digits(hours: int) -> int:
    return 5 if hours == 1 else 2


def _amount(amount: Amount, *, digits: int = 5, sign: bool = False) -> str:
    """`$0.67`, or `$0.67 to $2.01` where it varies."""
    parts = [
        f"{'+' if sign and part >= 0 else ''}{usd(part, digits=digits)}"
        for part in dict.fromkeys((amount.least, amount.most))
    ]
    return " to ".join(parts)


def _unknown_lines(money: Money) -> Iterator[Line]:
    rows = [row for row in money.rows if row.unknown]
    named = {row.address: f"{row.address} ({', '.join(row.unknown)})" for row in rows}
    if left_out := [named[row.address] for row in rows if not row.as_before]:
        yield line(("      unknown, and not counted: ", Tone.CHANGE), ", ".join(left_out))
    if as_before := [f"{named[row.address]} {_amount(row.counts)}/h" for row in rows if row.as_before]:
        yield line(("      unknown, and counted as before: ", Tone.CHANGE), ", ".join(as_before))


def _age_lines(money: Money, now: float | None) -> Iterator[Line]:
    if now is not None:
        yield line((f"      prices read {_age(now - money.read)}", Tone.FAINT))


def _age(seconds: float) -> str:
    for size, unit in _AGES:
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"
