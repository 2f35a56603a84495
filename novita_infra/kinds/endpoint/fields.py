"""The fields of an Endpoint, and what a difference in each means."""

from __future__ import annotations

from typing import Final

from novita_infra.api.json_values import object_of
from novita_infra.kinds.endpoint import parsing, prices
from novita_infra.kinds.field import By, Comparison, Default, Field, Replaces, Secrecy
from novita_infra.kinds.toolkit import other_words, wishes
from novita_infra.kinds.toolkit.field_schemas import (
    CHOICE,
    COMMAND,
    ENV,
    IMAGE,
    REFERENCE,
    STORAGE_MOUNTS,
    TEXT,
    closed,
)

_MOUNT_PATH: Final = {
    "type": "string",
    "pattern": "^/[A-Za-z0-9_./-]*$",
    "maxLength": 255,
    "examples": ["/data"],
    "description": "A directory in the worker, from / on: letters, digits and _ . - /.",
}
"""A directory in the worker (serverless-create-endpoint: 0-255, letters, digits and `_ . - /`)."""

_COUNT: Final = {"type": "integer", "minimum": 1}

FIELDS: Final = (
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
        doc="Part of the URL, unique in the service: lower-case letters, digits and inner hyphens. Default: the id.",
        api="appName (serverless-create-endpoint)",
        change=Replaces("the app name is part of the URL and cannot be edited"),
    ),
    Field(
        name="product",
        other_names=other_words.PRODUCT,
        schema={
            "type": "object",
            "properties": {
                "gpu": {**TEXT, "description": "The name of a serverless GPU product, or a part that fits no other."},
                "id": {**TEXT, "description": "The id of a serverless product."},
                "choose": CHOICE,
                **wishes.SCHEMAS,
            },
            "if": {"anyOf": [{"required": [name]} for name in wishes.SCHEMAS]},
            "else": {"oneOf": [{"required": [name]} for name in ("gpu", "id")]},
            "additionalProperties": False,
        },
        doc="The GPU of a worker, by its name (`{gpu: RTX 4090}`), by what it must have "
        "(`{minGpuMemoryGb: 40}`), or by a serverless product's id (`{id: ...}`).",
        api="products[].id (serverless-create-endpoint); names from gpus-v2-list-products, category serverless",
        change=Replaces("the product of an endpoint cannot be edited"),
        required=True,
        compared=lambda declared, live: object_of(declared).get("id") == object_of(live).get("id"),
    ),
    Field(
        name="gpuCount",
        other_names=other_words.GPUS,
        schema=_COUNT,
        doc="GPUs per worker.",
        api="workerConfig.gpuNum (serverless-create-endpoint)",
        change=By("update"),
        absent=Default(1),
    ),
    Field(
        name="workers",
        other_names=("minworkers", "maxworkers", "autoscaling"),
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
        doc="How many workers there are, how long idle ones remain, and how many requests each takes.",
        api="workerConfig: minNum, maxNum, freeTimeout, maxConcurrent, requestTimeout (serverless-create-endpoint)",
        change=By("update"),
        required=True,
        compared=parsing.workers_agree,
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
                "type": {"enum": ["queue", "concurrency"], "description": "The measure."},
                "value": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "queue: seconds that a request may wait; concurrency: requests per worker.",
                },
            },
            "required": ["type", "value"],
            "additionalProperties": False,
        },
        doc="When more workers start: by seconds in the queue, or by requests per worker.",
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
        other_names=other_words.CREDENTIAL,
        schema=REFERENCE,
        doc="The credential for a private image.",
        api="image.authId (serverless-create-endpoint)",
        change=By("update"),
        absent=Default(""),
        refers="registry_auth",
    ),
    Field(
        name="command",
        other_names=other_words.COMMAND,
        schema=COMMAND,
        doc="Replaces the image's command.",
        api="image.command (serverless-create-endpoint)",
        change=By("update"),
        absent=Default(""),
        secrecy=Secrecy.TEXT,
    ),
    Field(
        name="rootDiskGb",
        other_names=other_words.DISK,
        schema={**_COUNT, "default": prices.ROOT_GB},
        doc="Root disk of a worker in GB.",
        api="rootfsSize (serverless-create-endpoint)",
        change=Replaces("the root disk of an endpoint cannot be edited"),
    ),
    Field(
        name="networkStorages",
        other_names=other_words.MOUNTS,
        schema={**STORAGE_MOUNTS, "items": closed(storage=REFERENCE, mountPath=_MOUNT_PATH)},
        doc="Network storages that every worker mounts; they must be in the endpoint's cluster.",
        api="volumeMounts[] of type network (serverless-create-endpoint)",
        change=By("update"),
        absent=Default([]),
        compared=Comparison.AS_SET,
        refers="network_storage",
        refers_at=("*", "storage"),
        entry_key="mountPath",
    ),
    Field(
        name="localStorage",
        other_names=other_words.SCRATCH,
        schema=closed(sizeGb={**_COUNT, "description": "Size in GB."}, mountPath=_MOUNT_PATH),
        doc="A local disk of each worker; it is gone with the worker.",
        api="volumeMounts[] of type local: size, mountPath (serverless-create-endpoint)",
        change=By("update"),
        absent=Default({}),
    ),
    Field(
        name="cluster",
        other_names=other_words.PLACE,
        schema=TEXT,
        doc="The cluster of the workers, by id or name; required with network storages; default: a declared one's.",
        api="clusterID (serverless-create-endpoint)",
        change=By("update"),
    ),
    Field(
        name="env",
        other_names=other_words.VARIABLES,
        schema=ENV,
        doc="Environment variables of the workers.",
        api="envs[] (serverless-create-endpoint)",
        change=By("update"),
        absent=Default({}),
        secrecy=Secrecy.ITEMS,
    ),
    Field(
        name="healthPath",
        schema={"type": "string", "pattern": "^/", "examples": ["/health"]},
        doc="The HTTP path of the health check of a worker, such as `/health`.",
        api="healthy.path (serverless-create-endpoint)",
        change=By("update"),
        required=True,
    ),
)
"""Of `spec`, in the order in which they are shown."""
