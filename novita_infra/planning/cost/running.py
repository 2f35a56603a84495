"""What a run is expected to take and to cost while it happens. Values only; all amounts in 1/100000 USD."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import field

from novita_infra.catalogue.prices import Amount, Cost, rate, unknown
from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.planning.plan.costs import Money, Row
from novita_infra.planning.plan.steps import BRINGING_UP, Step, StepKind, Update


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known about a run before it begins."""

    steps: tuple[Step, ...] = ()
    expected: Mapping[str, float] = field(default_factory=dict)
    """The seconds that each step is expected to take, by its key; none for a step that nothing is known of."""
    cost: Money | None = None
    """What the plan says that each resource costs."""


class RunningCost:
    """The cost per hour of what exists, step by step, at the prices of the plan.

    An object costs from when its id is known until it is deleted or stopped.
    """

    def __init__(self, outlook: Outlook) -> None:
        cost = outlook.cost
        self._rows = {row.address: row for row in cost.rows} if cost else {}
        self._open = Counter(step.address for step in outlook.steps)
        """The number of steps of each resource that are not done."""
        self._old = {step.address for step in outlook.steps if step.action is StepKind.DELETE}
        """The resources whose older object the plan deletes, and has not deleted yet."""
        self._made: set[Address] = set()
        self._deleted: set[Address] = set()
        self._stopped: set[Address] = set()
        self._counted: dict[Address, tuple[Cost, ...]] = {}
        """What is in the sum of each resource."""
        self.amount = Amount()
        """As far as prices are known."""
        self._unknown = 0
        for row in self._rows.values():
            self._count(row.address, row.before)

    @property
    def is_known(self) -> bool:
        """Whether the price of everything that exists is known."""
        return not self._unknown

    def __bool__(self) -> bool:
        """Whether anything of the plan costs."""
        return bool(self._rows)

    def exists(self, step: Step) -> None:
        """The object of the step has an id."""
        if step.action in BRINGING_UP:
            self._made.add(step.address)
        self._recount(step.address)

    def done(self, step: Step) -> None:
        """The step is done."""
        address = step.address
        self._open[address] -= 0 if step.undoes else 1
        if step.action is StepKind.DELETE:
            self._deleted.add(address)
            self._old.discard(address)
            self._made -= {address} if step.undoes else set()
        elif step.action == Update("stop"):
            self._stopped.add(address)
        self.exists(step)

    def _recount(self, address: Address) -> None:
        if row := self._rows.get(address):
            self._count(address, self._costs(row))

    def _costs(self, row: Row) -> tuple[Cost, ...]:
        """What the objects of a resource cost now."""
        address = row.address
        if address in self._made:
            return (*row.after, *(row.before if address in self._old else ()))
        if address in self._deleted:
            return ()
        if address in self._open and self._open[address] <= 0:
            return row.after
        return () if address in self._stopped else row.before

    def _count(self, address: Address, costs: tuple[Cost, ...]) -> None:
        """Counts these costs for the resource, in place of those that were counted."""
        old = self._counted.get(address, ())
        if old != costs:
            self._counted[address] = costs
            self.amount += rate(costs) - rate(old)
            self._unknown += len(unknown(costs)) - len(unknown(old))
