"""Orphans: live objects that no state records, with their price and use. Values only."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from novita_infra.account.metrics import GpuUse
from novita_infra.catalogue.prices import Amount, Cost, rate, unknown
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import owner_of
from novita_infra.model.resources import Live


@dataclass(frozen=True, slots=True)
class Orphan:
    """A live object that no state records."""

    kind: str
    """The address prefix of its kind."""
    live: Live
    costs: tuple[Cost, ...] = ()
    use: GpuUse | None = None
    """The use of its GPUs; None where nothing is measured."""
    unread: bool = False
    """Whether its age and its use were not read, because that takes calls of its own."""
    perhaps: str = ""
    """The resource that it may belong to: a create of it has no answer yet, and may have made the object."""

    foreign: str = ""
    """The owner that its mark names, in words, where it is another project or environment, or perhaps one."""

    @property
    def per_hour(self) -> Amount:
        """In 1/100000 USD; parts with an unknown price are left out."""
        return rate(self.costs)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The parts whose price is not known."""
        return unknown(self.costs)

    @property
    def owner(self) -> str:
        """Its owner by the owner mark: `project/environment/address`; empty where it carries none."""
        owner = owner_of(self.live.mark)
        return owner.path if owner else self.live.mark.rpartition("/")[0]


def total_per_hour(found: Iterable[Orphan]) -> tuple[Fraction, bool]:
    """The sum of the highest prices in 1/100000 USD, and whether a part of some object has an unknown price."""
    found = list(found)
    return sum((item.per_hour.most for item in found), Fraction(0)), any(item.unknown for item in found)


def dearest_first(found: Iterable[Orphan]) -> list[Orphan]:
    """The orphans by price per hour, highest first; then those with an unknown price, then by type, name and id."""

    def order(item: Orphan) -> tuple[Fraction, bool, str, str, str]:
        return -item.per_hour.most, not item.unknown, item.kind, item.live.name, item.live.id

    return sorted(found, key=order)
