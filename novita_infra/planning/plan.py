"""What a plan is made of: changes for the person, steps for the applier. Frozen values, no I/O."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from novita_infra.diagnostics import Diagnostic
from novita_infra.planning.money import Money
from novita_infra.planning.verdicts import Judgement
from novita_infra.resources import Address, Cause, Condition, Loss, OnDrift, Origin, Record, Spec, Value

_OF_THEMSELVES: Final = frozenset({"create", "delete", "adopt", "wait", "forget", "record"})
"""Steps that change no field by name."""
BRINGING_UP: Final = frozenset({"create", "adopt", "wait"})
"""Steps after which an object is there that was not, or not yet, there before."""


class Action(enum.Enum):
    """What happens to a resource."""

    NONE = "no-op"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    ADOPT = "adopt"
    """An object that an earlier, unanswered create made is taken into the books."""
    RESUME = "resume"
    """A call that an earlier run made is waited for."""
    FORGET = "forget"
    """The object is already gone; only its record goes."""
    REFUSED = "refused"
    """The change cannot be had; nothing of the plan can be applied."""


class Forced(enum.Enum):
    """Why something is replaced that could stay as it is."""

    REQUEST = "request"
    """The command line asked for it."""
    TRIGGER = "trigger"
    """What its `lifecycle.replaceTriggeredBy` names is replaced, or changes."""


class OnFailure(enum.Enum):
    """What becomes of what a run made of a group when a part of it fails."""

    ROLLBACK = "rollback"
    KEEP = "keep"
    STOP = "stop"


REFUSED: Final = "refused: "
"""How the means of a change begins that nothing makes."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs. A Secret or Digest is shown as `(secret)`, what holds a Ref as `(known after apply)`."""

    name: str
    before: Value
    """None where there was none."""
    after: Value
    means: str
    """By what it is made: `edit: applied in place`, or `forces replacement: ...`, or `refused: ...`."""
    replaces: bool = False

    @property
    def refused(self) -> bool:
        """Whether nothing makes it."""
        return self.means.startswith(REFUSED)


@dataclass(frozen=True, slots=True)
class Adopted:
    """A field that stays other than the manifest has it, because `onDrift` adopted what somebody made of it."""

    name: str
    declared: Value
    """As the manifest has it. A Secret or Digest is shown as `(secret)`, here and in what is wanted."""
    wanted: Value
    """As it is, and stays."""
    cause: Cause
    """Why it was other than it was left."""
    place: Origin | None = None
    """Where `onDrift` stands."""


@dataclass(frozen=True, slots=True)
class Retired:
    """An object that the resource's own one replaced and that is still there; the plan deletes it."""

    id: str
    status: str
    loses: tuple[Loss, ...] = ()
    """The data that vanishes with it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What the plan does to one resource, and why."""

    address: Address
    action: Action
    id: str = ""
    """The live object's id; empty before a create."""
    fields: tuple[FieldChange, ...] = ()
    why: str = ""
    """The reason, where it is not plain from the fields: `deleted outside of novita-infra`, `no longer declared`."""
    loses: tuple[Loss, ...] = ()
    """The data that vanishes."""
    retires: tuple[Retired, ...] = ()
    """What it replaced in an earlier run, and is deleted in this one."""
    before: Spec = field(default_factory=dict)
    """The spec as it is, secrets as Digests."""
    after: Spec = field(default_factory=dict)
    """The spec as it will be; may hold Refs and Secrets. Empty for a delete."""
    needs: tuple[Address, ...] = ()
    """The resources that it depends on."""
    create_first: bool = False
    """For a replacement: the new object is made before the old one is deleted."""
    forced: Forced | None = None
    """For a replacement that neither the manifest nor the object asks for: who does."""
    unready: bool = False
    """Whether nobody can have used it yet: it is new, or still coming up after an earlier run that was cut off."""
    asked: bool = True
    """Whether the manifests or the command line ask for it; not where it only puts back what was changed outside, or
    follows from that."""
    adopted: tuple[Adopted, ...] = ()
    """The fields that stay other than the manifest has them."""


@dataclass(frozen=True, slots=True)
class Along:
    """Something that a plan touches, or leaves out, because of something else that was named."""

    address: Address
    why: str
    """`instance.trainer needs it`."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What was changed outside, of one resource and for one cause."""

    address: Address
    cause: Cause
    on_drift: OnDrift
    id: str = ""
    says: str = ""
    """What befell it, in words; empty where the cause says all."""
    by: str = ""
    """Who did it, as far as that is known."""
    fields: tuple[FieldChange, ...] = ()
    """What is other than it was left; secrets are Digests."""
    gone: bool = False
    """Whether the object is gone, or on its way out."""
    before: Spec = field(default_factory=dict)
    """The fields as the books have them, secrets as Digests."""
    after: Spec = field(default_factory=dict)
    """The same fields as they are; empty where it is gone."""
    since: float = 0.0
    """When the books last learned of it, in Unix seconds: it was changed after that."""
    declared: bool = True
    """Whether the manifest says anything of it; what it does not is told, and left as it is."""
    place: Origin | None = None
    """Where it stands what becomes of it; None where nothing is said."""


@dataclass(frozen=True, slots=True)
class Step:
    """The smallest thing that happens: one call, and the wait for its end."""

    key: str
    """Unique in the plan: `instance.trainer/upgrade`."""
    address: Address
    call: str
    """`create`, `delete`, a name from the kind's calls; or `adopt`, `wait`, `forget`, `record`."""
    id: str = ""
    """The object that it is about, where it is known; a delete always names the id it deletes."""
    gone: str = ""
    """For a create or a delete, the object on record, where that is known to be gone."""
    spec: Spec = field(default_factory=dict)
    """The whole declared spec that the object shall have; may hold Refs and Secrets."""
    after: tuple[str, ...] = ()
    """The keys of the steps that must have succeeded before."""
    fields: tuple[str, ...] = ()
    """The fields that the call changes."""
    says: str = ""
    needs: tuple[Address, ...] = ()
    """The resources that the object will depend on, for its record."""
    source: str = ""
    """The manifest file, for its record."""
    protect: bool = False
    timeout: float = 0.0
    """Seconds for the whole step."""
    stages: Mapping[str, float] = field(default_factory=dict)
    """Seconds for each stage of coming up, by its name."""
    capacity_wait: float = 0.0
    """Seconds for which a create that finds no capacity is tried again."""
    group: str = ""
    """The group that comes up together or not at all; empty for none."""
    undoes: bool = False
    """Of a delete: whether the object was made by the run that deletes it."""
    requires: tuple[Condition, ...] = ()
    """What must hold right before it, as far as it could not be told when the plan was made."""
    ensures: tuple[Condition, ...] = ()
    """What must hold when it is done."""


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
            if not step.fields and step.call not in _OF_THEMSELVES:
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
