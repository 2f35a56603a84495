"""The `lifecycle` block of a resource as a value."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from novita_infra.model.addresses import Address
from novita_infra.model.values import Value


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for a resource, in seconds."""

    create: float
    update: float
    delete: float
    stages: Mapping[str, float] = field(default_factory=dict)
    """How long each stage of coming up may take, by its name: `accept`, `pull`, `ready`."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Something that a resource is made anew after."""

    address: Address
    path: tuple[str, ...] = ()
    """A field of it, or a value inside a field; empty for the object as a whole."""

    def __str__(self) -> str:
        return ".".join((str(self.address), *self.path))


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold before or after the steps of a resource."""

    value: Value
    """What is looked at; may hold Refs, and no secret."""
    schema: Value
    """The JSON Schema that it must fit."""
    message: str
    """What is told where it does not."""


class Cause(enum.Enum):
    """Why an object is no longer as it was left. The values are the words of a manifest."""

    EDITED = "edited"
    """Somebody changed it: the console, another program, another state."""
    DELETED = "deleted"
    """Somebody deleted it, as far as anybody can tell."""
    SPOT_RECLAIM = "spotReclaim"
    MIGRATION = "migration"
    """The platform moves it, or has moved it, to another node."""
    EXPIRED = "expired"
    """Its term is over, or it is frozen."""
    FAILED = "failed"
    ARREARS = "arrears"
    """The account is in arrears."""
    RELEASED = "released"
    """Kept by the platform for a time only, and that time is over."""


class OnDrift(enum.Enum):
    """What becomes of what was changed outside."""

    HEAL = "heal"
    """The plan puts it back."""
    ADOPT = "adopt"
    """It is as wanted, until the manifest says something new of it."""
    ALERT = "alert"
    """It is left as it is, and told every time."""
    IGNORE = "ignore"
    """It is left as it is, and not told."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A part of a spec that is not compared once the object is there."""

    path: tuple[str, ...]
    """A field, and the keys inside it: `env`, `DEBUG`."""
    reason: str = ""
    until: float = 0.0
    """Unix seconds from which on it is compared again; 0 for never."""

    def __str__(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What a manifest says about a resource beside its spec."""

    protect: bool = False
    timeouts: Mapping[str, float] = field(default_factory=dict)
    """Seconds for `create`, `update`, `delete` and the stages of coming up, each replacing the kind's own."""
    create_first: bool = False
    """A replacement is made before the old object is deleted."""
    capacity_wait: float = 0.0
    """Seconds for which a create that finds no capacity is tried again."""
    group: str = ""
    """The group that comes up together or not at all."""
    triggers: tuple[Trigger, ...] = ()
    """It is made anew whenever one of these is, or changes."""
    preconditions: tuple[Condition, ...] = ()
    """What must hold before anything is done to it."""
    postconditions: tuple[Condition, ...] = ()
    """What must hold when all is done to it."""
    on_drift: Mapping[Cause, OnDrift] = field(default_factory=dict)
    """What becomes of what was changed outside, by its cause; of other causes, what the project says."""
    ignored: tuple[Ignored, ...] = ()
    """What is not compared."""
