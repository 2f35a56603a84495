"""What the walk needs of a plan, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from novita_infra.applying.events import Ended
from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.planning.plan.plan import OnFailure, Plan
from novita_infra.planning.plan.rollouts import Rollout
from novita_infra.planning.plan.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkInput:
    """Steps to perform, and how to end."""

    steps: tuple[Step, ...]
    """In an order in which they could be done one by one."""
    record_updates: tuple[Record, ...] = ()
    """Records to put before the first step."""
    groups: Mapping[str, OnFailure] = field(default_factory=dict)
    """What is done with a group that fails; `rollback` for groups that are not named."""
    rollouts: tuple[Rollout, ...] = ()
    """The fleets whose members are taken down a few at a time."""
    unready: frozenset[Address] = frozenset()
    """The resources whose object does not exist, or has never been ready, before the walk."""
    outputs: Mapping[str, Value] = field(default_factory=dict)
    """The project's outputs as declared; their references are resolved after the last step."""
    parallelism: int | None = None
    """The most steps under way, from the call of each until its object is ready; None for no limit."""

    @classmethod
    def of(cls, plan: Plan, *, parallelism: int | None = None) -> WalkInput:
        """The input that performs the whole plan."""
        return cls(
            parallelism=parallelism,
            steps=plan.steps,
            record_updates=plan.record_updates,
            groups=plan.groups,
            rollouts=plan.rollouts,
            unready=frozenset(change.address for change in plan.changes if change.unready),
            outputs=plan.outputs.declared,
        )


@dataclass(frozen=True, slots=True)
class WalkResult:
    """How the steps ended."""

    ends: tuple[Ended, ...]
    """One for each step, in the order of the input; then those of the rollback."""
    outputs: Mapping[str, Value] | None
    """The values of the project's outputs; None if they could not be read."""
    interrupted: bool
