"""The operations on clusters, products and regions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from novita_infra.simulator.answers import machines as answers
from novita_infra.simulator.operations import (
    CURSOR,
    V1,
    V2,
    Confidence,
    IncomingCall,
    Operation,
    cursor_page,
    data_page,
)
from novita_infra.simulator.request_schema import Fields, Text, Whole, may, need
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import catalogue, money
from novita_infra.simulator.world.market.catalogue import (
    CLUSTERS,
    CPU_PRODUCTS,
    GPU_PRODUCTS,
    SERVERLESS_PRODUCTS,
    ClusterEntry,
    ProductEntry,
)

_METHODS_V2 = {"onDemand": "postpaid", "monthly": "prepaid", "spot": "spot"}


def _clusters(_world: World, _call: IncomingCall) -> Any:
    return {
        "data": [
            {
                "id": cluster.id,
                "name": cluster.name,
                "availableGpuType": _gpu_types(cluster.id),
                "supportNetworkStorage": cluster.storage,
                "supportInstanceNetwork": cluster.vpc,
            }
            for cluster in CLUSTERS
        ]
    }


def _gpu_types(cluster: str) -> list[str]:
    return list(dict.fromkeys(one.name for one in GPU_PRODUCTS if cluster in catalogue.clusters_of(one)))


def _places(world: World, product: ProductEntry, cluster: str = "") -> tuple[int, int]:
    """Free places and all places, in one cluster or in the cluster with the most."""
    where = [cluster] if cluster else catalogue.clusters_of(product)
    return max((catalogue.places_of(world, product, one) for one in where), default=(0, 0))


def _inventory(free: int, capacity: int) -> str:
    if not free:
        return "none"
    if free * 10 < capacity:
        return "low"
    return "normal" if free * 2 < capacity else "high"


def _wanted(products: Iterable[ProductEntry], call: IncomingCall) -> list[ProductEntry]:
    cluster, name = call.query["clusterId"], call.query["productName"].lower()
    return [
        one for one in products if name in one.name.lower() and (not cluster or cluster in catalogue.clusters_of(one))
    ]


def _gpu_products(world: World, call: IncomingCall) -> Any:
    query = call.query
    least_sizes: list[tuple[Callable[[ProductEntry], int], int]] = [
        (lambda one: one.cpus, query["minCpuPerGpu"]),
        (lambda one: one.memory, query["minMemoryPerGpu"]),
        (lambda one: one.max_rootfs, query["minRootFSSize"]),
        (lambda one: _places(world, one, query["clusterId"])[1], query["gpuNum"]),
    ]
    fit = [
        one
        for one in _wanted(GPU_PRODUCTS, call)
        if query["billingMethod"] in one.billing and all(size(one) >= least for size, least in least_sizes if least)
    ]
    return {"data": [_gpu_product(world, one, query["clusterId"]) for one in fit]}


def _gpu_product(world: World, product: ProductEntry, cluster: str) -> dict[str, Any]:
    free, capacity = _places(world, product, cluster)
    price = money.list_price(world, product)
    return {
        "id": product.id,
        "name": product.name,
        "cpuPerGpu": product.cpus,
        "memoryPerGpu": product.memory,
        "diskPerGpu": product.disk,
        "availableDeploy": free > 0,
        "canBuy": free > 0,
        "minRootFS": 10,
        "maxRootFS": product.max_rootfs,
        "minLocalStorage": 0,
        "maxLocalStorage": 0,
        "regions": [catalogue.cluster_of(one).name for one in product.clusters],
        "price": str(price) if world.quirks.prices_as_text else price,
        "spotPrice": str(money.spot_price(world, product)),
        "monthlyPrice": [{"price": amount, "month": months} for months, amount in product.monthly],
        "billingMethods": list(product.billing),
        "inventoryState": _inventory(free, capacity),
    }


def _cpu_products(world: World, call: IncomingCall) -> Any:
    return {
        "data": [
            {
                "id": one.id,
                "name": one.name,
                "cpuNum": one.cpus,
                "memorySize": one.memory,
                "rootfsSize": one.disk,
                "localVolumeSize": 0,
                "availableDeploy": _places(world, one, call.query["clusterId"])[0] > 0,
                "price": money.list_price(world, one),
            }
            for one in _wanted(CPU_PRODUCTS, call)
        ]
    }


def _products_v2(world: World, call: IncomingCall) -> Any:
    query = call.query
    kind, category = query["type"], query["category"]
    if category == "serverless":
        products = SERVERLESS_PRODUCTS if kind != "cpu" else ()
    else:
        products = CPU_PRODUCTS if kind == "cpu" else GPU_PRODUCTS
    regions = set(filter(None, query["region_ids"].split(",")))
    fit = [
        one
        for one in products
        if (not regions or regions & set(catalogue.clusters_of(one)))
        and one.cpus >= query["cpu"]
        and one.memory >= query["memory_gb"]
        and one.max_rootfs >= query["rootfs_size"]
        and (not query["billing_method"] or query["billing_method"] in {_METHODS_V2[mode] for mode in one.billing})
    ]
    return cursor_page(world, fit, call, place=_place, shown=lambda one: _product_v2(world, one))


def _product_v2(world: World, product: ProductEntry) -> dict[str, Any]:
    serverless = product.category == "serverless"
    if serverless:
        free, capacity = catalogue.places_of(world, product, "")
    else:
        free, capacity = _places(world, product)
    gpu = {
        "spec_id": product.gpu.lower().replace(" ", "-"),
        "name": product.gpu,
        "memory_gb": product.gpu_gb,
        "min": 1,
        "max": 8,
        "available": free,
        "max_available": min(free, 8),
    }
    spot = money.spot_price(world, product)
    return {
        "id": product.id,
        "name": product.name,
        "type": "gpu" if product.gpu else "cpu",
        "category": product.category,
        "description": "",
        "region_ids": list(catalogue.clusters_of(product)),
        "resource_spec": {
            "gpu": gpu if product.gpu else None,
            "cpu": product.cpus,
            "memory_gb": product.memory,
            "rootfs": {"min_gb": 10, "max_gb": product.max_rootfs, "free_gb": 100 if serverless else 60},
        },
        "pricing": {
            "precision": 5,
            "postpaid": _rate(money.list_price(world, product)),
            "spot": _rate(spot) if spot else None,
            "prepaid": [
                {"spec_id": product.id, "duration_months": months, "base_price": price, "final_price": price}
                for months, price in product.monthly
            ],
            "storage_price_per_gb": money.STORAGE_PRICE,
        },
        "billing_methods": [_METHODS_V2[mode] for mode in product.billing],
        "inventory_state": _inventory(free, capacity),
        "deployable": free > 0,
        "activity": {"is_activity_product": False, "active": False, "purchasable": free > 0},
    }


def _rate(price: int) -> dict[str, Any]:
    return {"base_price": price, "final_price": price, "unit": "per_hour"}


def _place(entry: ProductEntry | ClusterEntry) -> tuple[float, str]:
    """The place of an entry in a list of v2. Entries are never removed, so that the id is enough."""
    return 0.0, entry.id


def _regions_v2(world: World, call: IncomingCall) -> Any:
    return cursor_page(world, CLUSTERS, call, place=_place, shown=_region_v2)


def _region_v2(cluster: ClusterEntry) -> dict[str, Any]:
    return {
        "id": cluster.id,
        "name": cluster.name,
        "gpus": _gpu_types(cluster.id),
        "feature": {"network_volume": cluster.storage, "instance_vpc_network": cluster.vpc},
    }


_CHOOSE = {"clusterId": may(Text(0, 255), ""), "productName": may(Text(0, 255), "")}
_AT_LEAST = may(Whole(), 0)
OPERATIONS = (
    Operation(
        name="clusters.list",
        method="GET",
        path=f"{V1}/clusters",
        source="gpu-instance-list-clusters",
        confidence=Confidence.SEEN_LIVE,
        serve=_clusters,
        answer=answers.CLUSTERS,
    ),
    Operation(
        name="products.list",
        method="GET",
        path=f"{V1}/products",
        source="gpu-instance-list-products",
        confidence=Confidence.SEEN_LIVE,
        serve=_gpu_products,
        answer=answers.gpu_products,
        query=Fields(
            {
                **_CHOOSE,
                "gpuNum": may(Whole(0, 8), 0),
                "minCpuPerGpu": _AT_LEAST,
                "minMemoryPerGpu": _AT_LEAST,
                "minRootFSSize": _AT_LEAST,
                "billingMethod": may(Text(one_of=("onDemand", "monthly", "spot")), "onDemand"),
            }
        ),
    ),
    Operation(
        name="cpu_products.list",
        method="GET",
        path=f"{V1}/cpu/products",
        source="gpu-instance-list-cpu-products",
        confidence=Confidence.SEEN_LIVE,
        serve=_cpu_products,
        answer=answers.CPU_PRODUCTS,
        query=Fields(_CHOOSE),
    ),
    Operation(
        name="products_v2.list",
        method="GET",
        path=f"{V2}/products",
        source="gpus-v2-list-products",
        confidence=Confidence.SEEN_LIVE,
        serve=_products_v2,
        answer=data_page(answers.PRODUCT_V2),
        query=Fields(
            {
                "type": need(Text(one_of=("", "gpu", "cpu"))),
                "category": need(Text(one_of=("instance", "serverless"))),
                "cpu": _AT_LEAST,
                "memory_gb": _AT_LEAST,
                "rootfs_size": _AT_LEAST,
                "billing_method": may(Text(one_of=("postpaid", "prepaid", "spot", "")), ""),
                "region_ids": may(Text(), ""),
                **CURSOR,
            }
        ),
    ),
    Operation(
        name="regions_v2.list",
        method="GET",
        path=f"{V2}/regions",
        source="gpus-v2-list-regions",
        confidence=Confidence.SEEN_LIVE,
        serve=_regions_v2,
        answer=data_page(answers.REGION_V2),
        query=Fields(CURSOR),
    ),
)
