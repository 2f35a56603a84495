"""The kind Endpoint: a pool of identical serverless workers behind one URL.

Workers come and go by themselves and are never part of what is declared; they only tell whether the endpoint is ready.
"""

from __future__ import annotations

from typing import Any, Final

from novita_infra.api.json_values import filled, object_of
from novita_infra.api.request import GPU, Pages, Request, get, post
from novita_infra.kinds.call import ApiCalls, Call, ReadCalls, Target
from novita_infra.kinds.endpoint import prices as endpoint_prices
from novita_infra.kinds.endpoint import resolution as endpoint_wishes
from novita_infra.kinds.endpoint.parsing import WORKER_KEYS, mishap, new_id, parse, unwrap, workers_agree
from novita_infra.kinds.field import By, Default, Field, Replaces
from novita_infra.kinds.kind import DriftRules, Kind, Market, PlacementRules, Resolution
from novita_infra.kinds.toolkit.field_schemas import COMMAND, ENV, IMAGE, REFERENCE, STORAGE_MOUNTS, TEXT
from novita_infra.kinds.toolkit.image_pulls import pull_remedy
from novita_infra.kinds.toolkit.owner_marks import env_with_mark
from novita_infra.kinds.toolkit.translation import port_of, product_by_id, storage_mounts
from novita_infra.model.lifecycle import Timeouts
from novita_infra.model.resources import PRESENT, Live, Loss, Phase
from novita_infra.model.values import Spec

_MOUNT_PATH: Final = {
    "type": "string",
    "pattern": "^/[A-Za-z0-9_./-]*$",
    "maxLength": 255,
    "examples": ["/data"],
    "description": "A directory in the worker, from / on: letters, digits and _ . - /.",
}
"""A directory in the worker (serverless-create-endpoint: 0-255, letters, digits and `_ . - /`)."""

_COUNT: Final = {"type": "integer", "minimum": 1}

