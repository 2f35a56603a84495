"""What a plan changes, resource by resource."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Final

from novita_infra.model.addresses import Address, Origin
from novita_infra.model.lifecycle import Cause, OnDrift
from novita_infra.model.resources import Loss
from novita_infra.model.values import Spec, Value


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
