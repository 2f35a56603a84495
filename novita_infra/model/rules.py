"""What the project file asks of every plan of an environment. Values only."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from novita_infra.model.addresses import Origin
from novita_infra.model.lifecycle import Cause, OnDrift


class Judge(enum.Enum):
    """What it is that judges a plan."""

    RUN = "run"
    """A program."""
    FILE = "file"
    """A Python file, run with the interpreter of novita-infra itself."""
    SCHEMA = "schema"
    """A JSON Schema; nothing is run."""


class OnError(enum.Enum):
    """What a policy that gives no verdict counts as."""

    DENY = "deny"
    WARN = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A judge of every plan."""

    name: str
    by: Judge
    words: tuple[str, ...]
    """The program with its arguments, or the one file; relative to the project."""
    each: bool = False
    """For a schema: it describes one change each, not the plan as a whole."""
    timeout: float = 30.0
    """Seconds until it counts as without a verdict."""
    on_error: OnError = OnError.DENY
    origin: Origin | None = field(default=None, compare=False)


class OnUnknown(enum.Enum):
    """What a price that nobody knows means for a budget."""

    WARN = "warn"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The ceilings of an environment, in 1/100000 USD; None where there is none."""

    per_hour: int | None = None
    per_month: int | None = None
    unknown: OnUnknown = OnUnknown.WARN

    @property
    def ceilings(self) -> bool:
        """Whether there is any."""
        return self.per_hour is not None or self.per_month is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLimit:
    """How much a plan may delete and replace unless the command line allows more."""

    percent: int = 30
    """Of the resources on record."""
    at_least: int = 10
    """With fewer resources on record there is no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of a project, in one environment."""

    account: str = ""
    """The only account whose keys may be used; empty for any."""
    policies: tuple[Policy, ...] = ()
    """Those of the project, then those of the environment: an environment can add to them and take none away."""
    budget: Budget = Budget()
    """What the environment may cost."""
    max_price_rise: int = 0
    """How much a price may rise between a saved plan and its apply, in hundredths of a per cent."""
    change_limit: ChangeLimit = ChangeLimit()
    on_drift: Mapping[Cause, OnDrift] = field(default_factory=dict)
    """What becomes of what was changed outside, by its cause, where the resource does not say; else it is put back."""
    on_drift_place: Origin | None = field(default=None, compare=False)
    """Where that stands."""
