"""A live object that no books know, and what it costs. Values only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from novita_infra.account.metrics import GpuUse
from novita_infra.catalogue.prices import Amount, Cost, rate, unknown
from novita_infra.model.resources import Live


@dataclass(frozen=True, slots=True)
class Orphan:
    """A live object that nobody's books know."""

    kind: str
    """The address prefix of its kind."""
    live: Live
    costs: tuple[Cost, ...] = ()
    use: GpuUse | None = None
    """The use of its GPUs; None where nothing is measured."""
    perhaps: str = ""
    """Whose it may be: a create of theirs has no answer yet, and may have made it."""

    @property
    def per_hour(self) -> Amount:
        """In 1/100000 USD, what is of an unknown price left out."""
        return rate(self.costs)

    @property
    def unknown(self) -> tuple[str, ...]:
        """What nobody tells the price of."""
        return unknown(self.costs)

    @property
    def owner(self) -> str:
        """Who made it, as its owner mark tells: `project/environment/address`; empty where it carries none."""
        return self.live.mark.rpartition("/")[0]


def dearest_first(found: Iterable[Orphan]) -> list[Orphan]:
    """By price per hour; of the same price, those of an unknown one first, then by kind, name and id."""

    def order(item: Orphan) -> tuple[Fraction, bool, str, str, str]:
        return -item.per_hour.most, not item.unknown, item.kind, item.live.name, item.live.id

    return sorted(found, key=order)
