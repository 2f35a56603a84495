"""The records of the model APIs: files, batches, tasks and webhook deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from novita_infra.simulator.world.engine.records import WorldRecord


@dataclass(slots=True, kw_only=True)
class File(WorldRecord):
    """A file of the account. Its bytes are in `World.contents`."""

    name: str
    purpose: str
    """`batch` for input, `batch_output` for results."""
    bytes: int
    requests: int = 0
    """Lines of a batch input."""
    expires: float = 0.0
    """When an output file is removed, Unix seconds; 0 for input files, which do not show it."""


@dataclass(slots=True, kw_only=True)
class Batch(WorldRecord):
    """A batch of requests from a file."""

    input: str
    endpoint: str
    window: str
    key: str
    status: str = "VALIDATING"
    errors: str = ""
    model: str = ""
    output: str = ""
    failures: str = ""
    """The ids of the output file and of the error file."""
    total: int = 0
    done: int = 0
    wrong: list[int] = field(default_factory=list)
    """The lines that will fail, counted from 0, in order."""
    times: dict[str, float] = field(default_factory=dict)
    """The times at which it entered its states, Unix seconds, by the name of the field that shows each."""
    version: int = 0
    metadata: dict[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class Task(WorldRecord):
    """A generation task: images, a video or sound."""

    operation: str
    media: str
    key: str
    status: str = "TASK_STATUS_QUEUED"
    reason: str = ""
    units: int = 1
    """The number of pictures or clips."""
    seed: str = ""
    format: str = ""
    asked: str = ""
    """The body of the request, as text."""
    text: str = ""
    detects: bool = False
    """Whether unsafe pictures are detected."""
    webhook: dict[str, Any] = field(default_factory=dict)
    mock: bool = False
    base: str = ""
    """Scheme and host of the service, as the request named them, for the addresses in the event of a webhook."""
    begun: float = 0.0
    ends: float = 0.0
    """Unix seconds."""


@dataclass(slots=True, kw_only=True)
class Delivery(WorldRecord):
    """The event of a finished task on its way to a webhook; its id is the id of the task."""

    RENAMED: ClassVar[str] = "outcomes"

    url: str
    state: str = "due"
    """`due` to be sent now, `waiting` for its next attempt, `delivered`, `failed`, `withheld` from other machines."""
    outcomes: list[str] = field(default_factory=list)
    """The outcome of each attempt, such as `HTTP 200`."""
