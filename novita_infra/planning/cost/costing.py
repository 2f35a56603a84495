"""The cost of a plan's changes, and whether it is within the budget. Pure.

Prices are those of the price list that was read for the plan; running objects are counted at today's price.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from novita_infra.catalogue.prices import (
    MONTH,
    Cost,
    PriceList,
    digits_apart,
    part_of,
    price_list,
    rounded,
    usd,
    usd_apart,
)
from novita_infra.catalogue.products import Catalogue
from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_OVER_BUDGET, Diagnostic, Severity
from novita_infra.model.resources import PRESENT, Declared, Existing
from novita_infra.model.rules import Budget, OnUnknown, Rules
from novita_infra.model.values import Spec
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.costs import Money, Row, sums
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.review import Review

_DEAREST = 3
"""The number of resources named among the most expensive ones."""
_STAYING = frozenset({Action.NONE, Action.RESUME, Action.REFUSED, Action.FORGET})
"""Actions after which a resource costs what it cost before."""


def costed(
    decisions: Mapping[Address, Decision],
    *,
    active: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    existing: Mapping[Address, Existing],
    kinds: Mapping[str, Kind],
    prices: PriceList,
) -> tuple[Row, ...]:
    """The cost of every resource of the environment before and after, unchanged resources included."""
    rows = []
    for address in sorted({*decisions, *existing}):
        kind = kinds[address.type]
        if kind.market.costs is None:
            continue
        decision = decisions.get(address)
        found = decision.existing if decision else existing[address]
        spec = live_spec(found)
        before = after = kind.market.costs(spec, prices) if spec is not None else ()
        once: tuple[Cost, ...] = ()
        action = decision.action if decision is not None and address in active else Action.NONE
        if decision is not None and action not in _STAYING:
            after_spec = spec_after(decision, spec)
            after = kind.market.costs(after_spec, prices) if after_spec is not None else ()
            if kind.market.purchases is not None and after_spec is not None:
                once = kind.market.purchases(None if decision.makes else spec, after_spec, prices)
        old = tuple(_of_old(kind, found, prices))
        deletes_old = address in active and action not in {Action.REFUSED, Action.FORGET}
        before, after = before + old, after if deletes_old else after + old
        if before or after or once:
            item, record = declared.get(address), found.record
            group = item.lifecycle.group if item else ""
            labels = item.labels if item else record.labels if record else {}
            rows.append(Row(address, before, after, once, group, labels, remains=action is Action.FORGET))
    return tuple(rows)


def over_budget(money: Money, *, environment: str) -> list[Finding]:
    """The findings on a plan that may cost more than a ceiling, and more than before.

    A plan that only lowers the cost may be applied, even where the rest is still over the ceiling. What is paid at once
    is held against its own ceiling.
    """
    if not money.budget.ceilings:
        return []
    findings = [Finding(item, EXIT_OVER_BUDGET) for item in _exceeded_once(money)]
    if _rises(money):
        findings += [Finding(item, EXIT_OVER_BUDGET) for item in _exceeded(money, environment=environment)]
    if money.budget.unknown is OnUnknown.REFUSE:
        hint = "`budget.unknown: warn` in novita-infra.yaml lets it pass with a warning"
        findings += [
            Finding(Diagnostic(f"the price is unknown: {what}", hint, address=str(address)), EXIT_OVER_BUDGET)
            for address, what in _unknown(money)
        ]
    return findings


def unproven(money: Money, *, environment: str) -> list[Diagnostic]:
    """The notes on the budget of a plan that may be applied."""
    notes, budget = [], money.budget
    if not budget.ceilings:
        return []
    if not _rises(money):
        notes += [replace(item, severity=Severity.WARNING) for item in _exceeded(money, environment=environment)]
    notes += _beyond_what_goes_on(money)
    if budget.unknown is OnUnknown.WARN:
        notes += _held_without(
            [row for row in money.rows if row.moves], "`budget.unknown: refuse` makes this a refusal"
        )
    if _rises(money):
        notes += _held_without([row for row in money.rows if not row.moves], "")
    return notes


def parts_of(review: Review) -> tuple[str, ...]:
    """The parts of the catalogue that hold the prices which the review promises; see `risen`."""
    return tuple(sorted({part_of(cost.listed) for _, cost in _promised(review)}))


def risen(review: Review, catalogue: Catalogue, rules: Rules) -> list[Finding]:
    """The findings on prices that rose beyond `maxPriceRise` since the plan, and on the budget at today's prices.

    `catalogue` has the parts of `parts_of`. A price that is not known any more counts as risen.
    """
    if review.cost is None:
        return []
    fresh = price_list(catalogue)
    findings = []
    for address, cost in _promised(review):
        message = _risen(cost, fresh.prices.get(cost.listed), rules.max_price_rise)
        if message:
            hint = "make a new plan, or allow it: maxPriceRise in novita-infra.yaml"
            findings.append(Finding(Diagnostic(message, hint, address=str(address)), EXIT_OVER_BUDGET))
    if findings:
        return findings
    now = Money(tuple(_repriced(row, fresh) for row in review.cost.rows), budget=rules.budget)
    return over_budget(now, environment=review.plan.environment)


def _of_old(kind: Kind, found: Existing, prices: PriceList) -> Iterator[Cost]:
    """The cost of replaced objects that still exist."""
    for live in found.replaced:
        spec = live_spec(Existing(live=live))
        if spec is not None and kind.market.costs is not None:
            yield from kind.market.costs(spec, prices)


def live_spec(found: Existing) -> Spec | None:
    """The live spec, with fields that the API does not return as they were last sent; None where no object exists."""
    live, record = found.live, found.record
    if live is None or live.phase not in PRESENT:
        return None
    return {**(record.spec if record else {}), **live.values}


def spec_after(decision: Decision, spec: Spec | None) -> Spec | None:
    """The spec after the decision, where `spec` is the one before; None where no object will exist."""
    if decision.makes:
        return decision.spec
    if decision.action in {Action.DELETE, Action.FORGET}:
        return None
    changed = {item.name: item.after for item in decision.fields}
    return {**spec, **decision.spec, **changed} if spec is not None else decision.spec or None


def _rises(money: Money) -> bool:
    return money.total.after.most > money.total.before.most


def _unknown(money: Money) -> list[tuple[Address, str]]:
    """The added or changed cost lines with an unknown price."""
    return [(row.address, what) for row in money.rows if row.moves for what in row.unknown]


def _held_without(rows: Iterable[Row], hint: str) -> Iterator[Diagnostic]:
    """The notes on rows that cannot be compared with the ceilings."""
    left_out: list[str] = []
    as_before: list[str] = []
    for row in rows:
        if row.unknown:
            (as_before if row.as_before else left_out).append(f"{row.address} ({', '.join(row.unknown)})")
    if left_out:
        summary = f"the budget is held without what has no known price: {', '.join(left_out)}"
        yield Diagnostic(summary, hint, severity=Severity.WARNING)
    if as_before:
        summary = f"the budget counts what has no known price as before: {', '.join(as_before)}"
        yield Diagnostic(summary, hint, severity=Severity.WARNING)


def _exceeded(money: Money, *, environment: str) -> Iterator[Diagnostic]:
    """A diagnostic on each ceiling that the environment exceeds."""
    total = money.total
    for ceiling, hours, word, digits in _ceilings(money.budget):
        name = f"budget.per{word.capitalize()}"
        costs = total.after.most * hours
        if costs <= ceiling:
            continue
        known = " as far as prices are known," if total.unknown_after else ""
        would, may = usd_apart(costs, ceiling, digits=digits)
        summary = (
            f"environment {environment} would cost {would} per {word} at the most,{known} over its budget of {may}"
        )
        change = total.delta.most * hours
        sign = f"{'at least ' if total.more else ''}{'' if change < 0 else '+'}"
        part, _ = usd_apart(change, 0, digits=digits)
        hint = (
            f"the plan's part: {sign}{part}; most of all cost {_dearest(money, hours, digits)}; plan less, or raise "
            f"{name} in the project file"
        )
        yield Diagnostic(summary, hint)


def _exceeded_once(money: Money) -> Iterator[Diagnostic]:
    """The diagnostic on a plan that may pay more at once than it may."""
    ceiling, total = money.budget.once, money.total
    if ceiling is None or total.once <= ceiling:
        return
    would, may = usd_apart(total.once, ceiling, digits=2)
    known = " as far as prices are known," if total.unknown_once else ""
    yield Diagnostic(
        f"the plan would pay {would} at once at the most,{known} over its budget of {may}",
        f"most of it: {_dearest_once(money)}; plan less, or raise budget.once in the project file",
    )


def _beyond_what_goes_on(money: Money) -> Iterator[Diagnostic]:
    """A warning of a plan that may pay more at once than a month may cost, where no ceiling holds for that."""
    budget, once = money.budget, money.total.once
    months = [amount for amount in (budget.per_month, budget.per_hour and budget.per_hour * MONTH) if amount]
    if budget.once is not None or not months or once <= min(months):
        return
    would, month = usd_apart(once, min(months), digits=2)
    yield Diagnostic(
        f"the plan may pay {would} at once, and the budget of a month is {month}: it bounds only what goes on",
        f"most of it: {_dearest_once(money)}; budget.once in the project file bounds what one plan pays at once",
        severity=Severity.WARNING,
    )


def _dearest_once(money: Money) -> str:
    return _largest([(sums((row,)).once, row.address) for row in money.rows], digits=2)


def _ceilings(budget: Budget) -> Iterator[tuple[int, int, str, int]]:
    if budget.per_hour is not None:
        yield budget.per_hour, 1, "hour", 5
    if budget.per_month is not None:
        yield budget.per_month, MONTH, "month", 2


def _dearest(money: Money, hours: int, digits: int) -> str:
    return _largest([(row.counts.most * hours, row.address) for row in money.rows], digits=digits)


def _largest(costs: list[tuple[Fraction | int, Address]], *, digits: int) -> str:
    costs = sorted(costs, key=lambda item: (-item[0], item[1]))
    return ", ".join(f"{address} {usd(amount, digits=digits)}" for amount, address in costs[:_DEAREST] if amount)


def _promised(review: Review) -> Iterator[tuple[Address, Cost]]:
    """The listed prices of what the plan changes or buys."""
    acting = {change.address for change in review.plan.changes if change.action not in _STAYING}
    for row in review.cost.rows if review.cost else ():
        if row.address in acting:
            for cost in (*row.after, *row.once):
                if cost.listed and cost.price is not None:
                    yield row.address, cost


def _risen(cost: Cost, now: int | None, allowed: int) -> str:
    """The message on a price that rose by more than `allowed` hundredths of a per cent; else an empty text."""
    was = cost.price or 0
    if now is None:
        return f"{cost.what}: the price was {_each(was, cost)} when the plan was made, and is not known any more"
    if now * 10_000 <= was * (10_000 + allowed):
        return ""
    rise, limit = Fraction(now - was, was) if was else Fraction(now), Fraction(allowed, 10_000)
    digits = digits_apart(rise, limit, 2, _per_cent)
    more, may = _per_cent(rise, digits=digits), _per_cent(limit, digits=digits)
    return (
        f"{cost.what}: the price rose by {more} since the plan was made, from {_each(was, cost)} to "
        f"{_each(now, cost)}; it may rise by {may}"
    )


def _per_cent(share: Fraction, *, digits: int = 2) -> str:
    whole, _, rest = f"{rounded(share * 100, digits):f}".partition(".")
    return f"{whole}{'.' if rest.rstrip('0') else ''}{rest.rstrip('0')} %"


def _each(price: int, cost: Cost) -> str:
    return f"{usd(price)}{f' per {cost.unit}' if cost.unit else ''}"


def _repriced(row: Row, prices: PriceList) -> Row:
    def now(cost: Cost) -> Cost:
        price = prices.prices.get(cost.listed) if cost.price is not None else None
        return cost if price is None else replace(cost, price=price)

    before, after, once = (tuple(now(cost) for cost in part) for part in (row.before, row.after, row.once))
    return replace(row, before=before, after=after, once=once)
