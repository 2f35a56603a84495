"""Costs as JSON. Amounts are decimals in text, in USD, without rounding. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

from novita_infra.catalogue.prices import MONTH, Amount, Cost, plain_usd, rate, unknown
from novita_infra.model.clock import timestamp
from novita_infra.planning.cost.bounding import SWEEP
from novita_infra.planning.plan.costs import Bound, Money, Row, Sums, sums
from novita_infra.views.formats.json.values import Json


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
        **({"labels": labels} if (labels := _labels(money)) else {}),
        **({"bound": _bound(money.bound)} if money.bound else {}),
        "unknown": [
            {"address": str(row.address), "what": what, "counted_as_before": row.as_before}
            for row in money.rows
            for what in row.unknown
        ],
        "budget": {
            "per_hour": _decimal(budget.per_hour),
            "per_month": _decimal(budget.per_month),
            **({"once": _decimal(budget.once)} if budget.once is not None else {}),
            "unknown": budget.unknown.value,
        },
    }


def _bound(bound: Bound) -> Json:
    return {
        "at_most": None if bound.unbounded else _decimal(bound.amount),
        "at_most_of_bounded": _decimal(bound.amount),
        "until": timestamp(bound.until) if bound.until else None,
        "sweep_seconds": SWEEP,
        "unbounded": [
            {
                "address": str(item.address),
                "why": item.why,
                "per_hour": _range(rate(item.costs)),
                "price_unknown": list(unknown(item.costs)),
                "deleted": item.deleted,
            }
            for item in bound.unbounded
        ],
    }


def _labels(money: Money) -> Json:
    return {name: {value: _sums(part) for value, part in values.items()} for name, values in money.labels.items()}


def cost_json(row: Row | None) -> Json | None:
    """The cost of one resource, with its lines; None if it is free."""
    if row is None:
        return None
    lines = {"before": row.before, "after": row.after, "once": row.once}
    return {
        **_sums(sums((row,))),
        "unknown": list(row.unknown),
        **({"remains": True} if row.remains else {}),
        "lines": {name: [_line(cost) for cost in costs] for name, costs in lines.items()},
    }


def _sums(sums: Sums) -> Json:
    parts = {"before": sums.before, "after": sums.after, "delta": sums.delta}
    rates = {name: {"per_hour": _range(amount), "per_month": _range(amount * MONTH)} for name, amount in parts.items()}
    varies = {"at_once_least": _decimal(sums.once_least)} if sums.once_least != sums.once else {}
    return {**rates, "at_once": _decimal(sums.once), **varies}


def _range(amount: Amount) -> Json:
    return {"least": _decimal(amount.least), "most": _decimal(amount.most)}


def _line(cost: Cost) -> Json:
    return {
        "what": cost.what,
        "price": _decimal(cost.price),
        "per_hours": cost.hours,
        **({"per_units": cost.per} if cost.per > 1 else {}),
        "quantity": cost.quantity,
        "least": cost.fewest,
        "unit": cost.unit,
        "listed": cost.listed,
    }


def _decimal(amount: Fraction | int | None) -> str | None:
    """None where it is unknown, or there is none."""
    return None if amount is None else plain_usd(amount)
