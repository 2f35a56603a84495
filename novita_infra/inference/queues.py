"""The queues of asynchronous endpoints (serverless-gpus-quickstart-create-async-endpoint): requests and their readers.

The readers take any JSON and never raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from novita_infra.api.json_values import int_of, object_of, text_of
from novita_infra.api.request import Request
from novita_infra.model.frozen import dataclass

OVER: Final = frozenset({"COMPLETED", "FAILED", "TIMED_OUT", "CANCELLED"})
"""The states of a job that is over. Any other word counts as under way."""
SUCCESS: Final = "COMPLETED"
LARGEST_INPUT: Final = 4 * 2**20
"""Bytes of a payload, and of a result."""
KEPT: Final = 6 * 3600
"""Seconds for which a result can be read."""


@dataclass(frozen=True, slots=True)
class EndpointJob:
    """A job of an asynchronous endpoint."""

    id: str
    state: str
    """In the words of the API, in upper case; empty where the answer holds none."""
    output: Any = None
    """Any JSON; None before its end."""
    trouble: str = ""
    """Why it failed, in the words of the service or of the worker."""

    @property
    def is_over(self) -> bool:
        return self.state in OVER


@dataclass(frozen=True, slots=True)
class QueueHealth:
    """The numbers of jobs and of workers; None where the answer does not hold one."""

    waiting: int | None = None
    running: int | None = None
    completed: int | None = None
    failed: int | None = None
    idle: int | None = None
    """Workers that wait for a job."""
    busy: int | None = None
    starting: int | None = None


def queue_name(id: str, app: str) -> str:
    """How the gateway names an endpoint: its id and the name of its app, or the bare id without one."""
    return f"{id}-{app}" if app else id


def run_request(queue: str, payload: Any) -> Request:
    """Adds a job. It is never repeated on a guess: each one is worked off, and charged."""
    return _request("POST", queue, "run", body={"input": payload})


def status_request(queue: str, job: str) -> Request:
    """Reads a job."""
    return _request("GET", queue, f"status/{quote(job, safe='')}")


def cancel_request(queue: str, job: str) -> Request:
    """Cancels a job."""
    return _request("POST", queue, f"cancel/{quote(job, safe='')}", body={})


def health_request(queue: str) -> Request:
    """Reads the numbers of jobs and workers."""
    return _request("GET", queue, "health")


def purge_request(queue: str) -> Request:
    """Removes the jobs that wait."""
    return _request("POST", queue, "purge-queue", body={})


def queue_job_in(answer: Any) -> EndpointJob:
    """The job of an answer."""
    item = object_of(answer)
    trouble = item.get("error")
    said = text_of(object_of(trouble).get("message")) or text_of(trouble)
    return EndpointJob(text_of(item.get("id")), text_of(item.get("status")).upper(), item.get("output"), said)


def health_in(answer: Any) -> QueueHealth:
    """The numbers of an answer."""
    jobs, workers = object_of(object_of(answer).get("jobs")), object_of(object_of(answer).get("workers"))
    return QueueHealth(
        waiting=int_of(jobs.get("inQueue")),
        running=int_of(jobs.get("inProgress")),
        completed=int_of(jobs.get("completed")),
        failed=int_of(jobs.get("failed")),
        idle=int_of(workers.get("idle")),
        busy=int_of(workers.get("running")),
        starting=int_of(workers.get("initializing")),
    )


def purged_in(answer: Any) -> int | None:
    """The number of jobs that a purge removed; None where the answer does not hold it."""
    return int_of(object_of(answer).get("removed"))


def _request(method: str, queue: str, path: str, body: Mapping[str, Any] | None = None) -> Request:
    where = f"/v1/{quote(queue, safe='')}/{path}"
    return Request(method, where, body=body, repeatable=method == "GET", gateway=True)
