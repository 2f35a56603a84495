"""What a plan costs: each resource before and after, and sums of them. Values only; all amounts in 1/100000 USD."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from novita_infra.kinds.pricing import Amount, Cost, paid_once, rate
from novita_infra.resources import Address
from novita_infra.rules import Budget


@dataclass(frozen=True, slots=True)
class Row:
    """What one resource costs."""

    address: Address
    before: tuple[Cost, ...] = ()
    after: tuple[Cost, ...] = ()
    once: tuple[Cost, ...] = ()
    """What the plan buys for it at once."""
    group: str = ""

    @property
    def moves(self) -> bool:
        """Whether the plan changes what it costs, or buys something for it."""
        return self.before != self.after or bool(self.once)

    @property
    def delta(self) -> Amount:
        """What it costs more per hour."""
        return rate(self.after) - rate(self.before)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Of what the plan leaves or buys, the lines whose price nobody knows."""
        return tuple(cost.what for cost in (*self.after, *self.once) if cost.price is None)


@dataclass(frozen=True, slots=True)
class Sums:
    """What several resources cost together, per hour, as far as prices are known."""

    before: Amount
    after: Amount
    once: int
    """What is paid at once."""

    @property
    def delta(self) -> Amount:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Money:
    """What a plan costs."""

    rows: tuple[Row, ...]
    """Of every resource that is not free of charge, those without a change included, sorted by address."""
    read: int = 0
    """When the prices were read, in Unix seconds."""
    budget: Budget = Budget()  # noqa: RUF009 -- a frozen value
    """The ceilings that it was held against."""

    @property
    def total(self) -> Sums:
        """Of the whole environment."""
        return sums(self.rows)

    @property
    def groups(self) -> Mapping[str, Sums]:
        """Of each group, by name; resources of no group are left out."""
        names = sorted({row.group for row in self.rows if row.group})
        return {name: sums(row for row in self.rows if row.group == name) for name in names}

    @property
    def unknown(self) -> tuple[tuple[Address, str], ...]:
        """What has no known price when the plan is done, with the resource that it belongs to."""
        return tuple((row.address, what) for row in self.rows for what in row.unknown)


def sums(rows: Iterable[Row]) -> Sums:
    """What the rows cost together."""
    rows = tuple(rows)

    def all_of(part: Callable[[Row], tuple[Cost, ...]]) -> Iterable[Cost]:
        return (cost for row in rows for cost in part(row))

    return Sums(
        before=rate(all_of(lambda row: row.before)),
        after=rate(all_of(lambda row: row.after)),
        once=paid_once(all_of(lambda row: row.once)),
    )
