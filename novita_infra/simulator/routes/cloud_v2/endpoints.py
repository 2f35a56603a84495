"""The operations of v2 on serverless endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from novita_infra.simulator import answer_schema
from novita_infra.simulator.answer_schema import COUNT, FLAG, PAIR, TEXT, WHOLE, choice, items, obj
from novita_infra.simulator.errors import invalid
from novita_infra.simulator.operations import CURSOR, Confidence, IncomingCall, cursor_page, data_page
from novita_infra.simulator.request_schema import Fields, Items, Text, Whole, may, need
from novita_infra.simulator.routes.cloud_v2.declaring import (
    COMMAND,
    ID,
    OTHER_ID,
    PAIRS,
    PORT_NUMBER,
    operation_v2,
    record_place,
    status_schema,
)
from novita_infra.simulator.world.cloud import endpoints
from novita_infra.simulator.world.cloud.addresses import endpoint_url, worker_log_path
from novita_infra.simulator.world.cloud.endpoints import endpoint_of
from novita_infra.simulator.world.engine.cloud_records import Endpoint, Worker
from novita_infra.simulator.world.engine.world import World

_WORKER_FIELDS: Final = {
    "max_replicas": "workers_max",
    "min_replicas": "workers_min",
    "idle_timeout": "free_timeout",
    "max_concurrent_per_worker": "concurrency",
    "gpu_num": "gpus",
    "rootfs_size_gb": "rootfs",
    "min_cuda_version": "cuda",
    "request_timeout": "request_timeout",
}
"""The fields of `worker_config`, with the attributes of the record."""
_FIELDS: Final = {
    "name": "name",
    "product_id": "product",
    "image": "image",
    "registry_auth_id": "auth",
    "entrypoint": "entrypoint",
    "command": "command",
    "envs": "envs",
    "region_id": "cluster",
}
"""The fields that hold an attribute of the record as it is."""
_STATES: Final = {"serving": "running"}
_WORKER_STATES: Final = {"running": "ready"}
"""The words of v2 in the examples of its pages, for those of the record. The others are assumed to be those of v1."""


def _create(world: World, call: IncomingCall) -> Any:
    if call.key:  # not a call of a scenario
        endpoints.check_pace(world)
    body = call.body
    new = Endpoint(
        id="",
        name="",
        app_name=body["app_name"],
        type=body["type"],
        product="",
        workers_min=0,
        workers_max=0,
        free_timeout=300,
        concurrency=1,
        gpus=1,
        request_timeout=3600,
        cuda="",
        port=80,
        policy="queue",
        policy_value=60,
        image="",
        auth="",
        command="",
        rootfs=100,
        mounts=[],
        cluster="",
        envs=[],
        health="/",
    )
    return {"id": endpoints.create(world, replace(new, **_given(body))).id}


def _update(world: World, call: IncomingCall) -> Any:
    """Changes the given fields and keeps the others."""
    present = endpoint_of(world, call.path["endpoint_id"])
    endpoints.update(world, replace(present, **_given(call.body)))
    return {}


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that a request sets."""
    values: dict[str, Any] = {attribute: body[field] for field, attribute in _FIELDS.items()}
    values |= {attribute: (body["worker_config"] or {}).get(field) for field, attribute in _WORKER_FIELDS.items()}
    policy, check = body["policy"] or {}, body["health_check"] or {}
    values |= {"policy": policy.get("type"), "policy_value": policy.get("value")}
    values |= {"health": check.get("path"), "health_port": check.get("port")}
    values["port"] = body["ports"][0] if body["ports"] else None
    if body["volumes"] is not None:
        values["mounts"] = [_mount(volume, index) for index, volume in enumerate(body["volumes"])]
    return {name: value for name, value in values.items() if value is not None}


def _mount(volume: Mapping[str, Any], index: int) -> dict[str, Any]:
    if volume["type"] == "local":
        return {"type": "local", "id": "", "size": volume["size"] or 30, "mountPath": volume["mount_point"]}
    if not volume["id"]:
        raise invalid(f"volumes[{index}].id", "is required")
    return {"type": "network", "id": volume["id"], "size": 0, "mountPath": volume["mount_point"]}


def _delete(world: World, call: IncomingCall) -> Any:
    endpoints.delete(world, call.path["endpoint_id"])
    return {}


def _get(world: World, call: IncomingCall) -> Any:
    return _shown(world, endpoint_of(world, call.path["endpoint_id"]), base=call.base())


def _list(world: World, call: IncomingCall) -> Any:
    present, base = world.endpoints.listed(), call.base()
    return cursor_page(world, present, call, place=record_place, shown=lambda one: _shown(world, one, base=base))


def _shown(world: World, endpoint: Endpoint, *, base: str) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "type": endpoint.type,
        "name": endpoint.name,
        "app_name": endpoint.app_name,
        "status": {
            "status": _STATES.get(endpoint.state, endpoint.state),
            "error": endpoint.error,
            "message": endpoint.message,
        },
        "url": endpoint_url(endpoint, base=base),
        "product_id": endpoint.product,
        "worker_config": {field: getattr(endpoint, attribute) for field, attribute in _WORKER_FIELDS.items()},
        "policy": {"type": endpoint.policy, "value": endpoint.policy_value},
        "image": endpoint.image,
        "registry_auth_id": endpoint.auth,
        "entrypoint": endpoint.entrypoint,
        "command": endpoint.command,
        "volumes": [
            {"id": mount["id"], "type": mount["type"], "size": mount["size"], "mount_point": mount["mountPath"]}
            for mount in endpoint.mounts
        ],
        "envs": endpoint.envs,
        "ports": [endpoint.port],
        "workers": [_worker(world, endpoint, worker) for worker in endpoints.shown_workers(world, endpoint)],
        "health_check": {"path": endpoint.health, "port": endpoint.health_port or endpoint.port},
        "region_id": endpoint.cluster,
        "member_id": world.owner,
        "owner_id": world.owner,
        "created_at": int(endpoint.created),
    }


