"""Answers of the catalogue, and of the jobs and metrics of instances."""

from __future__ import annotations

from typing import Final

from novita_infra.simulator.answer_schema import (
    COUNT,
    DIGITS,
    FLAG,
    NOTHING,
    NUMBER,
    PAIR,
    TEXT,
    TIME,
    Schema,
    choice,
    either,
    items,
    obj,
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
PRODUCT_V2: Final = obj(
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
REGION_V2: Final = obj(
    id=TEXT, name=TEXT, gpus=items(TEXT), feature=obj(network_volume=FLAG, instance_vpc_network=FLAG)
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
