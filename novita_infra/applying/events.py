"""What the apply loop tells its listeners. An event is emitted only after what it says is on disk."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from novita_infra.model.resources import Phase
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.steps import Step


class Outcome(enum.Enum):
    """How a step ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Something it comes after failed, or the run was interrupted before it began."""
    MOVING = "moving"
    """Interrupted during the wait: the call was made and its end is not known yet."""


@dataclass(frozen=True, slots=True)
class Started:
    """A step begins; its intent is on disk."""

    step: Step


@dataclass(frozen=True, slots=True)
class Identified:
    """A create was answered; the id is on disk."""

    step: Step
    id: str


@dataclass(frozen=True, slots=True)
class Progressed:
    """The object was seen in another phase or status while it was waited for."""

    step: Step
    id: str
    phase: Phase
    status: str
    elapsed: float
    """Seconds since the step began."""
    note: str = ""
    """Something a person should know: an unknown status word, a repeated call."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A step is over; its record is on disk."""

    step: Step
    outcome: Outcome
    id: str = ""
    elapsed: float = 0.0
    reason: str = ""
    """Why it failed or was skipped: the call, the API's reason, and what to do."""
    code: int = 0
    """The exit code that a failure asks for, where it is not that of any error."""
    log: tuple[str, ...] = ()
    """The last lines of the object's log, where it failed and has one; without secrets."""
    undone: bool = False
    """Whether what it made was taken down again with its group."""


Event: TypeAlias = Started | Identified | Progressed | Ended
Listener: TypeAlias = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Result:
    """The whole run, built from what is on disk."""

    plan: Plan
    ends: tuple[Ended, ...]
    """One for each step, in the order of the plan."""
    interrupted: bool = False

    def count(self, outcome: Outcome) -> int:
        """How many steps ended so."""
        return sum(end.outcome is outcome for end in self.ends)

    @property
    def succeeded(self) -> bool:
        """Whether every step is done."""
        return not self.interrupted and all(end.outcome is Outcome.DONE for end in self.ends)
