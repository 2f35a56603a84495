"""Events of the apply loop. An event is emitted only after what it reports is on disk."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TypeAlias

from novita_infra.hooks.failures import FailedHook
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Phase
from novita_infra.planning.plan.changes import Change
from novita_infra.planning.plan.costs import Money
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.steps import Step
from novita_infra.state.state import AuditHead


class Outcome(enum.Enum):
    """How a step ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """A step before it failed, or the run was interrupted before it began."""
    MOVING = "moving"
    """Interrupted during the wait: the call was made, and its end is not known yet."""


@dataclass(frozen=True, slots=True)
class Started:
    """A step begins."""

    step: Step


@dataclass(frozen=True, slots=True)
class Identified:
    """The id of a created or adopted object is on disk."""

    step: Step
    id: str


@dataclass(frozen=True, slots=True)
class Progressed:
    """The object is in another phase or status during the wait, or there is a note about it."""

    step: Step
    id: str
    phase: Phase
    status: str
    elapsed: float
    """Seconds since the step began."""
    note: str = ""
    """A message for a person, such as that a call is sent again."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A step is over; its record is on disk."""

    step: Step
    outcome: Outcome
    id: str = ""
    elapsed: float = 0.0
    """Seconds since the step began."""
    reason: str = ""
    """Why it failed or was skipped: the call, the API's reason, and what to do."""
    code: int = 0
    """The exit code that a failure asks for; 0 for that of any error."""
    log: tuple[str, ...] = ()
    """The last lines of the log of a failed object, without secrets."""
    errors: tuple[str, ...] = ()
    """The commonest errors of the parts of a job that is over, without secrets."""
    settled: bool = False
    """Whether it is a job that is over without success: the next run does not run it again."""
    undone: bool = False
    """Whether the object that it made was deleted again with its group."""


Event: TypeAlias = Started | Identified | Progressed | Ended
Listener: TypeAlias = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a run."""

    ends: tuple[Ended, ...]
    """One for each step, in the order of the plan; then those of the rollback."""
    changes: tuple[Change, ...]
    """The changes that the run was to make."""
    cost: Money | None = None
    """What the changes cost, before and after; None if that is not known."""
    destroys: bool = False
    """Whether the run was to destroy."""
    empty: bool = False
    """Whether there was nothing to do."""
    interrupted: bool = False
    imported: int = 0
    """How many objects were imported."""
    title: str = ""
    """What the run is called, if it is neither an apply nor a destroy: `Stop`."""
    failed_hooks: tuple[FailedHook, ...] = ()
    """The hooks that failed without a step that failed with them."""
    awaited: bool = True
    """Whether the effects of the calls were waited for."""
    audit: AuditHead = AuditHead()
    """The end of the audit log after the run."""

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.title or ("Destroy" if self.destroys else "Apply")

    @classmethod
    def of(cls, plan: Plan, ends: tuple[Ended, ...], *, cost: Money | None = None, interrupted: bool = False) -> Result:
        """The result of applying the plan."""
        imported = len(plan.edits.imported)
        return cls(ends, plan.changes, cost, plan.destroys, plan.empty, interrupted, imported)

    def count(self, outcome: Outcome) -> int:
        """How many steps have this outcome."""
        return sum(end.outcome is outcome for end in self.ends)

    @property
    def settled(self) -> bool:
        """Whether nothing is left that another run continues: what is not done are jobs that are over."""
        return not self.interrupted and all(end.settled or end.outcome is Outcome.DONE for end in self.ends)

    @property
    def failed_before(self) -> tuple[Change, ...]:
        """The jobs that failed in an earlier run, and that this one leaves so."""
        return tuple(change for change in self.changes if change.leaves_failed)

    @property
    def succeeded(self) -> bool:
        """Whether every step is done."""
        return not self.interrupted and all(end.outcome is Outcome.DONE for end in self.ends)
