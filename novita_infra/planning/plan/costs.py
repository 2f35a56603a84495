"""The cost of a plan: each resource before and after, and sums of them. Values only; all amounts in 1/100000 USD.

A price that becomes unknown is no saving: the last known price counts as the least.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from novita_infra.catalogue.prices import Amount, Cost, least_paid_once, paid_once, rate, unknown
from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.rules import Budget


@dataclass(frozen=True, slots=True)
class Row:
    """The cost of one resource."""

    address: Address
    before: tuple[Cost, ...] = ()
    after: tuple[Cost, ...] = ()
    once: tuple[Cost, ...] = ()
    """Purchases of the plan that are paid at once."""
    group: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    remains: bool = False
    """Whether the plan removes its record alone: what it costs goes on, and no later plan counts it."""

    @property
    def moves(self) -> bool:
        """Whether the plan changes what it costs, or buys something for it."""
        return self.before != self.after or bool(self.once)

    @property
    def counts(self) -> Amount:
        """The cost per hour after the plan; not less than before where a price is not known any more."""
        known = rate(self.after)
        return known.no_less_than(rate(self.before)) if self.more else known

    @property
    def as_before(self) -> bool:
        """Whether the earlier cost counts, because a price is not known any more."""
        return self.more and self.counts != rate(self.after)

    @property
    def delta(self) -> Amount:
        """The added cost per hour, as far as prices are known; see `more` and `less`."""
        return self.counts - rate(self.before)

    @property
    def more(self) -> bool:
        """Whether the difference may be more than `delta`, by what has no known price.

        What is bought at once counts: where its price is unknown, the list price of the whole is not what is paid.
        """
        return _has_more_unknown((*self.after, *self.once), self.before)

    @property
    def less(self) -> bool:
        """Whether the difference may be less than `delta`, by what had no known price."""
        return _has_more_unknown(self.before, self.after)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The distinct cost lines with an unknown price, after the plan or bought by it."""
        return unknown((*self.after, *self.once))


@dataclass(frozen=True, slots=True)
class Sums:
    """The cost of several resources together, per hour, as far as prices are known."""

    before: Amount
    after: Amount
    once: int
    """The most that is paid at once."""
    more: bool = False
    """Whether the difference may be more, by what has no known price."""
    less: bool = False
    """Whether the difference may be less, by what had no known price."""
    unknown_before: bool = False
    """Whether something of it had no known price."""
    unknown_after: bool = False
    unknown_once: bool = False
    once_least: int = 0
    """The least that is paid at once."""

    @property
    def delta(self) -> Amount:
        """The added cost per hour, as far as prices are known."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Unbounded:
    """A resource that costs until somebody ends it."""

    address: Address
    why: str
    """Why nothing ends it by itself: `no hard ttl`."""
    costs: tuple[Cost, ...]
    deleted: bool = False
    """Whether the plan deletes it."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The most that an environment costs from the plan on if nobody comes back, while `sweep` runs every hour.

    It holds at every moment of an apply, so it counts objects that the plan deletes, too.
    """

    amount: int
    """Of all objects with a deadline, in 1/100000 USD, rounded up."""
    until: float = 0.0
    """When the last of them is gone, counted from now for one that is created; Unix seconds, 0 where there is none."""
    unbounded: tuple[Unbounded, ...] = ()


@dataclass(frozen=True, slots=True)
class Money:
    """The cost of a plan."""

    rows: tuple[Row, ...]
    """Of every resource that is not free of charge, those without a change included, sorted by address."""
    read: int = 0
    """When the prices were read, in Unix seconds."""
    budget: Budget = Budget()
    """The ceilings that it was held against."""
    bound: Bound | None = None
    """The most that it costs if nobody comes back; None in a plan file of an older version."""

    @property
    def total(self) -> Sums:
        """The cost of the whole environment."""
        return sums(self.rows)

    @property
    def groups(self) -> Mapping[str, Sums]:
        """The cost of each group, by name; resources of no group are left out."""
        names = sorted({row.group for row in self.rows if row.group})
        return {name: sums(row for row in self.rows if row.group == name) for name in names}

    @property
    def labels(self) -> Mapping[str, Mapping[str, Sums]]:
        """The cost by label: of each value of each label name; resources without the label are left out."""
        rows: dict[str, dict[str, list[Row]]] = {}
        for row in self.rows:
            for name, value in row.labels.items():
                rows.setdefault(name, {}).setdefault(value, []).append(row)
        return {name: {value: sums(of[value]) for value in sorted(of)} for name, of in sorted(rows.items())}


def sums(rows: Iterable[Row]) -> Sums:
    """The cost of the rows together."""
    rows = tuple(rows)
    before = [cost for row in rows for cost in row.before]
    after = [cost for row in rows for cost in row.after]
    once = [cost for row in rows for cost in row.once]
    kept = (row.counts - rate(row.after) for row in rows if row.more)
    return Sums(
        before=rate(before),
        after=sum(kept, rate(after)),
        once=paid_once(once),
        more=any(row.more for row in rows),
        less=any(row.less for row in rows),
        unknown_before=bool(unknown(before)),
        unknown_after=bool(unknown(after)) or any(row.as_before for row in rows),
        unknown_once=bool(unknown(once)),
        once_least=least_paid_once(once),
    )


def _has_more_unknown(some: Iterable[Cost], others: Iterable[Cost]) -> bool:
    """Whether some of them have an unknown price that the others have not, or not for as many units."""
    return any(cost.price is None and not any(_covers(other, cost) for other in others) for cost in some)


def _covers(other: Cost, cost: Cost) -> bool:
    same = other.price is None and (other.what, other.hours) == (cost.what, cost.hours)
    return same and other.quantity >= cost.quantity and other.fewest >= cost.fewest
