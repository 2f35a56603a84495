"""The results of the library: frozen values, without secrets and without a tie to what they were made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from novita_infra.model.diagnostics import Diagnostic, NovitaInfraError
from novita_infra.model.frozen import dataclass

Action: TypeAlias = Literal["create", "update", "replace", "delete", "adopt", "resume", "forget", "refused"]


class Withheld:
    """What stands in the place of a value that cannot be shown. It is no text, so that nobody uses it as one."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


SECRET: Final = Withheld("(secret)")
"""Stands for a secret: neither a plan nor a state shows it."""
UNKNOWN: Final = Withheld("(known after apply)")
"""Stands for a value that only an apply makes known."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What a plan does to one resource."""

    address: str
    action: Action
    id: str
    """The id of the live object; empty before a create."""
    reason: str
    """Why, where the fields do not show it: `no longer declared`."""
    fields: tuple[str, ...]
    """The names of the fields that differ."""
    before: Mapping[str, Any]
    """The declared fields as they are; secrets are SECRET."""
    after: Mapping[str, Any]
    """The fields as they will be; what is not known yet is UNKNOWN. Empty for a delete."""
    data_loss: tuple[str, ...]
    """The data that is lost, in words."""

    def __str__(self) -> str:
        what = f" ({', '.join(self.fields)})" if self.action in {"update", "replace"} and self.fields else ""
        return f"{self.action} {self.address}{what}"


@dataclass(frozen=True, slots=True)
class DriftedResource:
    """A change that was made to one resource outside of novita-infra, for one cause."""

    address: str
    id: str
    cause: str
    """`edited`, `deleted` and the like, as `lifecycle.onDrift` names them."""
    fields: Mapping[str, tuple[Any, Any]]
    """By field: the recorded value, and the live one."""
    gone: bool
    """Whether the object is gone, or on its way out."""


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan: what an apply would do, what it costs, and why it may not be applied.

    `project.apply(plan)` does exactly this, or refuses if the manifests, the state or the cloud have changed since.
    """

    project: str
    environment: str
    changes: tuple[PlannedChange, ...]
    """What is done, sorted by address; resources without a change are left out."""
    digest: str
    """The digest by which the plan is approved: `novita-infra apply --expect DIGEST`."""
    problems: tuple[Diagnostic, ...]
    """Why it cannot be applied; empty if it can."""
    exit_code: int
    """The exit code that the problems ask for: 4 blocked, 5 refused, 6 over budget; 0 without any."""
    warnings: tuple[Diagnostic, ...]
    drift: tuple[DriftedResource, ...]
    usd_per_hour_before: Decimal | None
    """As far as prices are known; None where no cost was estimated."""
    usd_per_hour_after: Decimal | None
    empty: bool
    """Whether there is nothing to do."""
    terraform: Mapping[str, Any] = field(repr=False)
    """The plan in Terraform's representation, as `plan --json` prints it."""
    choices: Any = field(repr=False)
    """What it was made with, for the apply."""

    def __str__(self) -> str:
        """One line for each change, then the problems."""
        lines = [str(item) for item in self.changes] or ["no changes"]
        return "\n".join((*lines, *(f"problem: {item}" for item in self.problems)))


@dataclass(frozen=True, slots=True)
class RunEvent:
    """What happened during a run. What it reports is on disk already."""

    kind: Literal["started", "identified", "progressed", "done", "failed", "skipped", "moving"]
    """`moving` is the end of a step whose call was made and whose effect was not awaited, because the run stopped."""
    address: str
    step: str
    """The call: `create`, `delete`, or one of the resource such as `upgrade`."""
    id: str = ""
    """The id of the object; empty where it is not known."""
    seconds: float = 0.0
    """Seconds since the step began."""
    status: str = ""
    """The status of the object, in the words of the API."""
    message: str = ""
    """For a person: a note on a wait, or why the step failed."""
    log: tuple[str, ...] = ()
    """The last lines of the log of a failed object, without secrets."""

    def __str__(self) -> str:
        more = ", ".join(part for part in (self.status, self.message) if part)
        return f"{self.address}: {self.step} {self.kind}{f' ({more})' if more else ''}"


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of an apply or a destroy."""

    steps: tuple[RunEvent, ...]
    """The end of each step, in the order of the plan."""
    outputs: Mapping[str, Any]
    """The outputs of the project after the run; a secret is SECRET."""
    stopped: bool = False
    """Whether it was stopped: the next run finishes what is left."""

    @property
    def failed(self) -> tuple[RunEvent, ...]:
        """The steps that failed."""
        return tuple(item for item in self.steps if item.kind == "failed")

    def __str__(self) -> str:
        counts = {kind: sum(item.kind == kind for item in self.steps) for kind in ("done", "failed", "skipped")}
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "nothing to do"
        return f"{said}{', stopped' if self.stopped else ''}"


class ApplyFailed(NovitaInfraError):
    """A step of a run failed. The state has all that the run did; the next run finishes what is left."""

    def __init__(self, result: RunResult) -> None:
        self.result = result
        """What the run did."""
        super().__init__("\n".join(str(item) for item in result.failed))


@dataclass(frozen=True, slots=True)
class RecordedResource:
    """A resource as the state records it."""

    address: str
    id: str
    """Empty while the answer to its create is not known."""
    fields: Mapping[str, Any]
    """As last sent; a secret is SECRET."""
    outputs: Mapping[str, Any]
    labels: Mapping[str, str]
    protected: bool
    pending: str
    """The call whose end is not recorded yet; empty for none."""


@dataclass(frozen=True, slots=True)
class ProjectState:
    """The state of one environment of a project."""

    project: str
    environment: str
    serial: int
    """Rises with every change; 0 before the first apply."""
    cloud: str
    """The account of the objects: `simulator`, or the host of the API. Empty before the first apply."""
    resources: Mapping[str, RecordedResource]
    """By address."""
    outputs: Mapping[str, Any]
    """Of the last apply; a secret is SECRET."""
