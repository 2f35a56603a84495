"""The operations on jobs and metrics of instances."""

from __future__ import annotations

import math
from typing import Any

from novita_infra.simulator.answers import machines as answers
from novita_infra.simulator.operations import V1, Confidence, IncomingCall, Operation, page_of, paging, records_with
from novita_infra.simulator.request_schema import INT64, Fields, Text, Whole, may, need
from novita_infra.simulator.world.cloud import jobs
from novita_infra.simulator.world.cloud.instances import instance_of
from novita_infra.simulator.world.engine.cloud_records import Instance, Job
from novita_infra.simulator.world.engine.world import World


def _save_image(world: World, call: IncomingCall) -> Any:
    body = call.body
    instance = instance_of(world, body["instanceId"])
    return {"jobId": jobs.save_image(world, instance, image=body["image"], auth=body["registryAuthId"]).id}


def _interrupt(world: World, call: IncomingCall) -> Any:
    return {"jobId": jobs.interrupt(world, call.body["jobId"]).id}


def _list(world: World, call: IncomingCall) -> Any:
    query = call.query
    owner, start, end = world.owner, query["startTime"], query["endTime"]
    matching = records_with(
        world.seen_by_v1(jobs.listed_jobs(world)),
        query,
        jobId=lambda job: job.id,
        state=lambda job: job.state,
        type=lambda job: job.type,
        creators=lambda _: owner,
    )
    if start or end:
        matching = [job for job in matching if start <= job.created <= (end or INT64)]
    page = page_of(
        matching,
        number=query["pageNum"],
        size=query["pageSize"],
        first=world.quirks.first_page,
        default=20,
        largest=world.quirks.largest_page,
    )
    return {"jobs": [_shown(world, job) for job in page], "total": len(matching)}


def _shown(world: World, job: Job) -> dict[str, Any]:
    envs = [{"key": "image", "value": job.image}] if job.image else []
    return {
        "Id": job.id,
        "user": world.owner,
        "type": job.type,
        "envs": envs,
        "state": {"state": job.state, "error": job.error, "errorMessage": job.message},
        "logAddress": f"https://log.gpu-instance.novita.ai/jobs/{job.id}",
        "createdAt": str(int(job.created)),
        "instanceId": job.instance,
    }


def _metrics(world: World, call: IncomingCall) -> Any:
    """Made-up figures that are stable. Parameters out of range take the defaults, as documented."""
    query = call.query
    instance = instance_of(world, query["instanceId"])
    now = int(world.moment)
    end = query["endTime"] if 0 < query["endTime"] <= now else now
    start = query["startTime"] if 0 < query["startTime"] <= end - 60 else end - 60
    step = max(15, query["interval"])
    step = max(step, (end - start) // 1000)
    times = [at for at in range(start - start % step + step, end + 1, step) if instance.started <= at]
    if instance.status != "running":
        times = []
    gpus = [str(index) for index in range(instance.gpus if instance.kind == "gpu" else 0)]
    return {
        "cpuUtilization": _series(world, instance, times, "cpu"),
        "memUtilization": _series(world, instance, times, "mem"),
        "rootDiskUtilization": _series(world, instance, times, "disk"),
        "gpuUtilization": _by_gpu(world, instance, times, "gpu", gpus),
        "gpuMemUtilization": _by_gpu(world, instance, times, "gpumem", gpus),
    }


def _series(world: World, instance: Instance, times: list[int], what: str) -> list[dict[str, Any]]:
    phase = world.dice(628, what, instance.id) / 100
    rests = instance.idle if instance.idle and what.startswith("gpu") else math.inf
    return [
        {"timestamp": str(at), "value": round(50 + 40 * math.sin(at / 600 + phase), 2) if at < rests else 0}
        for at in times
    ]


def _by_gpu(world: World, instance: Instance, times: list[int], what: str, gpus: list[str]) -> dict[str, Any]:
    return {
        "avg": _series(world, instance, times, what) if gpus else [],
        "gpuIds": [{"gpuId": gpu, "items": _series(world, instance, times, what + gpu)} for gpu in gpus],
    }


_TIME = may(Whole(0, INT64), 0)
OPERATIONS = (
    Operation(
        name="jobs.save_image",
        method="POST",
        path=f"{V1}/job/save/image",
        source="gpu-instance-save-image",
        confidence=Confidence.DOCUMENTED,
        serve=_save_image,
        answer=answers.JOB,
        body=Fields(
            {
                "instanceId": need(Text(1, 255)),
                "image": need(Text(1, 4095)),
                "registryAuthId": may(Text(0, 255), ""),
            }
        ),
    ),
    Operation(
        name="jobs.list",
        method="GET",
        path=f"{V1}/jobs",
        source="gpu-instance-list-jobs",
        confidence=Confidence.DOCUMENTED,
        serve=_list,
        answer=answers.JOBS,
        query=Fields(
            {
                **paging(),
                "jobId": may(Text(0, 255), ""),
                "state": may(Text(0, 63), ""),
                "type": may(Text(0, 63), ""),
                "startTime": _TIME,
                "endTime": _TIME,
                "creators": may(Text(0, 255), ""),
            }
        ),
    ),
    Operation(
        name="jobs.break",
        method="POST",
        path=f"{V1}/job/break",
        source="gpu-instance-break-job",
        confidence=Confidence.DOCUMENTED,
        serve=_interrupt,
        answer=answers.JOB,
        body=Fields({"jobId": need(Text(1, 255), "job_id")}),
    ),
    Operation(
        name="instances.metrics",
        method="GET",
        path="/openapi/v1/metrics/gpu/instance",
        source="gpu-instance-get-metrics",
        confidence=Confidence.DOCUMENTED,
        serve=_metrics,
        answer=answers.METRICS,
        query=Fields(
            {
                "instanceId": need(Text(1, 255), "instance_id"),
                "startTime": _TIME,
                "endTime": _TIME,
                "interval": may(Whole(0), 0),
            }
        ),
        also=(f"{V1}/instance/metrics", f"{V1}/metrics/gpu/instance"),
    ),
)
