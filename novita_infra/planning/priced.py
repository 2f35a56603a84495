"""Live objects with their price and use. Values only."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from typing import TypeVar

from novita_infra.account.metrics import GpuUse
from novita_infra.catalogue.prices import Amount, Cost, rate, unknown
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Live


@dataclass(frozen=True, slots=True)
class PricedLive:
    """A live object, with what it costs and when it was used."""

    kind: str
    """The address prefix of its kind."""
    live: Live
    costs: tuple[Cost, ...] = ()
    use: GpuUse | None = None
    """The use of its GPUs; None where nothing is measured."""
    unread: bool = False
    """Whether its age and its use were not read, because that takes calls of its own."""

    @property
    def per_hour(self) -> Amount:
        """In 1/100000 USD; parts with an unknown price are left out."""
        return _rate(self.costs)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The parts whose price is not known."""
        return unknown(self.costs)


@lru_cache(maxsize=1024)
def _rate(costs: tuple[Cost, ...]) -> Amount:
    """Most objects of an account cost what another one does, and each is asked for it several times."""
    return rate(costs)


PricedT = TypeVar("PricedT", bound=PricedLive)


def dearest_first(found: Iterable[PricedT]) -> list[PricedT]:
    """The objects by price per hour, highest first; then those with an unknown price, then by type, name and id."""

    def order(item: PricedT) -> tuple[Fraction, bool, str, str, str]:
        return -item.per_hour.most, not item.unknown, item.kind, item.live.name, item.live.id

    return sorted(found, key=order)


@dataclass(frozen=True, slots=True)
class RentedMachine(PricedLive):
    """An object that runs programs, as an account has it now."""

    address: str = ""
    """Its address, with the environment where several are meant; empty where no state records it."""
    environment: str = ""
    """The environment of the state that records it."""
    product: str = ""
    place: str = ""
    reason: str = ""
    """Why it does not run, or what is wrong with it, for a person."""

    @property
    def title(self) -> str:
        """What a table calls it: its address, else its id and its name."""
        return self.address or (f"{self.live.id} ({self.live.name})" if self.live.name else self.live.id)
