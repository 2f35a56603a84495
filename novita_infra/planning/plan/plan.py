"""A plan: changes for the person, steps for the applier. Frozen values, no I/O."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import field

from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.model.refactoring import StateEdits
from novita_infra.model.values import Value
from novita_infra.planning.plan.changes import Action, Along, Change, Drift
from novita_infra.planning.plan.rollouts import Rollout
from novita_infra.planning.plan.steps import Step, Update


class OnFailure(enum.Enum):
    """The response to the failure of a part of a group: what is done with the objects that the run made of it."""

    ROLLBACK = "rollback"
    KEEP = "keep"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Basis:
    """The version of the state that the plan was made from, to tell later whether the state has changed."""

    lineage: str
    serial: int


@dataclass(frozen=True, slots=True)
class OutputChanges:
    """The project's outputs before and after the plan."""

    after: Mapping[str, Value] = field(default_factory=dict)
    """The outputs as far as they are known; may hold Refs and Secrets."""
    declared: Mapping[str, Value] = field(default_factory=dict)
    """The outputs as declared; their references are resolved after the walk, for a change may have moved an address."""
    before: Mapping[str, Value] = field(default_factory=dict)
    """The outputs in the state, secrets as Digests."""
    changed: tuple[str, ...] = ()
    """The names of the outputs that are added, removed or different."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The selection and the permissions of the command line."""

    partial: bool = False
    """Made for some of the resources only (targets, or one manifest file); the outputs are left as they are."""
    along: tuple[Along, ...] = ()
    """Done beside the targets, because of them."""
    left_out: tuple[Along, ...] = ()
    """Would be done and is left out: the excluded resources, and those that cannot be done without them."""
    data_loss: tuple[str, ...] = ()
    """The addresses, or patterns of them, whose data may be lost."""
    large_change: bool = False
    """Whether more resources than the project's limit may be deleted and replaced."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan of what `apply` does: made once, shown and then walked. `Review` holds what is said about it."""

    project: str
    environment: str
    changes: tuple[Change, ...]
    """One for each resource declared or recorded, those without a change included, sorted by address."""
    steps: tuple[Step, ...]
    """In an order in which they could be done one by one."""
    basis: Basis
    destroys: bool = False
    """Made by `destroy` or `plan --destroy`."""
    outputs: OutputChanges = OutputChanges()
    groups: Mapping[str, OnFailure] = field(default_factory=dict)
    """What is done with a group that fails; `rollback` for groups that are not named."""
    rollouts: tuple[Rollout, ...] = ()
    """The fleets whose members are taken down a few at a time."""
    drift: tuple[Drift, ...] = ()
    """What was changed outside of novita-infra, sorted by address; ignored drift is left out."""
    refresh_only: bool = False
    """Made only to bring the state up to date with the live objects."""
    unread: Mapping[str, float] = field(default_factory=dict)
    """By address of each resource that was not read (`--refresh`), when it was last read, in Unix seconds."""
    selection: Selection = Selection()
    record_updates: tuple[Record, ...] = ()
    """Records that an apply brings up to date without any call; never shown."""
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The labels of each resource that has any, by its address: as declared, else as recorded."""
    edits: StateEdits = StateEdits()
    """What the refactorings of the project change in the state before the first step."""

    @property
    def detours(self) -> Mapping[Address, tuple[Step, ...]]:
        """By address, the calls that no field asks for: a stopped object is started for others, and stopped again."""
        detours: dict[Address, tuple[Step, ...]] = {}
        for step in self.steps:
            if not step.fields and isinstance(step.action, Update):
                detours[step.address] = (*detours.get(step.address, ()), step)
        return detours

    @property
    def helped(self) -> Mapping[Address, tuple[Address, ...]]:
        """By address, the resources that prepare something for it: it waits for them, and does not need them."""
        of = {step.key: step.address for step in self.steps}
        helped = {step.address: [of[key] for key in step.conditions.helped_by if key in of] for step in self.steps}
        return {address: tuple(others) for address, others in helped.items() if others}

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do. A plan with a refused change has no steps, so look at `Review.empty`."""
        return not self.steps and not self.outputs.changed and not self.edits.imported

    @property
    def drift_only(self) -> bool:
        """Whether there is drift, and neither the manifests nor the command line ask for a change."""
        return bool(self.drift) and not any(change.asked for change in self.changes if change.action is not Action.NONE)
