"""Answers of the catalogue, of instances, of their jobs and of their metrics."""

from __future__ import annotations

from typing import Final

from novita_infra.simulator.answers.words import (
    COUNT,
    DIGITS,
    FLAG,
    NOTHING,
    NUMBER,
    PAIR,
    TEXT,
    TIME,
    WHOLE,
    Schema,
    choice,
    either,
    items,
    known,
    more,
    obj,
    one_item,
)
from novita_infra.simulator.profiles import Quirks

REFUSALS: Final = (
    "INSUFFICIENT_RESOURCE",
    "MIGRATE_INSUFFICIENT_RESOURCE",
    "GPU_SPEC_USED",
    "CLUSTER_STATUS",
    "NODE_STATUS",
    "CREATE_INSTANCE_LIMIT",
    "PREPAID_INSTANCE_NOT_SUPPORT_RELEASE",
    "CREATING_INSTANCE_NOT_SUPPORT_RENEWAL",
    "INSTANCE_LOCAL_STORAGE_NOT_FOUND",
    "JOB_NOT_FOUND",
)
"""The documented reasons (basic-error-code) of refusals by stock and by instances, all HTTP 400."""

# --- clusters and products ------------------------------------------------------------------------------------------

_INVENTORY: Final = choice("none", "low", "normal", "high")
CLUSTERS: Final = obj(
    data=items(
        obj(
            id=TEXT,
            name=TEXT,
            availableGpuType=items(TEXT),
            supportNetworkStorage=FLAG,
            supportInstanceNetwork=FLAG,
        )
    )
)


def gpu_products(quirks: Quirks) -> Schema:
    """GPU products. Prices are 1/100000 USD per GPU and hour: decimal text live, integers by the reference."""
    return obj(
        data=items(
            obj(
                id=TEXT,
                name=TEXT,
                cpuPerGpu=COUNT,
                memoryPerGpu=COUNT,
                diskPerGpu=COUNT,
                availableDeploy=FLAG,
                canBuy=FLAG,
                minRootFS=COUNT,
                maxRootFS=COUNT,
                minLocalStorage=COUNT,
                maxLocalStorage=COUNT,
                regions=items(TEXT),
                price=DIGITS if quirks.prices_as_text else COUNT,
                spotPrice=DIGITS,
                monthlyPrice=items(obj(price=COUNT, month=COUNT)),
                billingMethods=items(choice("onDemand", "monthly", "spot")),
                inventoryState=_INVENTORY,
            )
        )
    )


CPU_PRODUCTS: Final = obj(
    data=items(
        obj(
            id=TEXT,
            name=TEXT,
            cpuNum=COUNT,
            memorySize=COUNT,
            rootfsSize=COUNT,
            localVolumeSize=COUNT,
            availableDeploy=FLAG,
            price=COUNT,
        )
    )
)
_RATE: Final = obj(base_price=COUNT, final_price=COUNT, unit=choice("per_hour"))
_TERM: Final = obj(spec_id=TEXT, duration_months=COUNT, base_price=COUNT, final_price=COUNT)
_GPU_SPEC: Final = obj(
    spec_id=TEXT, name=TEXT, memory_gb=COUNT, min=COUNT, max=COUNT, available=COUNT, max_available=COUNT
)
PRODUCTS_V2: Final = obj(
    data=items(
        obj(
            id=TEXT,
            name=TEXT,
            type=choice("gpu", "cpu"),
            category=choice("instance", "serverless"),
            description=TEXT,
            region_ids=items(TEXT),
            resource_spec=obj(
                gpu=either(_GPU_SPEC, NOTHING),
                cpu=COUNT,
                memory_gb=COUNT,
                rootfs=obj(min_gb=COUNT, max_gb=COUNT, free_gb=COUNT),
            ),
            pricing=obj(
                precision=COUNT,
                postpaid=either(_RATE, NOTHING),
                spot=either(_RATE, NOTHING),
                prepaid=items(_TERM),
                storage_price_per_gb=COUNT,
            ),
            billing_methods=items(choice("postpaid", "prepaid", "spot")),
            inventory_state=_INVENTORY,
            deployable=FLAG,
            activity=obj(is_activity_product=FLAG, active=FLAG, purchasable=FLAG),
        )
    ),
    next_cursor=TEXT,
    has_more=FLAG,
)
REGIONS_V2: Final = obj(
    data=items(obj(id=TEXT, name=TEXT, gpus=items(TEXT), feature=obj(network_volume=FLAG, instance_vpc_network=FLAG))),
    next_cursor=TEXT,
    has_more=FLAG,
)

