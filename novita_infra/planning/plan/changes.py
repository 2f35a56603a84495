"""The changes of a plan, one for each resource, and its drift. Frozen values, no I/O."""

from __future__ import annotations

import enum
from dataclasses import field

from novita_infra.encoding import text_form
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import Cause, OnDrift
from novita_infra.model.resources import Loss
from novita_infra.model.values import Spec, Value


class Action(enum.Enum):
    """The action of a plan on a resource."""

    NONE = "no-op"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    ADOPT = "adopt"
    """The object of an earlier create without an answer is recorded."""
    RESUME = "resume"
    """The plan waits for a call of an earlier run."""
    FORGET = "forget"
    """The object is already gone; only its record is removed."""
    REFUSED = "refused"
    """The change cannot be made; nothing of the plan can be applied."""

    __hash__ = object.__hash__  # a plan looks up members all the time, and the hash of Enum is written in Python


class Forced(enum.Enum):
    """Why a resource is replaced that could be kept."""

    REQUEST = "request"
    """The command line asked for it."""
    TRIGGER = "trigger"
    """A resource that its `lifecycle.replaceTriggeredBy` names is replaced, or changes."""


class JobEnd(enum.Enum):
    """The end of a job."""

    DONE = "done"
    FAILED = "failed"


class MeansKind(enum.Enum):
    """The way in which a difference is made; the value is the beginning of its text in files and messages."""

    IN_PLACE = ""
    """By a call on the object, in the state alone, or with a new object that something else asks for."""
    REPLACES = "forces replacement: "
    REFUSED = "refused: "
    """It cannot be made."""


@dataclass(frozen=True, slots=True)
class Means:
    """By what a difference in one field is made."""

    kind: MeansKind = MeansKind.IN_PLACE
    words: str = ""
    """The call and its effect (`edit: applied in place`), or the reason."""

    @property
    def text(self) -> str:
        """In one text, for a person and for files: `refused: a storage cannot shrink`."""
        return f"{self.kind.value}{self.words}"

    @classmethod
    def of(cls, text: str) -> Means:
        """The means whose text this is."""
        kind = next((kind for kind in (MeansKind.REPLACES, MeansKind.REFUSED) if text.startswith(kind.value)), None)
        return cls(kind, text.removeprefix(kind.value)) if kind else cls(words=text)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs. A Secret or Digest is shown as `(secret)`, what holds a Ref as `(known after apply)`."""

    name: str
    before: Value
    """None where there was none."""
    after: Value
    means: Means = field(default=Means(), metadata=text_form("means", lambda means: means.text, Means.of))
    """Empty where nothing is made: a create, or drift."""
    replaces: bool = False

    @property
    def refused(self) -> bool:
        """Whether the difference cannot be made."""
        return self.means.kind is MeansKind.REFUSED


@dataclass(frozen=True, slots=True)
class Adopted:
    """A field that keeps another value than the manifest declares, because `onDrift` adopted the drift."""

    name: str
    declared: Value
    """The value in the manifest. A Secret or Digest is shown as `(secret)`, here and in `wanted`."""
    wanted: Value
    """The live value, which is kept."""
    cause: Cause
    """The cause of the drift."""
    place: Origin | None = None
    """Where `onDrift` is declared."""


@dataclass(frozen=True, slots=True)
class Retired:
    """An object that an earlier run replaced and that still exists; the plan deletes it."""

    id: str
    status: str
    loses: tuple[Loss, ...] = ()
    """The data that is lost with it."""


@dataclass(frozen=True, slots=True)
class Change:
    """The change that the plan makes to one resource, and why."""

    address: Address
    action: Action
    id: str = ""
    """The live object's id; empty before a create."""
    fields: tuple[FieldChange, ...] = ()
    why: str = ""
    """The reason, where the fields do not show it: `deleted outside of novita-infra`, `no longer declared`."""
    loses: tuple[Loss, ...] = ()
    """The data that is lost."""
    retires: tuple[Retired, ...] = ()
    """Objects that earlier runs replaced, and that this one deletes."""
    before: Spec = field(default_factory=dict)
    """The spec as it is, secrets as Digests."""
    after: Spec = field(default_factory=dict)
    """The spec as it will be; may hold Refs and Secrets. Empty for a delete."""
    needs: tuple[Address, ...] = ()
    """The resources that it depends on."""
    create_first: bool = False
    """For a replacement: the new object is made before the old one is deleted."""
    forced: Forced | None = None
    """For a replacement that neither the manifest nor the object asks for: what does."""
    unready: bool = False
    """Whether it cannot have been used yet: it is new, or still coming up after an interrupted run."""
    asked: bool = True
    """Whether the manifests or the command line ask for it; False where the change only undoes drift, or follows from
    that."""
    adopted: tuple[Adopted, ...] = ()
    """The fields that keep another value than the manifest declares."""
    job_end: JobEnd | None = None
    """How the object ended, if it is a job that is over: a replacement deletes nothing then."""

    @property
    def leaves_failed(self) -> bool:
        """Whether the plan leaves a job as it is that is over without success."""
        return self.job_end is JobEnd.FAILED and self.action in {Action.NONE, Action.UPDATE}


@dataclass(frozen=True, slots=True)
class Along:
    """A resource that a plan touches, or leaves out, because of another one that the command line names."""

    address: Address
    why: str
    """`instance.trainer needs it`."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A change made outside of novita-infra, to one resource and for one cause."""

    address: Address
    cause: Cause
    on_drift: OnDrift
    id: str = ""
    says: str = ""
    """What happened to it, in words; empty where the cause says everything."""
    by: str = ""
    """The project that did it, as far as that is known."""
    fields: tuple[FieldChange, ...] = ()
    """The fields that differ from the record; secrets are Digests."""
    gone: bool = False
    """Whether the object is gone, or on its way out."""
    before: Spec = field(default_factory=dict)
    """The recorded fields, secrets as Digests."""
    after: Spec = field(default_factory=dict)
    """The same fields with their live values; empty where the object is gone."""
    since: float = 0.0
    """When the record was last brought up to date, in Unix seconds; the drift is younger than that."""
    declared: bool = True
    """Whether the manifest declares the fields. Drift of undeclared fields is reported, and left as it is."""
    place: Origin | None = None
    """Where `onDrift` is declared; None where it is not."""
