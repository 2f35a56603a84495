"""The ends of waits for objects. Values only."""

from __future__ import annotations

import enum

from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Live


class WaitOutcome(enum.Enum):
    """How a wait for an object ended."""

    MET = "met"
    FAILED = "failed"
    """The object cannot become what it is waited for."""
    TIMED_OUT = "timed out"


@dataclass(frozen=True, slots=True)
class EndedWait:
    """The end of a wait for one object."""

    kind: str
    id: str
    title: str
    """Its address, else its id."""
    address: str
    """Empty where no state records it."""
    live: Live | None
    """The object as last read; None where it does not exist, or was not read."""
    outcome: WaitOutcome
    seconds: float
    reason: str = ""
    """Why it cannot become what it is waited for."""
