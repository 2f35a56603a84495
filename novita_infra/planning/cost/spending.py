"""What a project has cost, beside what its records cost by the hour at today's prices. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from fractions import Fraction

from novita_infra.account.bill_groups import OwnedLine, group_of
from novita_infra.account.billing import sum_of
from novita_infra.catalogue.prices import Amount, Cost, rate, unknown
from novita_infra.model.frozen import dataclass
from novita_infra.planning.cost.runway import metered

_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledObject:
    """An object of the project with all of its lines."""

    usage: Sequence[OwnedLine]
    terms: Sequence[OwnedLine]
    costs: tuple[Cost, ...] | None = None
    """What its record costs at today's prices; None for an object that no present state records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What the objects of a group have cost. Money is in 1/100000 USD."""

    name: str
    deleted: bool
    """Whether the objects are in no present state: they have no rate then."""
    objects: int
    usage: Fraction
    bought: Fraction
    per_hour: Amount | None
    """What the records cost by the hour."""
    expected: Amount | None
    """What that makes for each object from its first bill in the range on, as if it ran all the time: at least from the
    end of the period of that bill, at most from its beginning."""
    unknown: tuple[str, ...] = field(default=())
    """The parts of the records whose price is not known."""


@dataclass(frozen=True, slots=True)
class PlannedSpending:
    """What the plan of the last run in an environment said that it costs by the hour."""

    environment: str
    per_hour: Amount | None
    """None where that is not known."""
    partly: bool = False
    """Whether it is without parts whose price was not known."""
    at: float = 0.0
    """When the run began, in Unix seconds; 0 where no run is recorded."""
    run: str = ""
    """The command of the last run, such as `apply` or `state mv`; empty where none is recorded."""


def spendings(objects: Iterable[BilledObject], by: str, until: float) -> list[Spending]:
    """What the objects have cost by group, the highest first. `until` is the end of the bills, in Unix seconds."""
    groups: dict[tuple[str, bool], list[BilledObject]] = {}
    for item in objects:
        for line in (*item.usage, *item.terms)[:1]:
            groups.setdefault((group_of(line, by), item.costs is None), []).append(item)
    found = [_spending(name, items, deleted, until) for (name, deleted), items in groups.items()]
    return sorted(found, key=lambda item: (-item.usage - item.bought, item.name, item.deleted))


def billed_objects(
    usage: Iterable[OwnedLine], terms: Iterable[OwnedLine], costs: Callable[[str], tuple[Cost, ...] | None]
) -> list[BilledObject]:
    """The objects of the lines; `costs` gives what the record of an object costs, by its id."""
    by_usage, by_terms = _by_owner(usage), _by_owner(terms)
    return [
        BilledObject(usage=by_usage.get(id, ()), terms=by_terms.get(id, ()), costs=costs(id))
        for id in dict.fromkeys((*by_usage, *by_terms))
    ]


def _by_owner(lines: Iterable[OwnedLine]) -> Mapping[str, Sequence[OwnedLine]]:
    found: dict[str, list[OwnedLine]] = {}
    for item in lines:
        found.setdefault(item.line.owner, []).append(item)
    return found


def _spending(name: str, items: Sequence[BilledObject], deleted: bool, until: float) -> Spending:
    known = [] if deleted else [(metered(item.costs or ()), item) for item in items]
    rates = [(rate(costs), item) for costs, item in known]
    return Spending(
        name=name,
        deleted=deleted,
        objects=len(items),
        usage=sum_of(item.line for found in items for item in found.usage),
        bought=sum_of(item.line for found in items for item in found.terms),
        per_hour=None if deleted else sum((per_hour for per_hour, _ in rates), Amount()),
        expected=None if deleted else sum((_expected(*found, until) for found in rates), Amount()),
        unknown=unknown(cost for costs, _ in known for cost in costs),
    )


def _expected(per_hour: Amount, item: BilledObject, until: float) -> Amount:
    """The rate since the first bill of usage, which gives the period of the beginning alone; nothing without one."""
    first = min((found.line for found in item.usage if found.line.start), key=lambda line: line.start, default=None)
    if first is None:
        return Amount()
    least, most = (Fraction(max(0, int(until) - at), _HOUR) for at in (max(first.end + 1, first.start), first.start))
    return Amount(per_hour.least * least, per_hour.most * most)