def _worker(world: World, endpoint: Endpoint, worker: Worker) -> dict[str, Any]:
    return {
        "id": worker.id,
        "status": {
            "status": _WORKER_STATES.get(worker.state, worker.state),
            "error": worker.error,
            "message": worker.message,
        },
        "log": worker_log_path(world, endpoint, worker),
        "health": worker.healthy,
        "drain": False,
    }


_WORKERS: Final = Fields(
    {
        "max_replicas": need(Whole(0, 1000)),
        **dict.fromkeys(
            (
                "min_replicas",
                "idle_timeout",
                "max_concurrent_per_worker",
                "gpu_num",
                "rootfs_size_gb",
                "request_timeout",
            ),
            may(Whole()),
        ),
        "min_cuda_version": may(Text(0, 255)),
    }
)
_VOLUME: Final = Fields(
    {
        "id": OTHER_ID,
        "type": may(Text(one_of=("network", "local")), "network"),
        "size": may(Whole(), 0),
        "mount_point": need(Text(1, 255, pattern=r"/[A-Za-z0-9_./-]*")),
    }
)
_CONTAINER: Final = {
    "registry_auth_id": may(Text(0, 255)),
    "entrypoint": may(COMMAND),
    "command": may(COMMAND),
    "policy": may(Fields({"type": need(Text(one_of=("queue", "concurrency"))), "value": may(Whole())})),
    "volumes": may(Items(_VOLUME, high=31)),
    "envs": may(PAIRS),
    "ports": may(Items(PORT_NUMBER, high=1)),
    "health_check": may(Fields({"path": may(Text(1, 255, pattern="/.*")), "port": may(PORT_NUMBER)})),
    "region_id": may(Text(0, 255)),
}
_CREATE: Final = {
    "type": need(Text(one_of=("sync", "async"))),
    "name": need(Text(1, 255)),
    "product_id": need(ID),
    "image": need(Text(1, 500)),
    "worker_config": need(_WORKERS),
    "app_name": may(Text(0, 63, pattern=r"([a-z0-9]([a-z0-9-]*[a-z0-9])?)?"), ""),
    **_CONTAINER,
}
_UPDATE: Final = {
    "name": may(Text(1, 255)),
    "product_id": may(ID),
    "image": may(Text(1, 500)),
    "worker_config": may(_WORKERS),
    **_CONTAINER,
}
_NAMES: Final = {
    "rootfsSize": "worker_config.rootfs_size_gb",
    "workerConfig.minNum": "worker_config.min_replicas",
    "workerConfig.maxNum": "worker_config.max_replicas",
    "workerConfig.freeTimeout": "worker_config.idle_timeout",
    "workerConfig.maxConcurrent": "worker_config.max_concurrent_per_worker",
    "workerConfig.gpuNum": "worker_config.gpu_num",
    "workerConfig.requestTimeout": "worker_config.request_timeout",
    "workerConfig.cudaVersion": "worker_config.min_cuda_version",
    "volumeMounts": "volumes",
    "volumeMounts.size": "volumes.size",
    "clusterID": "region_id",
}
_ENDPOINT: Final = obj(
    id=TEXT,
    type=choice("sync", "async"),
    name=TEXT,
    app_name=TEXT,
    status=status_schema("creating", "running", "updating", "deleting"),
    url=TEXT,
    product_id=TEXT,
    worker_config=obj(**{field: TEXT if field == "min_cuda_version" else COUNT for field in _WORKER_FIELDS}),
    policy=obj(type=choice("queue", "concurrency"), value=COUNT),
    image=TEXT,
    registry_auth_id=TEXT,
    entrypoint=TEXT,
    command=TEXT,
    volumes=items(obj(id=TEXT, type=choice("network", "local"), size=COUNT, mount_point=TEXT)),
    envs=items(PAIR),
    ports=items(WHOLE),
    workers=items(
        obj(id=TEXT, status=status_schema("creating", "ready", "failed", "removed"), log=TEXT, health=FLAG, drain=FLAG)
    ),
    health_check=obj(path=TEXT, port=WHOLE),
    region_id=TEXT,
    member_id=TEXT,
    owner_id=TEXT,
    created_at=COUNT,
)
OPERATIONS = (
    operation_v2(
        "endpoints_v2.list",
        "GET /endpoints",
        "list-endpoint",
        _list,
        answer=data_page(_ENDPOINT),
        query=CURSOR,
        counterpart="endpoints.list",
    ),
    operation_v2(
        "endpoints_v2.create",
        "POST /endpoints",
        "create-endpoint",
        _create,
        answer=answer_schema.MADE,
        body=_CREATE,
        counterpart="endpoints.create",
        fields=_NAMES,
    ),
    operation_v2(
        "endpoints_v2.get",
        "GET /endpoints/{endpoint_id}",
        "get-endpoint",
        _get,
        answer=_ENDPOINT,
        counterpart="endpoints.get",
    ),
    operation_v2(
        "endpoints_v2.update",
        "PUT /endpoints/{endpoint_id}",
        "update-endpoint",
        _update,
        body=_UPDATE,
        counterpart="endpoints.update",
        fields=_NAMES,
    ),
    operation_v2(
        "endpoints_v2.delete",
        "DELETE /endpoints/{endpoint_id}",
        "delete-endpoint",
        _delete,
        confidence=Confidence.GUESSED,
        counterpart="endpoints.delete",
    ),
)
