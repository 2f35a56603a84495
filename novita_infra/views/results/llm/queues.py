"""The jobs and the queue of an asynchronous endpoint. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from novita_infra.inference.queues import SUCCESS, EndpointJob, QueueHealth
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Facts, fact


@dataclass(frozen=True, slots=True)
class EndpointJobFacts(Facts):
    """A job of an asynchronous endpoint, as `endpoint run --json`, `status` and `cancel` print it."""

    name: ClassVar[str] = "endpoint_job"

    id: str = fact("The id.")
    state: str = fact("In the words of the API, such as `PENDING` and `COMPLETED`.")
    output: Any = fact("What the worker answered, any JSON; null before its end.")
    error: str = fact("Why it failed; empty otherwise.")

    def lines(self) -> Iterator[Line]:
        """The state, and the output as JSON."""
        tone = Tone.GOOD if self.state == SUCCESS else Tone.CHANGE
        yield line(
            (f"{self.id}: {self.state or 'its state is not known'}", tone), f": {self.error}" if self.error else ""
        )
        if self.output is not None:
            for part in json.dumps(self.output, indent=2, ensure_ascii=False).split("\n"):
                yield line(part)


@dataclass(frozen=True, slots=True)
class QueueHealthFacts(Facts):
    """The queue of an asynchronous endpoint, as `endpoint health --json` prints it. Null is not known."""

    name: ClassVar[str] = "queue_health"

    waiting: int | None = fact("Jobs that wait.", title="Waiting")
    running: int | None = fact("Jobs that run.", title="Running")
    completed: int | None = fact("Jobs that have succeeded, and whose results are kept.", title="Completed")
    failed: int | None = fact("Jobs that have failed.", title="Failed")
    idle: int | None = fact("Workers that wait for a job.", title="Idle workers")
    busy: int | None = fact("Workers that work.", title="Busy workers")
    starting: int | None = fact("Workers that start.", title="Starting workers")


@dataclass(frozen=True, slots=True)
class PurgedQueue(Facts):
    """A queue that was emptied, as `endpoint purge --json` prints it."""

    name: ClassVar[str] = "purged_queue"

    endpoint: str = fact("The endpoint.", title="Endpoint")
    removed: int | None = fact("The jobs that were removed; null if the answer does not say it.", title="Removed jobs")


def endpoint_job_facts(job: EndpointJob) -> EndpointJobFacts:
    """The facts of a job."""
    return EndpointJobFacts(job.id, job.state, job.output, job.trouble)


def queue_health_facts(health: QueueHealth) -> QueueHealthFacts:
    """The facts of a queue."""
    return QueueHealthFacts(
        health.waiting, health.running, health.completed, health.failed, health.idle, health.busy, health.starting
    )