# --- instances ------------------------------------------------------------------------------------------------------

_STATUS: Final = known(
    "pending",
    "toCreate",
    "creating",
    "pulling",
    "running",
    "toStart",
    "starting",
    "toStop",
    "stopping",
    "exited",
    "toRestart",
    "restarting",
    "toRemove",
    "removing",
    "removed",
    "toReset",
    "resetting",
    "migrating",
    "freezing",
)
_MOUNT: Final = obj(type=choice("network", "local"), size=DIGITS, id=TEXT, mountPath=TEXT)
_PORT: Final = obj(port=WHOLE, type=choice("tcp", "http"))


def _listed(quirks: Quirks) -> Schema:
    modes = ("onDemand", "monthly", "spot")
    return obj(
        id=TEXT,
        name=TEXT,
        clusterId=TEXT,
        clusterName=TEXT,
        status=_STATUS,
        imageUrl=TEXT,
        imageAuthId=TEXT,
        command=TEXT,
        entrypoint=TEXT,
        cpuNum=DIGITS,
        memory=DIGITS,
        gpuNum=DIGITS,
        portMappings=items(_PORT),
        productId=TEXT,
        productName=TEXT,
        rootfsSize=COUNT,
        volumeMounts=items(_MOUNT),
        statusError=obj(state=TEXT, message=TEXT),
        envs=items(PAIR),
        kind=choice("gpu", "cpu"),
        billingMode=choice(*modes, "") if quirks.blank_billing_mode else choice(*modes),
        endTime=TIME,
        spotStatus=choice("", "running", "notified", "reclaiming", "terminated"),
        spotReclaimTime=TIME,
    )


def instances(quirks: Quirks) -> Schema:
    """A page of instances. Sizes of mounts are text; ports have no endpoint."""
    return obj(instances=items(_listed(quirks)), total=COUNT)


def instance(quirks: Quirks) -> Schema:
    """One instance, without an envelope."""
    node = obj(maxRootfsSize=COUNT)
    return more(
        _listed(quirks),
        portMappings=items(more(_PORT, endpoint=TEXT)),
        volumeMounts=items(more(_MOUNT, size=COUNT)),
        network=obj(id=TEXT, ip=TEXT),
        node=node if quirks.node_as_object else one_item(node),
        jobs=items(obj(id=TEXT, type=choice("saveImage"))),
        connectComponentSSH=obj(sshCommand=TEXT, password=TEXT, isRunning=FLAG),
        connectComponentWebTerminal=obj(address=TEXT, username=TEXT, password=TEXT, isRunning=FLAG),
        connectComponentJupyter=obj(port=COUNT, address=TEXT, isRunning=FLAG),
        connectComponentLog=obj(systemLogAddress=TEXT, instanceLogAddress=TEXT, isRunning=FLAG),
        freeStorageSize=COUNT,
        keepDataDay=COUNT,
        createdAt=TIME,
        lastStartedAt=TIME,
        lastStoppedAt=TIME,
    )


# --- jobs and metrics -----------------------------------------------------------------------------------------------

JOB: Final = obj(jobId=TEXT)
JOBS: Final = obj(
    jobs=items(
        obj(
            Id=TEXT,
            user=TEXT,
            type=choice("saveImage", "instanceMigrate", "autoInstanceMigrate"),
            envs=items(PAIR),
            state=obj(
                state=choice("pulling", "running", "fail", "success", "break"),
                error=TEXT,
                errorMessage=TEXT,
            ),
            logAddress=TEXT,
            createdAt=TIME,
            instanceId=TEXT,
        )
    ),
    total=COUNT,
)
_SERIES: Final = items(obj(timestamp=TIME, value=NUMBER))
_BY_GPU: Final = obj(avg=_SERIES, gpuIds=items(obj(gpuId=TEXT, items=_SERIES)))
METRICS: Final = obj(
    cpuUtilization=_SERIES,
    memUtilization=_SERIES,
    rootDiskUtilization=_SERIES,
    gpuUtilization=_BY_GPU,
    gpuMemUtilization=_BY_GPU,
)
