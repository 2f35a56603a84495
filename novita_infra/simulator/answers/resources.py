"""Answers of storages, prewarm tasks, networks, registry auths and serverless endpoints."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.simulator.answer_schema import (
    COUNT,
    DIGITS,
    EMPTY_OBJECT,
    FLAG,
    NOTHING,
    PAIR,
    TEXT,
    TIME,
    WHOLE,
    Schema,
    choice,
    either,
    items,
    known,
    obj,
    one_item,
)
from novita_infra.simulator.profiles import Quirks

REFUSALS: Final = (
    "NETWORK_STORAGE_TOO_LARGE",
    "CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT",
    "NETWORK_STORAGE_IN_USE",
    "NETWORK_STORAGE_UNAVAILABLE",
    "NETWORK_STORAGE_NOT_FOUND",
    "IMAGE_NOT_FOUND",
    "IMAGE_AUTH_IN_USE",
    "NETWORK_NOT_FOUND",
    "NETWORK_IN_USE",
    "NETWORK_MAX_LIMIT",
    "SERVERLESS_ENDPOINT_NOT_FOUND",
    "SERVERLESS_WORKER_NOT_FOUND",
    "SERVERLESS_PRODUCT_NOT_FOUND",
    "SERVERLESS_APP_NAME_IS_EXIST",
    "TEMPLATE_IS_PRIVATE",
    "TEMPLATE_NOT_FOUND",
)
"""The documented reasons (basic-error-code) of refusals by these resources, all HTTP 400."""

# --- storages -------------------------------------------------------------------------------------------------------

_STORAGE: Final = obj(
    storageId=TEXT, storageName=TEXT, storageSize=COUNT, clusterId=TEXT, clusterName=TEXT, price=DIGITS
)


def storages(quirks: Quirks) -> Schema:
    """A page of storages. Some profiles answer `null` for an empty page."""
    listed = items(_STORAGE)
    return obj(data=either(listed, NOTHING) if quirks.null_when_empty else listed, total=COUNT)


def storage_made(quirks: Quirks) -> Schema:
    """The answer of create: the id alone, or an object with the id."""
    if quirks.storage_id_bare:
        return {"type": "string", "minLength": 1}
    return obj(storageId=TEXT, storageName=TEXT, storageSize=COUNT, clusterId=TEXT)


# --- prewarm tasks --------------------------------------------------------------------------------------------------

PREWARM_QUOTA: Final = obj(total=COUNT, limit=COUNT, perImageSize=COUNT)
PREWARMS: Final = obj(
    data=items(
        obj(
            id=TEXT,
            imageName=TEXT,
            imageUrl=TEXT,
            repositoryAuth=TEXT,
            clusterId=TEXT,
            clusterName=TEXT,
            products=items(obj(productId=TEXT, productName=TEXT)),
            imageSize=DIGITS,
            createTime=TIME,
            completeTime=TIME,
            state=choice("Pending", "Running", "Succeeded", "Failed"),
            note=TEXT,
            reason=items(TEXT),
        )
    ),
    total=COUNT,
)

# --- networks -------------------------------------------------------------------------------------------------------


def _network(quirks: Quirks) -> Schema:
    state = obj(state=choice("creating", "ready"), error=TEXT)
    return obj(
        Id=TEXT,
        user=TEXT,
        name=TEXT,
        state=state if quirks.network_as_object else one_item(state),
        segment=TEXT,
        clusterId=TEXT,
        Addresses=items(obj(Id=TEXT, Ip=TEXT)),
        createTime=TIME,
    )


def networks(quirks: Quirks) -> Schema:
    """A page of networks. Its key depends on the profile; the total is text."""
    return obj(**{quirks.networks_key: items(_network(quirks)), "total": DIGITS})


def network(quirks: Quirks) -> Schema:
    """One network: an object, or a list of one."""
    network = _network(quirks)
    return obj(network=network if quirks.network_as_object else one_item(network))


def network_made(quirks: Quirks) -> Schema:
    """The answer of create: the network, or an empty object without an id."""
    return obj(network=one_item(_network(quirks))) if quirks.tells_network_id else EMPTY_OBJECT


# --- registry auths -------------------------------------------------------------------------------------------------

AUTHS: Final = obj(data=items(obj(id=TEXT, name=TEXT, username=TEXT, password=TEXT)))

# --- serverless endpoints -------------------------------------------------------------------------------------------

_STATE: Final = obj(
    state=known("creating", "serving", "updating", "deleting", "failed", "stopped"), error=TEXT, message=TEXT
)
_WORKER: Final = obj(
    id=TEXT,
    state=obj(state=known("creating", "running", "failed", "removed"), error=TEXT, message=TEXT),
    log=TEXT,
    metrics=TEXT,
    healthy=FLAG,
    drain=FLAG,
    createdAt=TIME,
    readyAt=TIME,
    deletedAt=TIME,
)


def _endpoint(quirks: Quirks, port: Schema) -> Schema:
    number = DIGITS if quirks.numbers_as_text else COUNT
    return obj(
        id=TEXT,
        name=TEXT,
        appName=TEXT,
        url=TEXT,
        state=_STATE,
        workerConfig=obj(
            minNum=COUNT,
            maxNum=COUNT,
            freeTimeout=number,
            maxConcurrent=number,
            gpuNum=COUNT,
            requestTimeout=COUNT,
            cudaVersion=TEXT,
        ),
        policy=obj(type=choice("queue", "concurrency"), value=number),
        image=obj(image=TEXT, authId=TEXT, command=TEXT),
        rootfsSize=COUNT,
        volumeMounts=items(obj(type=choice("network", "local"), id=TEXT, size=COUNT, mountPath=TEXT)),
        envs=items(PAIR),
        ports=one_item(obj(port=port)),
        workers=items(_WORKER),
        products=one_item(obj(id=TEXT)),
        healthy=obj(
            path=TEXT, initialDelay=COUNT, period=COUNT, timeout=COUNT, successThreshold=COUNT, failureThreshold=COUNT
        ),
        clusterID=TEXT,
        log=TEXT,
        createdAt=TIME,
        updatedAt=TIME,
    )


def endpoint(quirks: Quirks) -> Schema:
    """One endpoint. Three of its numbers are text."""
    return obj(endpoint=_endpoint(quirks, WHOLE))


def endpoints(quirks: Quirks) -> Schema:
    """A page of endpoints. Their ports are text, those of a get are numbers."""
    return obj(endpoints=items(_endpoint(quirks, DIGITS)), total=COUNT)


_BOUNDED: Final = (
    "RootfsSize",
    "LocalVolumeSize",
    "WorkerNum",
    "FreeTimeout",
    "ConcurrencyNum",
    "QueueWaitTime",
    "RequestNum",
    "GPUNum",
    "RequestTimeout",
)
_LIMITS: Final[dict[str, Any]] = {f"{end}{name}": COUNT for name in _BOUNDED for end in ("min", "max")}
ENDPOINT_LIMITS: Final = obj(**_LIMITS, freeRootfsSize=COUNT, freeLocalVolumeSize=COUNT, cudaVersionList=items(TEXT))
