"""Everything that a plan is made from, as it was seen before. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from novita_infra.catalogue.products import Catalogue
from novita_infra.kinds.kind import Circumstances, Kind
from novita_infra.model.addresses import Address
from novita_infra.model.resources import Declared, Existing, Live
from novita_infra.model.rules import Rules
from novita_infra.model.values import Value
from novita_infra.planning.options import PlanOptions, Refresh
from novita_infra.planning.plan.plan import OnFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """Everything that a plan is made from."""

    project: str
    environment: str
    declared: tuple[Declared, ...]
    found: Mapping[Address, Existing]
    """By address, for every record."""
    unknown: Mapping[str, tuple[Live, ...]] = field(default_factory=dict)
    """By prefix of each kind whose list was read, its live objects that no record knows."""
    kinds: Mapping[str, Kind]
    catalogue: Catalogue = Catalogue()
    key: str
    """The hex key of the digests that stand for secrets."""
    lineage: str
    serial: int
    outputs: Mapping[str, Value] = field(default_factory=dict)
    outputs_before: Mapping[str, Value] = field(default_factory=dict)
    groups: Mapping[str, OnFailure] = field(default_factory=dict)
    scope: str = ""
    """A manifest file: records of other files are left alone. Empty for the whole project."""
    asked: PlanOptions = PlanOptions()
    rules: Rules = Rules()
    now: float = 0.0
    """Unix seconds when reading began; the planner itself looks at no clock."""
    circumstances: Circumstances = Circumstances(0.0)  # noqa: RUF009 -- a frozen value
    """What may say what befell an object, beside the object itself."""
    unread: Mapping[Address, float] = field(default_factory=dict)
    """Of what stands in `found` as the books have it, when they last learned of it, in Unix seconds."""

    @property
    def partial(self) -> bool:
        """Whether the plan is about some of the resources only."""
        return bool(self.asked.targets or self.asked.excludes or self.scope or self.asked.refresh is Refresh.ONLY)
