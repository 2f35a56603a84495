"""Orphans: live objects that no state records, with their price and use. Values only."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import owner_of
from novita_infra.planning.priced import PricedLive


@dataclass(frozen=True, slots=True)
class Orphan(PricedLive):
    """A live object that no state records."""

    perhaps: str = ""
    """The resource that it may belong to: a create of it has no answer yet, and may have made the object."""

    foreign: str = ""
    """The owner that its mark names, in words, where it is another project or environment, or perhaps one."""

    @property
    def owner(self) -> str:
        """Its owner by the owner mark: `project/environment/address`; empty where it carries none."""
        owner = owner_of(self.live.mark)
        return owner.path if owner else self.live.mark.rpartition("/")[0]


def total_per_hour(found: Iterable[Orphan]) -> tuple[Fraction, bool]:
    """The sum of the highest prices in 1/100000 USD, and whether a part of some object has an unknown price."""
    found = list(found)
    return sum((item.per_hour.most for item in found), Fraction(0)), any(item.unknown for item in found)
