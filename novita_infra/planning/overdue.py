"""Objects past the deadline in their owner marks, and what was done with them. Values only."""

from __future__ import annotations

import enum

from novita_infra.kinds.kind import Kind
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Live


class SweepOutcome(enum.Enum):
    """What was done with an object past its deadline."""

    DUE = "due"
    """Nothing yet."""
    DELETED = "deleted"
    STOPPED = "stopped"
    GONE = "gone"
    """It no longer exists, or is being deleted already."""
    KEPT = "kept"
    """When it was read again, it was not past a deadline, or it cannot be ended."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OverdueObject:
    """A live object past its deadline."""

    kind: Kind
    live: Live
    deadline: float
    """Unix seconds."""
    outcome: SweepOutcome = SweepOutcome.DUE
    reason: str = ""
    """Why it was not ended."""
