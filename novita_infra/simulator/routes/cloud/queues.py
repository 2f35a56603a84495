"""The gateway of asynchronous endpoints: jobs that wait for a worker. The service has it on a host of its own."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.simulator.answer_schema import COUNT, TEXT, known, obj
from novita_infra.simulator.errors import ApiRefusal, invalid, not_allowed
from novita_infra.simulator.operations import Confidence, IncomingCall, Operation
from novita_infra.simulator.request_schema import Anything, Fields, need
from novita_infra.simulator.world.cloud.endpoints import enqueue, queue_of
from novita_infra.simulator.world.engine.cloud_records import QueueJob
from novita_infra.simulator.world.engine.world import World

LARGEST: Final = 4 * 2**20
"""Bytes of a payload (serverless-gpus-quickstart-create-async-endpoint)."""
_OVER: Final = frozenset({"COMPLETED", "FAILED", "TIMED_OUT", "CANCELLED"})


def _run(world: World, call: IncomingCall) -> Any:
    if len(call.raw) > LARGEST:
        raise invalid("input", "must be at most 4 MiB")
    return _shown(enqueue(world, queue_of(world, call.path["endpoint"]), call.body["input"]))


def _status(world: World, call: IncomingCall) -> Any:
    return _shown(_job_of(world, call))


def _cancel(world: World, call: IncomingCall) -> Any:
    job = _job_of(world, call)
    if job.state in _OVER:
        raise not_allowed(f"job {job.id} is over: {job.state}")
    job.state, job.ends = "CANCELLED", world.moment
    return _shown(job)


def _purge(world: World, call: IncomingCall) -> Any:
    endpoint = queue_of(world, call.path["endpoint"])
    waiting = [job for job in endpoint.jobs if job.state == "PENDING"]
    endpoint.jobs = [job for job in endpoint.jobs if job.state != "PENDING"]
    return {"removed": len(waiting), "status": "completed"}


def _health(world: World, call: IncomingCall) -> Any:
    endpoint = queue_of(world, call.path["endpoint"])
    states = [job.state for job in endpoint.jobs]
    workers = [worker.state for worker in endpoint.workers]
    busy = min(states.count("IN_PROGRESS"), workers.count("running"))
    return {
        "jobs": {
            "completed": states.count("COMPLETED"),
            "failed": states.count("FAILED"),
            "inProgress": states.count("IN_PROGRESS"),
            "inQueue": states.count("PENDING"),
        },
        "workers": {
            "idle": workers.count("running") - busy,
            "initializing": workers.count("creating"),
            "running": busy,
        },
    }


def _job_of(world: World, call: IncomingCall) -> QueueJob:
    jobs = queue_of(world, call.path["endpoint"]).jobs
    job = next((job for job in jobs if job.id == call.path["job_id"]), None)
    if job is None:
        raise ApiRefusal("JOB_NOT_FOUND", f"job {call.path['job_id']!r} not found")
    return job


def _shown(job: QueueJob) -> dict[str, Any]:
    """A job. The worker of the simulator answers with its input."""
    output = {"output": job.input} if job.state == "COMPLETED" else {}
    return {"id": job.id, "status": job.state, **output}


_JOB: Final = obj(id=TEXT, status=known("PENDING", "IN_PROGRESS", *sorted(_OVER)))
_HEALTH: Final = obj(
    jobs=obj(completed=COUNT, failed=COUNT, inProgress=COUNT, inQueue=COUNT),
    workers=obj(idle=COUNT, initializing=COUNT, running=COUNT),
)


def _operation(
    name: str, method: str, path: str, serve: Any, answer: Any, confidence: Confidence, **more: Any
) -> Operation:
    return Operation(
        name=f"queues.{name}",
        method=method,
        path=f"/v1/{{endpoint}}/{path}",
        source="api-reference-overview",
        confidence=confidence,
        serve=serve,
        answer=answer,
        **more,
    )


OPERATIONS = (
    _operation(
        "run",
        "POST",
        "run",
        _run,
        _JOB,
        Confidence.DOCUMENTED,
        body=Fields({"input": need(Anything())}, open=True),
        large=True,
    ),
    _operation("status", "GET", "status/{job_id}", _status, _JOB, Confidence.DOCUMENTED),
    _operation("cancel", "POST", "cancel/{job_id}", _cancel, _JOB, Confidence.GUESSED),
    _operation("health", "GET", "health", _health, _HEALTH, Confidence.GUESSED),
    _operation("purge", "POST", "purge-queue", _purge, obj(removed=COUNT, status=TEXT), Confidence.GUESSED),
)
