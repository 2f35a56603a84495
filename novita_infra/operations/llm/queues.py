"""The queue of an asynchronous endpoint: adds a job, waits for it, cancels it; looks at the queue, and empties it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from novita_infra.api.errors import NotFound, Refused
from novita_infra.api.request import Request
from novita_infra.inference.queues import (
    LARGEST_INPUT,
    EndpointJob,
    QueueHealth,
    cancel_request,
    health_in,
    health_request,
    purge_request,
    purged_in,
    queue_job_in,
    run_request,
    status_request,
)
from novita_infra.kinds import MACHINE_KINDS
from novita_infra.model.diagnostics import problem
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.api_call import without_secrets_of
from novita_infra.operations.account.targets import target_of
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.llm.polling import wait_for_end

_QUEUED: Final = tuple(
    kind for kind in MACHINE_KINDS if kind.resolution.checks and "queue" in kind.resolution.checks.types
)
"""The kinds whose objects have a queue at the gateway."""


@dataclass(frozen=True, slots=True)
class EndpointQueue:
    """The queue of an endpoint."""

    title: str
    """What a message calls the endpoint."""
    name: str
    """What the gateway calls it."""


async def queue_of_endpoint(view: AccountView, word: str) -> EndpointQueue:
    """The queue of the endpoint that an address or an id means. Raises Problems, and ApiError."""
    target = await target_of(view, word, _QUEUED)
    rules = target.kind.resolution.checks
    return EndpointQueue(target.title, rules.queue(target.live) if rules else "")


async def run_job(view: AccountView, queue: EndpointQueue, payload: Any) -> EndpointJob:
    """Adds a job. Raises Problems for a payload that is too large, and ApiError."""
    size = len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())
    if size > LARGEST_INPUT - 1024:
        raise problem(
            f"the payload has {size:,} bytes, and a queue takes about {LARGEST_INPUT:,}",
            "put the data into a storage, and its address into the payload",
        )
    return await _job(view, run_request(queue.name, payload))


async def read_job(view: AccountView, queue: EndpointQueue, id: str) -> EndpointJob:
    """The job as it is now. Raises Problems if there is none, and ApiError."""
    try:
        return await _job(view, status_request(queue.name, id), id)
    except NotFound:
        raise _no_job(queue, id) from None


async def wait_for_job(view: AccountView, queue: EndpointQueue, id: str, *, most: float) -> EndpointJob:
    """The job when it is over, or as it is after `most` seconds. Reports each new state. Raises as `read_job`."""
    return await wait_for_end(
        view,
        f"job {id}",
        lambda: read_job(view, queue, id),
        status=lambda job: job.state,
        says=lambda job: f"{id}: {job.state or 'its state is not known'}",
        most=most,
    )


async def cancel_job(view: AccountView, queue: EndpointQueue, id: str) -> EndpointJob:
    """The job after it was cancelled; one that is over is left alone. Raises as `read_job`."""
    job = await read_job(view, queue, id)
    if job.is_over:
        return job
    try:
        return await _job(view, cancel_request(queue.name, id), id)
    except Refused:  # it has ended meanwhile
        job = await read_job(view, queue, id)
        if not job.is_over:
            raise
        return job


async def read_health(view: AccountView, queue: EndpointQueue) -> QueueHealth:
    """The numbers of jobs and workers. Raises ApiError."""
    return health_in(await view.client.send(health_request(queue.name)))


async def purge_queue(view: AccountView, queue: EndpointQueue) -> int | None:
    """Removes the jobs that wait; returns their number, None where the answer does not say it. Raises ApiError."""
    return purged_in(await view.client.send(purge_request(queue.name)))


async def _job(view: AccountView, request: Request, id: str = "") -> EndpointJob:
    job = queue_job_in(await view.client.send(request))
    output = without_secrets_of(view.client, job.output)
    return replace(job, id=job.id or id, output=output, trouble=view.client.redacted(job.trouble))


def _no_job(queue: EndpointQueue, id: str) -> Exception:
    return problem(f"{queue.title} has no job {id}", "a result is kept for six hours")
