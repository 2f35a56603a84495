"""The operations on serverless endpoints. Three integers of a request come back as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from novita_infra.simulator import answer_schema
from novita_infra.simulator.answers import resources as answers
from novita_infra.simulator.errors import invalid
from novita_infra.simulator.operations import (
    V1,
    Confidence,
    IncomingCall,
    Operation,
    done,
    done_schema,
    page_of,
    paging,
)
from novita_infra.simulator.request_schema import ENVS, PORT, Anything, Fields, Items, Text, Whole, may, need, should
from novita_infra.simulator.world.cloud import endpoints
from novita_infra.simulator.world.cloud.addresses import endpoint_log_path, endpoint_url, worker_log_path
from novita_infra.simulator.world.cloud.endpoints import endpoint_of
from novita_infra.simulator.world.engine.cloud_records import Endpoint, Worker
from novita_infra.simulator.world.engine.world import World


def _limits(_world: World, _call: IncomingCall) -> Any:
    return endpoints.LIMITS


def _create(world: World, call: IncomingCall) -> Any:
    if call.key:  # not a call of a scenario
        endpoints.check_pace(world)
    body = call.body["endpoint"]
    new = _record(body, key="")
    new.app_name, new.product, new.rootfs = body["appName"], body["products"][0]["id"], body["rootfsSize"]
    new.type, new.cluster = body["type"], new.cluster or next(iter(body["clusterIDs"]), "")
    return {"id": endpoints.create(world, new).id}


def _update(world: World, call: IncomingCall) -> Any:
    present = endpoint_of(world, call.body["id"])
    new = _record(call.body, key=present.id)
    new.product, new.rootfs = present.product, present.rootfs
    new.entrypoint, new.health_port = present.entrypoint, present.health_port
    new.cuda = new.cuda or present.cuda
    new.health = new.health or present.health
    endpoints.update(world, new)
    return done(world)


def _delete(world: World, call: IncomingCall) -> Any:
    endpoints.delete(world, call.body["name"])
    return done(world)


def _get(world: World, call: IncomingCall) -> Any:
    return {"endpoint": _shown(world, endpoint_of(world, call.query["id"]), base=call.base())}


def _list(world: World, call: IncomingCall) -> Any:
    present = world.listed_in_v1(world.endpoints)
    page = page_of(
        present,
        number=call.query["pageNum"],
        size=call.query["pageSize"],
        first=world.quirks.first_page,
        default=10,
        largest=world.quirks.largest_page,
    )
    rows = [_shown(world, one, base=call.base()) | {"ports": [{"port": str(one.port)}]} for one in page]
    return {"endpoints": rows, "total": len(present)}


def _record(body: Mapping[str, Any], *, key: str) -> Endpoint:
    config, policy, image = body["workerConfig"], body["policy"], body["image"]
    return Endpoint(
        id=key,
        name=body["name"],
        app_name="",
        product="",
        workers_min=config["minNum"],
        workers_max=config["maxNum"],
        free_timeout=config["freeTimeout"],
        concurrency=config["maxConcurrent"],
        gpus=config["gpuNum"],
        request_timeout=config["requestTimeout"],
        cuda=config["cudaVersion"],
        port=body["ports"][0]["port"],
        policy=policy["type"],
        policy_value=policy["value"],
        image=image["image"],
        auth=image["authId"],
        command=image["command"],
        rootfs=0,
        mounts=[_mount(mount, index) for index, mount in enumerate(body["volumeMounts"])],
        cluster=body["clusterID"],
        envs=body["envs"],
        health=(body["healthy"] or {"path": ""})["path"],
    )


def _mount(mount: Mapping[str, Any], index: int) -> dict[str, Any]:
    if mount["type"] == "network":
        if not mount["id"]:
            raise invalid(f"volumeMounts[{index}].id", "is required")
        return {"type": "network", "id": mount["id"], "size": 0, "mountPath": mount["mountPath"]}
    return {"type": "local", "id": "", "size": mount["size"] or 30, "mountPath": mount["mountPath"]}


def _shown(world: World, endpoint: Endpoint, *, base: str) -> dict[str, Any]:
    as_text = world.quirks.numbers_as_text
    return {
        "id": endpoint.id,
        "name": endpoint.name,
        "appName": endpoint.app_name,
        "url": endpoint_url(endpoint, base=base),
        "state": {"state": endpoint.state, "error": endpoint.error, "message": endpoint.message},
        "workerConfig": {
            "minNum": endpoint.workers_min,
            "maxNum": endpoint.workers_max,
            "freeTimeout": str(endpoint.free_timeout) if as_text else endpoint.free_timeout,
            "maxConcurrent": str(endpoint.concurrency) if as_text else endpoint.concurrency,
            "gpuNum": endpoint.gpus,
            "requestTimeout": endpoint.request_timeout,
            "cudaVersion": endpoint.cuda,
        },
        "policy": {
            "type": endpoint.policy,
            "value": str(endpoint.policy_value) if as_text else endpoint.policy_value,
        },
        "image": {"image": endpoint.image, "authId": endpoint.auth, "command": endpoint.command},
        "rootfsSize": endpoint.rootfs,
        "volumeMounts": endpoint.mounts,
        "envs": endpoint.envs,
        "ports": [{"port": endpoint.port}],
        "workers": [_worker(world, endpoint, worker) for worker in endpoints.shown_workers(world, endpoint)],
        "products": [{"id": endpoint.product}],
        "healthy": {
            "path": endpoint.health,
            "initialDelay": 10,
            "period": 5,
            "timeout": 3,
            "successThreshold": 1,
            "failureThreshold": 3,
        },
        "clusterID": endpoint.cluster,
        "log": endpoint_log_path(world, endpoint),
        "createdAt": str(int(endpoint.created)),
        "updatedAt": str(int(endpoint.updated)),
    }


def _worker(world: World, endpoint: Endpoint, worker: Worker) -> dict[str, Any]:
    return {
        "id": worker.id,
        "state": {"state": worker.state, "error": worker.error, "message": worker.message},
        "log": worker_log_path(world, endpoint, worker),
        "metrics": f"/serverless/metrics/{endpoint.id}/{worker.id}",
        "healthy": worker.healthy,
        "drain": False,
        "createdAt": str(worker.created),
        "readyAt": str(worker.ready),
        "deletedAt": str(worker.deleted),
    }


_WORKERS = Fields(
    {
        "minNum": need(Whole()),
        "maxNum": need(Whole()),
        "freeTimeout": need(Whole()),
        "maxConcurrent": need(Whole()),
        "gpuNum": need(Whole()),
        "requestTimeout": should(Whole(), 3600),
        "cudaVersion": may(Text(0, 255), ""),
    },
    listed=True,
)
_MOUNT = Fields(
    {
        "type": need(Text(one_of=("network", "local"))),
        "id": may(Text(0, 255), ""),
        "size": may(Whole(), 0),
        "mountPath": need(Text(1, 255, pattern=r"/[A-Za-z0-9_./-]*")),
    }
)
_CONTAINER = {
    "name": may(Text(0, 220), ""),
    "clusterID": may(Text(0, 255), ""),
    "workerConfig": need(_WORKERS),
    "ports": need(Items(Fields({"port": need(PORT)}), 1, 1)),
    "policy": need(Fields({"type": need(Text(one_of=("queue", "concurrency"))), "value": need(Whole())}, listed=True)),
    "image": need(
        Fields(
            {"image": need(Text(1, 511)), "authId": may(Text(0, 255), ""), "command": may(Text(0, 2047), "")},
            listed=True,
        )
    ),
    "volumeMounts": may(Items(_MOUNT, high=31), []),
    "envs": may(ENVS, []),
}
_CREATE = Fields(
    {
        **_CONTAINER,
        "appName": may(Text(0, 63, pattern=r"([a-z0-9]([a-z0-9-]*[a-z0-9])?)?"), ""),
        "products": need(Items(Fields({"id": need(Text(1, 255))}), 1, 1)),
        "type": may(Text(one_of=("sync", "async")), "sync"),
        "clusterIDs": may(Items(Text(1, 255)), []),
        "rootfsSize": need(Whole()),
        "volumeMounts": should(Items(_MOUNT, high=31), []),
        "healthy": need(Fields({"path": need(Text(1, 255, pattern="/.*"))}, listed=True)),
    }
)
_READ_ONLY = dict.fromkeys(
    ("appName", "products", "rootfsSize", "workers", "url", "state", "log", "createdAt", "updatedAt"), may(Anything())
)
_HEALTHY_BACK = Fields(
    {
        "path": need(Text(1, 255, pattern="/.*")),
        **dict.fromkeys(("initialDelay", "period", "timeout", "successThreshold", "failureThreshold"), may(Anything())),
    },
    listed=True,
)
_UPDATE = Fields(
    {
        "id": need(Text(1, 255), "endpoint_id"),
        **_CONTAINER,
        "healthy": may(_HEALTHY_BACK),
        **_READ_ONLY,
    }
)
OPERATIONS = (
    Operation(
        name="endpoints.limit",
        method="GET",
        path=f"{V1}/endpoint/limit",
        source="serverless-query-endpoint-limit",
        confidence=Confidence.SEEN_LIVE,
        serve=_limits,
        answer=answers.ENDPOINT_LIMITS,
    ),
    Operation(
        name="endpoints.create",
        method="POST",
        path=f"{V1}/endpoint/create",
        source="serverless-create-endpoint",
        confidence=Confidence.SEEN_LIVE,
        serve=_create,
        answer=answer_schema.MADE,
        body=Fields({"endpoint": need(_CREATE)}),
    ),
    Operation(
        name="endpoints.list",
        method="GET",
        path=f"{V1}/endpoints",
        source="serverless-list-endpoint",
        confidence=Confidence.SEEN_LIVE,
        serve=_list,
        answer=answers.endpoints,
        query=Fields(paging()),
    ),
    Operation(
        name="endpoints.get",
        method="GET",
        path=f"{V1}/endpoint",
        source="serverless-get-endpoint",
        confidence=Confidence.SEEN_LIVE,
        serve=_get,
        answer=answers.endpoint,
        query=Fields({"id": need(Text(1, 255), "endpoint_id")}),
    ),
    Operation(
        name="endpoints.update",
        method="POST",
        path=f"{V1}/endpoint/update",
        source="serverless-update-endpoint",
        confidence=Confidence.GUESSED,
        serve=_update,
        answer=done_schema,
        body=_UPDATE,
    ),
    Operation(
        name="endpoints.delete",
        method="POST",
        path=f"{V1}/endpoint/delete",
        source="serverless-delete-endpoint",
        confidence=Confidence.GUESSED,
        serve=_delete,
        answer=done_schema,
        body=Fields({"name": need(Text(1, 255), "id", "endpoint_id"), "id": may(Text(0, 255))}),
    ),
)
