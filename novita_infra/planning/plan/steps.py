"""The steps of a plan: each is one call of the API, or one edit of the state."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import field
from typing import Final, TypeAlias

from novita_infra.encoding import INLINE, text_form
from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import Check, Condition, Hook
from novita_infra.model.values import Spec, Value


class StepKind(enum.Enum):
    """A step that every resource type knows; the value is its name in files and messages."""

    CREATE = "create"
    DELETE = "delete"
    ADOPT = "adopt"
    """Records the object of an earlier create whose answer was lost."""
    WAIT = "wait"
    """Waits for the end of a call of an earlier run."""
    FORGET = "forget"
    """Removes the record of an object that is gone."""
    RECORD = "record"
    """Changes the record, and nothing in the account."""


@dataclass(frozen=True, slots=True)
class Update:
    """A step that changes the object in place by a call of its resource type."""

    call: str
    """The name of the call, such as `upgrade`."""


StepAction: TypeAlias = StepKind | Update

BRINGING_UP: Final[frozenset[StepAction]] = frozenset({StepKind.CREATE, StepKind.ADOPT, StepKind.WAIT})
"""Steps after which an object exists that did not exist, or was not ready, before."""
WITHOUT_CALL: Final[frozenset[StepAction]] = frozenset(
    {StepKind.ADOPT, StepKind.WAIT, StepKind.FORGET, StepKind.RECORD}
)
"""Steps that change nothing in the account: they wait, or edit the state."""


def action_name(action: StepAction) -> str:
    """The name of the action in files and messages: `create`, or the name of the call."""
    return action.call if isinstance(action, Update) else action.value


def action_named(name: str) -> StepAction:
    """The action of that name: a StepKind, else an Update by the call of that name."""
    return _KINDS.get(name) or Update(name)


_KINDS: Final = {item.value: item for item in StepKind}


@dataclass(frozen=True, slots=True)
class RecordData:
    """What the record of the resource takes over from the manifest when the step is done."""

    needs: tuple[Address, ...] = ()
    """The resources that the object will depend on."""
    source: str = ""
    """The manifest file."""
    protect: bool = False
    delete_hooks: bool = False
    """Whether it declares hooks `onDelete`."""
    labels: Mapping[str, str] = field(default_factory=dict)
    remains: bool = False
    """Of a delete: whether the record outlives the object, so that no later plan creates it again."""


@dataclass(frozen=True, slots=True)
class StepLimits:
    """How long a step may take."""

    timeout: float = 0.0
    """Seconds for the whole step; 0 for a step that takes no time."""
    stages: Mapping[str, float] = field(default_factory=dict)
    """Seconds for each stage of coming up, by its name."""
    capacity_wait: float = 0.0
    """Seconds for which a create that finds no capacity is sent again."""


@dataclass(frozen=True, slots=True)
class StepConditions:
    """What must hold of the values around a step, and which steps before it may fail."""

    requires: tuple[Condition, ...] = ()
    """Checked right before the step: its values were not known when the plan was made."""
    ensures: tuple[Condition, ...] = ()
    """Checked when the step is done."""
    check: Check | None = None
    """What the object is asked when the step is done."""
    hooks: tuple[Hook, ...] = ()
    """The programs of the user that run in the step: after a create, when the object is ready, before a delete."""
    helped_by: tuple[str, ...] = ()
    """Those of the steps before it that only help: it is waited for their ends, whether they succeed or not."""

    def __bool__(self) -> bool:
        return bool(self.requires or self.ensures)


@dataclass(frozen=True, slots=True)
class Step:
    """The smallest unit of an apply: one call and the wait for its end, or one edit of the state.

    In JSON the members of `record`, `limits` and `conditions` stand among the others, and the action is a text under
    `call`.
    """

    key: str
    """Unique in the plan: `instance.trainer/upgrade`."""
    address: Address
    action: StepAction = field(metadata=text_form("call", action_name, action_named))
    id: str = ""
    """The object that it is about, where it is known; a delete always names the id it deletes."""
    gone: str = ""
    """For a create or a delete, the id in the record, where that object is known to be gone."""
    spec: Spec = field(default_factory=dict)
    """The whole declared spec that the object shall have; may hold Refs and Secrets."""
    after: tuple[str, ...] = ()
    """The keys of the steps that must have succeeded before, but for those that only help (`helped_by`)."""
    fields: tuple[str, ...] = ()
    """The fields that the call changes."""
    says: str = ""
    """What the step does to the object, for a person."""
    record: RecordData = field(default_factory=RecordData, metadata=INLINE)
    limits: StepLimits = field(default_factory=StepLimits, metadata=INLINE)
    conditions: StepConditions = field(default_factory=StepConditions, metadata=INLINE)
    group: str = ""
    """The group that comes up together or not at all; empty for none."""
    rollout: str = ""
    """The rollout in which it has its turn; empty for none."""
    undoes: bool = False
    """Of a delete: whether the object was made by the run that deletes it."""

    @property
    def call_name(self) -> str:
        """The name of the action in files and messages: `create`, or the name of the call."""
        return action_name(self.action)

    @property
    def may_be_secret(self) -> Value:
        """All that may hold secrets: the spec, and the token of the check."""
        return [dict(self.spec), self.conditions.check.token if self.conditions.check else None]