_FIELDS = (
    Field(
        name="name",
        schema={"type": "string", "minLength": 1, "maxLength": 220},
        doc="The endpoint's name.",
        api="name (serverless-create-endpoint)",
        change=By("update"),
    ),
    Field(
        name="appName",
        schema={
            "type": "string",
            "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
            "maxLength": 63,
            "examples": ["chat-api"],
        },
        doc="Part of the URL, in use by nobody else: lower-case letters, digits and inner hyphens. Default: the id.",
        api="appName (serverless-create-endpoint)",
        change=Replaces("the app name is part of the URL and cannot be edited"),
    ),
    Field(
        name="product",
        schema={
            "type": "object",
            "properties": {
                "gpu": {**TEXT, "description": "A part of the name of a serverless GPU product."},
                "id": {**TEXT, "description": "The id of a serverless product."},
            },
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        },
        doc="The GPU of a worker, by its name (`{gpu: RTX 4090}`) or by a serverless product's id (`{id: ...}`).",
        api="products[].id (serverless-create-endpoint); names from gpus-v2-list-products, category serverless",
        change=Replaces("the product of an endpoint cannot be edited"),
        required=True,
        satisfied=lambda wanted, found: object_of(wanted).get("id") == object_of(found).get("id"),
    ),
    Field(
        name="gpuCount",
        schema=_COUNT,
        doc="GPUs per worker.",
        api="workerConfig.gpuNum (serverless-create-endpoint)",
        change=By("update"),
        absent=Default(1),
    ),
    Field(
        name="workers",
        schema={
            "type": "object",
            "properties": {
                "min": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "Workers kept when idle; 0 scales to zero.",
                },
                "max": {**_COUNT, "description": "The most workers at once."},
                "idleTimeout": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "Seconds without a request before a worker is released; they are charged.",
                },
                "maxConcurrency": {**_COUNT, "description": "Requests that one worker takes at once."},
                "requestTimeout": {**_COUNT, "description": "Seconds that one request may take."},
            },
            "required": ["min", "max", "idleTimeout", "maxConcurrency", "requestTimeout"],
            "additionalProperties": False,
        },
        doc="How many workers there are, how long they stay, and what each takes on.",
        api="workerConfig: minNum, maxNum, freeTimeout, maxConcurrent, requestTimeout (serverless-create-endpoint)",
        change=By("update"),
        required=True,
        satisfied=workers_agree,
    ),
    Field(
        name="minCudaVersion",
        schema=TEXT,
        doc="The lowest CUDA version that the machine's driver must support, such as `12.4`, or `any`.",
        api="workerConfig.cudaVersion (serverless-update-endpoint); legal ones from serverless-query-endpoint-limit",
        change=By("update"),
    ),
    Field(
        name="ports",
        schema={
            "type": "array",
            "items": {"type": "string", "pattern": "^[1-9][0-9]{0,4}/http$", "examples": ["8000/http"]},
            "minItems": 1,
            "maxItems": 1,
        },
        doc='The one HTTP port that the worker listens on, such as `["8000/http"]`; not 2222, 2223 or 2224.',
        api="ports[].port (serverless-create-endpoint)",
        change=By("update"),
        required=True,
    ),
    Field(
        name="scaling",
        schema={
            "type": "object",
            "properties": {
                "type": {"enum": ["queue", "concurrency"], "description": "What is watched."},
                "value": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "queue: seconds that a request may wait; concurrency: requests per worker.",
                },
            },
            "required": ["type", "value"],
            "additionalProperties": False,
        },
        doc="When more workers are started: by seconds in the queue, or by requests per worker.",
        api="policy: type, value (serverless-create-endpoint)",
        change=By("update"),
        required=True,
    ),
    Field(
        name="image",
        schema={**IMAGE, "maxLength": 511},
        doc="The container image of the workers.",
        api="image.image (serverless-create-endpoint)",
        change=By("update"),
        required=True,
    ),
    Field(
        name="registryAuth",
        schema=REFERENCE,
        doc="The credential for a private image.",
        api="image.authId (serverless-create-endpoint)",
        change=By("update"),
        absent=Default(""),
        refers="registry_auth",
    ),
    Field(
        name="command",
        schema=COMMAND,
        doc="Replaces the image's command.",
        api="image.command (serverless-create-endpoint)",
        change=By("update"),
        absent=Default(""),
    ),
    Field(
        name="rootDiskGb",
        schema={**_COUNT, "default": endpoint_prices.ROOT_GB},
        doc="Root disk of a worker in GB.",
        api="rootfsSize (serverless-create-endpoint)",
        change=Replaces("the root disk of an endpoint cannot be edited"),
    ),
    Field(
        name="networkStorages",
        schema={
            **STORAGE_MOUNTS,
            "items": {
                "type": "object",
                "properties": {"storage": REFERENCE, "mountPath": _MOUNT_PATH},
                "required": ["storage", "mountPath"],
                "additionalProperties": False,
            },
        },
        doc="Network storages that every worker mounts; they must be in the endpoint's cluster.",
        api="volumeMounts[] of type network (serverless-create-endpoint)",
        change=By("update"),
        absent=Default([]),
        unordered=True,
        refers="network_storage",
        refers_at=("*", "storage"),
    ),
    Field(
        name="localStorage",
        schema={
            "type": "object",
            "properties": {"sizeGb": {**_COUNT, "description": "Size in GB."}, "mountPath": _MOUNT_PATH},
            "required": ["sizeGb", "mountPath"],
            "additionalProperties": False,
        },
        doc="A local disk of each worker; it is gone with the worker.",
        api="volumeMounts[] of type local: size, mountPath (serverless-create-endpoint)",
        change=By("update"),
        absent=Default({}),
    ),
    Field(
        name="cluster",
        schema=TEXT,
        doc="The cluster of the workers, by id or name; needed with network storages, and known from a declared one.",
        api="clusterID (serverless-create-endpoint)",
        change=By("update"),
    ),
    Field(
        name="env",
        schema=ENV,
        doc="Environment variables of the workers.",
        api="envs[] (serverless-create-endpoint)",
        change=By("update"),
        absent=Default({}),
        secret_items=True,
    ),
    Field(
        name="healthPath",
        schema={"type": "string", "pattern": "^/", "examples": ["/health"]},
        doc="The HTTP path that tells whether a worker is healthy, such as `/health`.",
        api="healthy.path (serverless-create-endpoint)",
        change=By("update"),
        required=True,
    ),
)


# --- requests -------------------------------------------------------------------------------------------------------


def _create(target: Target) -> Request:
    own = {
        "name": target.value("name"),
        "appName": target.value("appName"),
        "products": [{"id": target.value("product", {}).get("id")}],
        "rootfsSize": target.value("rootDiskGb", endpoint_prices.ROOT_GB),
    }
    return post(f"{GPU}/endpoint/create", {"endpoint": {**filled(own), **_settings(target)}})


def _update(target: Target) -> Request:
    """Flat and in full: what is left out may be cleared (serverless-update-endpoint)."""
    body = {"id": target.id, **filled({"name": target.value("name")}), **_settings(target)}
    return post(f"{GPU}/endpoint/update", body, repeatable=True)


def _delete(target: Target) -> Request:
    """By the reference the id is sent as `name`; a client in production sends it as `id`."""
    return post(f"{GPU}/endpoint/delete", {"name": target.id, "id": target.id}, repeatable=True)


def _get(endpoint_id: str) -> Request:
    return get(f"{GPU}/endpoint", id=endpoint_id)


