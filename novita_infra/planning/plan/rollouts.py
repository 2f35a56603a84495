"""The rollouts of a plan: fleets whose members are taken down a few at a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from novita_infra.model.addresses import Address
from novita_infra.model.durations import duration_text
from novita_infra.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Rollout:
    """The changes that take members of one fleet down."""

    name: str
    """The fleet: `instance.worker`, or `group training`."""
    members: int
    """How many members are declared."""
    limit: int
    """The most members that are down at one time."""
    order: tuple[Address, ...] = ()
    """The members that the plan takes down, each in its turn."""
    down: tuple[Address, ...] = ()
    """The members that are down already, and that the plan brings up: they count from the beginning."""
    left_down: tuple[Address, ...] = ()
    """The members that an interrupted rollout has taken down, and that the plan leaves alone: they count all the time.
    """
    changed: tuple[Address, ...] = ()
    """The members that earlier runs of the rollout have changed: the pause after them counts."""
    in_order: bool = False
    """Whether each member of `order` waits for its turn. Otherwise the first one that can begin does."""
    kept: bool = True
    """Whether an order of the steps keeps it; no plan is applied with a rollout that none keeps."""
    pause: float = 0.0
    """Seconds from the moment when a member is ready again until the next one is taken down."""

    def part(self, members: Collection[Address]) -> Rollout:
        """The rollout without the changes of other members; those of them that are down are left so."""
        down = tuple(address for address in self.down if address in members)
        others = tuple(address for address in self.down if address not in members)
        order = tuple(address for address in self.order if address in members)
        return replace(self, order=order, down=down, left_down=(*self.left_down, *others))

    def __str__(self) -> str:
        """The pace, for a person: `3 of 8 at a time, in order, 30s after each`."""
        pace = f"{min(self.limit, self.members):,} of {self.members:,} at a time"
        in_order = ", in order" if self.in_order else ""
        return f"{pace}{in_order}{f', {duration_text(self.pause)} after each' if self.pause else ''}"
