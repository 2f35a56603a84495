"""The `lifecycle` block of a resource as a value."""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from pathlib import PurePath
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Value


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The longest waits for a resource, in seconds."""

    create: float
    update: float
    delete: float
    stages: Mapping[str, float] = field(default_factory=dict)
    """The longest time of each stage of a start, by its name: `accept`, `pull`, `ready`."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """An object or value whose change replaces the resource."""

    address: Address
    path: tuple[str, ...] = ()
    """A field, or a value inside a field; empty for the whole object."""

    def __str__(self) -> str:
        return ".".join((str(self.address), *self.path))


@dataclass(frozen=True, slots=True)
class Condition:
    """A check before or after the steps of a resource."""

    value: Value
    """The value that is checked; may hold Refs, and no secret."""
    schema: Value
    """The JSON Schema that the value must match."""
    message: str
    """The message if it does not."""

    def __str__(self) -> str:
        """The message on one line: a manifest may write it on several."""
        return " ".join(self.message.split())


@dataclass(frozen=True, slots=True)
class Check:
    """What an apply asks a new or changed object at its end, and what the answer must be."""

    type: str
    """`http`, `chat`, `completion`, `embedding`, `queue` or `minSucceeded`."""
    asked: Mapping[str, Value] = field(default_factory=dict)
    """What is asked and expected, by the names in a manifest: `path`, `status`, `model`, `contains`. No secret."""
    timeout: float = 60.0
    """Seconds for each attempt."""
    retries: int = 5
    """How often it is asked again after an answer that fails the check."""
    interval: float = 10.0
    """Seconds between two attempts."""
    token: Value = field(default=None, repr=False)
    """The secret that the program asks for as its key, and that nobody else gets; None if it asks for none."""

    @property
    def digest(self) -> str:
        """A digest of what is asked and expected, for the record of an object that has passed."""
        text = json.dumps([self.type, dict(self.asked)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def __str__(self) -> str:
        asked = self.asked
        if self.type == MIN_SUCCEEDED:
            return f"at least {asked.get(MIN_SUCCEEDED)} of its requests must succeed"
        contains = f" with a text that contains {json.dumps(asked['contains'])}" if asked.get("contains") else ""
        match self.type:
            case "http":
                return f"GET {asked.get('path')} must answer {asked.get('status', 200)}{contains}"
            case "queue":
                return f"the queue must have at least {asked.get('workers', 0)} workers that are up"
        return f"{_CALLED.get(self.type, self.type)} of {asked.get('model')} must be answered{contains}"


MIN_SUCCEEDED: Final = "minSucceeded"
"""The check of the counts of a job that is over: the fewest requests, or the part of them, that must have succeeded."""
_CALLED: Final = {"chat": "a chat", "completion": "a completion", "embedding": "an embedding"}


class Cause(enum.Enum):
    """The cause of drift. The values are the words of a manifest."""

    EDITED = "edited"
    """Changed outside of novita-infra: by the console, another program or another state."""
    DELETED = "deleted"
    """Deleted outside of novita-infra, as far as the API shows."""
    SPOT_RECLAIM = "spotReclaim"
    MIGRATION = "migration"
    """The platform moves or moved the object to another node."""
    EXPIRED = "expired"
    """The paid term has ended, or the object is frozen."""
    FAILED = "failed"
    ARREARS = "arrears"
    """The account is in arrears."""
    RELEASED = "released"
    """The platform keeps the object for a limited time, and that time has ended."""


class OnDrift(enum.Enum):
    """The response to drift."""

    HEAL = "heal"
    """The plan restores the declared value."""
    ADOPT = "adopt"
    """The live value counts as desired until the manifest declares another one."""
    ALERT = "alert"
    """The live value remains, and every plan reports it."""
    IGNORE = "ignore"
    """The live value remains, and no plan reports it."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A part of a spec that is not compared after the object was created."""

    path: tuple[str, ...]
    """A field and the keys inside it: `env`, `DEBUG`."""
    reason: str = ""
    until: float = 0.0
    """The time from which it is compared again, in Unix seconds; 0 for never."""
    lacking: bool = False
    """Whether it is not compared because a variable or a secret in it is not set."""

    def __str__(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class RolloutRules:
    """How many members of a fleet a plan takes down at one time, and in which order."""

    max_unavailable: int = 1
    """The most members that are down at one time."""
    percent: bool = False
    """Whether `max_unavailable` is a percentage of the members, rounded down to one at least."""
    in_order: bool = False
    """Whether the members follow one another as the manifest lists their keys."""
    pause: float = 0.0
    """Seconds from the moment when a member is ready again until the next one is taken down."""

    def limit(self, members: int) -> int:
        """The most of so many members that are down at one time."""
        return max(1, members * self.max_unavailable // 100) if self.percent else self.max_unavailable


class HookEvent(enum.Enum):
    """When a hook runs. The values are the words of a manifest."""

    BEFORE_PLAN = "beforePlan"
    AFTER_PLAN = "afterPlan"
    BEFORE_APPLY = "beforeApply"
    AFTER_APPLY = "afterApply"
    ON_CREATE = "onCreate"
    """The create of an object was answered, and its id is on disk; it may still be coming up."""
    ON_READY = "onReady"
    """An object is ready that was created or started."""
    ON_DELETE = "onDelete"
    """The call that deletes an object is about to be sent."""


OF_PROJECT: Final = (HookEvent.BEFORE_PLAN, HookEvent.AFTER_PLAN, HookEvent.BEFORE_APPLY, HookEvent.AFTER_APPLY)
"""The events of the hooks of a project."""
OF_RESOURCE: Final = (HookEvent.ON_CREATE, HookEvent.ON_READY, HookEvent.ON_DELETE)
"""The events of the hooks of a resource."""


_INTERPRETERS: Final = frozenset({"bash", "node", "perl", "python", "ruby", "sh"})
"""Programs that run the file which is their first argument."""


class OnHookFailure(enum.Enum):
    """What the failure of a hook means. The values are the words of a manifest."""

    STOP = "stop"
    """What it belongs to fails: the command, or the step of the resource."""
    WARN = "warn"
    """It is reported at the end, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A program of the user that runs at an event."""

    event: HookEvent
    words: tuple[str, ...]
    """The program and its arguments. There is no shell."""
    timeout: float = 60.0
    """Seconds after which it is ended, and counts as failed."""
    on_failure: OnHookFailure = OnHookFailure.STOP

    @property
    def name(self) -> str:
        """The name of the program, for messages: `save.sh` of `hooks/save.sh`, and of `sh hooks/save.sh`."""
        program, file = (*(PurePath(word).name for word in self.words[:2]), "")[:2]
        runs_file = program.rstrip("0123456789.") in _INTERPRETERS and file and not self.words[1].startswith("-")
        return file if runs_file else program

    def __str__(self) -> str:
        """The event and the program: `onReady register.sh`."""
        return f"{self.event.value} {self.name}"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The `lifecycle` block of one resource."""

    protect: bool = False
    timeouts: Mapping[str, float] = field(default_factory=dict)
    """Seconds for `create`, `update`, `delete` and the stages of a start; each replaces the default of the kind."""
    create_first: bool = False
    """Whether a replacement is created before the old object is deleted."""
    capacity_wait: float = 0.0
    """Seconds during which a create without capacity is repeated."""
    group: str = ""
    """The group whose resources are created all together or not at all."""
    triggers: tuple[Trigger, ...] = ()
    """The resource is replaced when one of these is replaced or changes."""
    preconditions: tuple[Condition, ...] = ()
    """Checks before the first step of the resource."""
    postconditions: tuple[Condition, ...] = ()
    """Checks after the last step of the resource."""
    on_drift: Mapping[Cause, OnDrift] = field(default_factory=dict)
    """The response to drift by its cause; for other causes that of the project."""
    ignored: tuple[Ignored, ...] = ()
    """The parts of the spec that are not compared."""
    rollout: RolloutRules | None = None
    """How the members of its fleet are changed one after another; None where all are changed at once."""
    rank: int = 0
    """Its place in the order of the manifests, among the resources that have a rollout."""
    hooks: tuple[Hook, ...] = ()
    """The programs that run when its object is created, ready or about to be deleted."""

    @property
    def has_delete_hooks(self) -> bool:
        """Whether a program runs before its object is deleted."""
        return any(hook.event is HookEvent.ON_DELETE for hook in self.hooks)
