"""The operations of v2 on jobs."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.simulator.answer_schema import COUNT, TEXT, choice, items, obj
from novita_infra.simulator.operations import CURSOR, Confidence, IncomingCall, cursor_page, data_page, records_with
from novita_infra.simulator.request_schema import Text, may, need
from novita_infra.simulator.routes.cloud_v2.declaring import ID, OTHER_ID, operation_v2, record_place, status_schema
from novita_infra.simulator.world.cloud import jobs
from novita_infra.simulator.world.cloud.instances import instance_of
from novita_infra.simulator.world.engine.cloud_records import Job
from novita_infra.simulator.world.engine.world import World

_STATES: Final = {
    "pulling": "Pending",
    "running": "Running",
    "success": "Succeeded",
    "fail": "Failed",
    "break": "Stopped",
}
"""The words of v2 for those of the record. The page shows `Succeeded`; the others are guessed."""


def _save_image(world: World, call: IncomingCall) -> Any:
    body = call.body
    instance = instance_of(world, body["instance_id"])
    return {"job_id": jobs.save_image(world, instance, image=body["image"], auth=body["registry_auth_id"]).id}


def _list(world: World, call: IncomingCall) -> Any:
    query = call.query
    matching = records_with(
        jobs.listed_jobs(world),
        query,
        job_id=lambda one: one.id,
        type=lambda one: one.type,
        status=lambda one: _STATES[one.state],
    )
    return cursor_page(world, matching, call, place=record_place, shown=lambda one: _shown(world, one))


def _get(world: World, call: IncomingCall) -> Any:
    return _shown(world, jobs.job_of(world, call.path["job_id"]))


def _stop(world: World, call: IncomingCall) -> Any:
    jobs.interrupt(world, call.path["job_id"])
    return {}


def _shown(world: World, job: Job) -> dict[str, Any]:
    """A job. The page shows the fields up to `status`; the others are guessed."""
    return {
        "id": job.id,
        "type": job.type,
        "envs": [f"image={job.image}"] if job.image else [],
        "status": {"status": _STATES[job.state], "error": job.error, "message": job.message},
        "instance_id": job.instance,
        "created_at": int(job.created),
        "member_id": world.owner,
        "owner_id": world.owner,
    }


_JOB: Final = obj(
    id=TEXT,
    type=choice("saveImage", "instanceMigrate", "autoInstanceMigrate"),
    envs=items(TEXT),
    status=status_schema(*_STATES.values()),
    instance_id=TEXT,
    created_at=COUNT,
    member_id=TEXT,
    owner_id=TEXT,
)
OPERATIONS = (
    operation_v2(
        "jobs_v2.list",
        "GET /jobs",
        "list-jobs",
        _list,
        answer=data_page(_JOB),
        confidence=Confidence.GUESSED,
        query={**CURSOR, "job_id": OTHER_ID, "type": may(Text(0, 63), ""), "status": may(Text(0, 63), "")},
        counterpart="jobs.list",
    ),
    operation_v2(
        "jobs_v2.save_image",
        "POST /jobs/save-image",
        "save-image",
        _save_image,
        answer=obj(job_id=TEXT),
        body={"instance_id": need(ID), "image": need(Text(1, 4095)), "registry_auth_id": OTHER_ID},
        counterpart="jobs.save_image",
    ),
    operation_v2(
        "jobs_v2.get",
        "GET /jobs/{job_id}",
        "get-job",
        _get,
        answer=_JOB,
        confidence=Confidence.GUESSED,
    ),
    operation_v2(
        "jobs_v2.stop",
        "POST /jobs/{job_id}/stop",
        "break-job",
        _stop,
        confidence=Confidence.GUESSED,
        counterpart="jobs.break",
    ),
)
