"""What a plan is made of: changes for the person, steps for the applier. Frozen values, no I/O."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.planning.plan.changes import Action, Along, Change, Drift
from novita_infra.planning.plan.costs import Money
from novita_infra.planning.plan.steps import Step, Update
from novita_infra.planning.plan.verdicts import Judgement


class OnFailure(enum.Enum):
    """What becomes of what a run made of a group when a part of it fails."""

    ROLLBACK = "rollback"
    KEEP = "keep"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Basis:
    """What the plan was made from, to be able to tell later that it moved."""

    lineage: str
    serial: int
    config: str = ""
    """Digest of what the manifests declare."""
    declared: Mapping[str, str] = field(default_factory=dict)
    """Digest of what they declare of each resource, by address. What was live stands in the changes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What `apply` would do: made once, shown and then walked."""

    project: str
    environment: str
    changes: tuple[Change, ...]
    """One for each resource declared or on record, those without a change included, sorted by address."""
    steps: tuple[Step, ...]
    """In an order in which they could be done one by one."""
    basis: Basis
    destroys: bool = False
    """Made by `destroy` or `plan --destroy`."""
    outputs: Mapping[str, Value] = field(default_factory=dict)
    """The project's outputs, may hold Refs and Secrets."""
    outputs_wanted: Mapping[str, Value] = field(default_factory=dict)
    """The outputs as declared; what they refer to is read after the walk, for a change may have moved an address."""
    outputs_before: Mapping[str, Value] = field(default_factory=dict)
    """The outputs on record, secrets as Digests."""
    outputs_changed: tuple[str, ...] = ()
    """The names of the outputs that come, go or differ."""
    groups: Mapping[str, OnFailure] = field(default_factory=dict)
    """What becomes of a group that fails; `rollback` for those that are not named."""
    drift: tuple[Drift, ...] = ()
    """What was changed outside, sorted by address; what is to be ignored is left out."""
    follows: bool = False
    """Made to bring the books up to date with what is live, and for nothing else."""
    unread: Mapping[str, float] = field(default_factory=dict)
    """By address of what was not read (`--refresh`), when the books last learned of it, in Unix seconds."""
    partial: bool = False
    """Made for some of the resources only (targets, or one manifest file); the outputs are left as they are."""
    problems: tuple[Diagnostic, ...] = ()
    """Why it cannot be applied (a refused change, a protected resource); empty for a plan that can."""
    notes: tuple[Diagnostic, ...] = ()
    """What a person should know although nothing is done about it."""
    code: int = 0
    """The exit code that the problems ask for."""
    policies: tuple[Judgement, ...] = ()
    """What the policies say of it; what they deny is among the problems, what they warn of among the notes."""
    along: tuple[Along, ...] = ()
    """What is done beside the targets, because of them."""
    left: tuple[Along, ...] = ()
    """What would be done and is left out: what was excluded, and what cannot be done without it."""
    allowed: tuple[str, ...] = ()
    """The addresses, or patterns of them, whose data may be lost."""
    large_change: bool = False
    """Whether more than the project's limit may be deleted and replaced."""
    money: Money | None = None
    """What it costs, before and after."""
    bookkeeping: tuple[Record, ...] = ()
    """Records that an apply brings up to date without any call; never shown."""

    @property
    def detours(self) -> Mapping[Address, tuple[Step, ...]]:
        """The calls that no field asks for, by address: what is stopped is started for others, and stopped again."""
        found: dict[Address, tuple[Step, ...]] = {}
        for step in self.steps:
            if not step.fields and isinstance(step.action, Update):
                found[step.address] = (*found.get(step.address, ()), step)
        return found

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps and not self.problems and not self.outputs_changed

    @property
    def drift_only(self) -> bool:
        """Whether something was changed outside, and the manifests and the command line ask for nothing."""
        return bool(self.drift) and not any(change.asked for change in self.changes if change.action is not Action.NONE)
