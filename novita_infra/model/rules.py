"""The rules of the project file for every plan of an environment. Values only."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import field

from novita_infra.model.addresses import Origin
from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import Cause, Hook, OnDrift


class Judge(enum.Enum):
    """The form of a policy."""

    RUN = "run"
    """A program."""
    FILE = "file"
    """A Python file, run with the interpreter of novita-infra itself."""
    SCHEMA = "schema"
    """A JSON Schema; nothing is run."""


class OnError(enum.Enum):
    """The verdict that replaces a missing one."""

    DENY = "deny"
    WARN = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A check of every plan by a program, a Python file or a JSON Schema."""

    name: str
    by: Judge
    words: tuple[str, ...]
    """The program with its arguments, or the one file; relative to the project."""
    each: bool = False
    """For a schema: whether it describes each change, not the whole plan."""
    timeout: float = 30.0
    """Seconds until the policy counts as one without a verdict."""
    on_error: OnError = OnError.DENY
    origin: Origin | None = field(default=None, compare=False)


class OnUnknown(enum.Enum):
    """The effect of an unknown price on a budget."""

    WARN = "warn"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The ceilings of an environment, in 1/100000 USD; None for no ceiling."""

    per_hour: int | None = None
    per_month: int | None = None
    once: int | None = None
    """For what one plan pays at once: its batches and its subscriptions."""
    unknown: OnUnknown = OnUnknown.WARN

    @property
    def ceilings(self) -> bool:
        """Whether it has a ceiling."""
        return any(ceiling is not None for ceiling in (self.per_hour, self.per_month, self.once))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLimit:
    """The share of resources that a plan may delete or replace unless the command line allows more."""

    percent: int = 30
    """Percentage of the recorded resources."""
    at_least: int = 10
    """With fewer recorded resources there is no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of a project, in one environment."""

    account: str = ""
    """The only account whose keys may be used; empty for any account."""
    policies: tuple[Policy, ...] = ()
    """The policies of the project, then those that the environment adds. It cannot remove one."""
    hooks: tuple[Hook, ...] = ()
    """The hooks of the project, then those that the environment adds."""
    budget: Budget = Budget()
    """The highest cost of the environment."""
    max_price_rise: int = 0
    """The rise of a price between a saved plan and its apply that is allowed, in hundredths of a per cent."""
    change_limit: ChangeLimit = ChangeLimit()
    on_drift: Mapping[Cause, OnDrift] = field(default_factory=dict)
    """The response to drift by its cause, for resources that declare none; for other causes it is reverted."""
    on_drift_place: Origin | None = field(default=None, compare=False)
    """The position of `onDrift` in the project file."""