def _settings(target: Target) -> dict[str, Any]:
    """What a create and an update have in common."""
    workers = target.value("workers", {})
    local = target.value("localStorage") or {}
    mounts: list[dict[str, Any]] = [*storage_mounts(target.value("networkStorages"))]
    if local:
        mounts.append({"type": "local", "size": local["sizeGb"], "mountPath": local["mountPath"]})
    image = {
        "image": target.value("image"),
        "authId": target.value("registryAuth"),
        "command": target.value("command"),
    }
    return {
        "workerConfig": {
            **{key: workers[name] for name, key in WORKER_KEYS.items() if name in workers},
            "gpuNum": target.value("gpuCount", 1),
            **filled({"cudaVersion": target.value("minCudaVersion")}),
        },
        # A text by the reference, and by the vendor's own client.
        "ports": [{"port": str(port_of(port)[0])} for port in target.value("ports", ())],
        "policy": target.value("scaling"),
        "image": {name: value for name, value in image.items() if value is not None},
        "volumeMounts": mounts,
        "envs": env_with_mark(target.value("env"), target.mark),
        "healthy": {"path": target.value("healthPath")},
        **filled({"clusterID": target.value("cluster")}),
    }


def _lost(target: Target) -> tuple[Loss, ...]:
    """The disks of workers, which go with each worker that the load no longer needs, hold nothing that lasts."""
    root, local = target.was("rootDiskGb"), target.was("localStorage") or {}
    when = "as with every worker that is released"
    disks = [Loss("what is on the container disk of each worker", root, when)]
    if local:
        disks.append(Loss("what is on the local disk of each worker", local.get("sizeGb"), when))
    return tuple(disks)


def _same(spec: Spec, live: Live) -> bool:
    """The app name is an endpoint's own; where none is declared, the name and the product must do."""
    wanted, found = object_of(spec.get("product")), object_of(live.values.get("product"))
    app = spec.get("appName") in (None, live.values.get("appName"))
    return bool(app and spec.get("name") == live.name and wanted.get("id") == found.get("id"))


ENDPOINT = Kind(
    name="Endpoint",
    type="endpoint",
    summary="A serverless endpoint: identical GPU workers behind one URL, more or fewer with the load.",
    fields=_FIELDS,
    outputs={
        "url": "the base of the HTTP service",
        "appName": "the name in the URL",
        "state": "the service's own word for its state",
        "workers": "how many workers there are, those still starting included",
        "readyWorkers": "how many workers run and are healthy",
    },
    api=ApiCalls(
        read=ReadCalls(
            pages=Pages(path=f"{GPU}/endpoints", items=("endpoints", "data"), identity=("id",), number="pageNum"),
            parse=parse,
            get=_get,
            unwrap=unwrap,
        ),
        create=Call(
            name="create", summary="create: the endpoint and its workers start", usual_seconds=120, request=_create
        ),
        new_id=new_id,
        matches=_same,
        updates=(
            Call(
                name="update",
                summary="update: new workers start before the old ones are released, the URL stays",
                usual_seconds=120,
                request=_update,
                # Workers that cannot start leave an endpoint unready for ever; a mended image must still get in.
                allowed_phases=PRESENT,
            ),
        ),
        delete=Call(
            name="delete",
            summary="delete: all workers are removed, the URL stops answering",
            usual_seconds=20,
            request=_delete,
            final_phases=frozenset({Phase.GONE}),
            allowed_phases=PRESENT,
            losses=_lost,
        ),
        marked=True,
    ),
    resolution=Resolution(
        inherit=endpoint_wishes.inherit,
        check=endpoint_wishes.check,
        catalogues=("clusters", "serverless", "endpoint_limits"),
        resolve=endpoint_wishes.choose,
        resolved=frozenset({"product", "cluster"}),
        written={"product": product_by_id},
    ),
    placement=PlacementRules(
        cluster="cluster",
        product="product",
    ),
    market=Market(
        stock_needed=endpoint_wishes.takes,
        price_lists=("serverless", "endpoint_limits"),
        costs=endpoint_prices.costs,
    ),
    drift=DriftRules(
        platform_event=mishap,
        remedy=pull_remedy,
    ),
    timeouts=Timeouts(create=1800, update=1800, delete=900),
    example="""\
apiVersion: novita-infra/v1
kind: Endpoint
metadata:
  name: api
spec:
  product: {gpu: RTX 4090}
  image: docker.io/library/nginx:1.27
  ports: ["80/http"]
  healthPath: /
  workers: {min: 0, max: 3, idleTimeout: 60, maxConcurrency: 8, requestTimeout: 600}
  scaling: {type: queue, value: 10}
  env:
    LOG_LEVEL: info
""",
)
