"""Clusters, products and regions: their lists, filters and pages."""

from __future__ import annotations

from typing import Any

from novita_infra.simulator import Limits


def test_clusters_list_supported_features(cloud: Any) -> None:
    clusters = cloud.get("clusters")["data"]
    assert {(c["supportNetworkStorage"], c["supportInstanceNetwork"]) for c in clusters} == {
        (True, True),
        (True, False),
        (False, True),
        (False, False),
    }
    assert all("RTX 3090 24GB" in cluster["availableGpuType"] for cluster in clusters)


def test_gpu_prices_are_decimal_strings_and_sizes_are_numbers(cloud: Any) -> None:
    for product in cloud.get("products")["data"]:
        assert product["price"].isdecimal()
        assert product["spotPrice"].isdecimal()
        assert all(isinstance(product[name], int) for name in ("cpuPerGpu", "memoryPerGpu", "diskPerGpu", "maxRootFS"))
        assert all(isinstance(offer["price"], int) for offer in product["monthlyPrice"])
        assert product["availableDeploy"] is True
        assert product["inventoryState"] == "high"


def test_an_empty_region_list_of_a_product_means_all_clusters(cloud: Any) -> None:
    names = {cluster["name"] for cluster in cloud.get("clusters")["data"]}
    products = cloud.get("products")["data"]
    assert {region for product in products for region in product["regions"]} <= names
    assert any(product["regions"] == [] for product in products)


def test_every_filter_of_the_gpu_products_narrows(cloud: Any) -> None:
    every = len(cloud.get("products")["data"])
    for query in (
        {"clusterId": "5"},
        {"productName": "rtx 4090"},
        {"minCpuPerGpu": 20},
        {"minMemoryPerGpu": 200},
        {"billingMethod": "spot"},
        {"billingMethod": "monthly"},
    ):
        matching = cloud.get("products", **query)["data"]
        assert 0 < len(matching) < every, query
    assert cloud.get("products", minRootFSSize=5000)["data"] == []
    assert len(cloud.get("products", gpuNum=8)["data"]) == every


def test_a_product_filter_outside_its_limits_is_refused(cloud: Any) -> None:
    assert cloud.refused("GET", "products", params={"gpuNum": 9}) == (400, "VALIDATOR_PARAM")
    assert cloud.refused("GET", "products", params={"gpuNum": "many"}) == (400, "VALIDATOR_PARAM")
    assert cloud.refused("GET", "products", params={"billingMethod": "yearly"}) == (400, "VALIDATOR_PARAM")


def test_cpu_products_have_a_fixed_disk(cloud: Any) -> None:
    products = cloud.get("cpu/products")["data"]
    assert len(products) >= 3
    assert all(isinstance(product["price"], int) and product["rootfsSize"] > 0 for product in products)
    assert [one["id"] for one in cloud.get("cpu/products", productName="4c ")["data"]] == ["cpu.4c8g"]


def test_a_product_without_free_stock_is_listed_so(make_cloud: Any, a_machine: Any) -> None:
    cloud = make_cloud(limits=Limits(stock_scale=0.005))
    changes = a_machine()
    cloud.post("gpu/instance/create", changes)
    cloud.post("gpu/instance/create", changes)
    assert cloud.refuses("gpu/instance/create", changes) == "INSUFFICIENT_RESOURCE"
    (here, *_) = cloud.get("products", clusterId="us-ca-nas-2", productName="4090")["data"]
    assert (here["availableDeploy"], here["inventoryState"]) == (False, "none")
    (anywhere, *_) = cloud.get("products", productName="4090")["data"]
    assert anywhere["availableDeploy"] is True


def test_v2_products_need_type_and_category(cloud: Any) -> None:
    assert cloud.refused("GET", "/gpus/v2/products", params={"type": "gpu"}) == (400, "VALIDATOR_PARAM")
    assert cloud.refused("GET", "/gpus/v2/products") == (400, "VALIDATOR_PARAM")


def test_the_serverless_catalogue_is_in_v2_with_its_own_ids(cloud: Any) -> None:
    products = cloud.get("/gpus/v2/products", type="gpu", category="serverless")
    ids = {product["id"] for product in products["data"]}
    assert "SL-serverless-3" in ids
    assert products["has_more"] is False
    assert not ids & {product["id"] for product in cloud.get("products")["data"]}
    (first, *_) = products["data"]
    assert isinstance(first["pricing"]["postpaid"]["base_price"], int)
    assert first["region_ids"]


def test_v2_catalogue_lists_have_a_cursor(cloud: Any) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        page = cloud.get("/gpus/v2/products", type="gpu", category="instance", limit=3, cursor=cursor)
        seen += [product["id"] for product in page["data"]]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    assert cursor == ""
    assert len(seen) == len(set(seen)) == len(cloud.get("products")["data"])
    unknown = {"type": "gpu", "category": "instance", "cursor": "nonsense"}
    assert cloud.refused("GET", "/gpus/v2/products", params=unknown) == (400, "VALIDATOR_PARAM")


def test_v2_regions_are_the_clusters(cloud: Any) -> None:
    regions = cloud.get("/gpus/v2/regions")["data"]
    clusters = cloud.get("clusters")["data"]
    assert [region["id"] for region in regions] == [cluster["id"] for cluster in clusters]
    assert [region["feature"]["network_volume"] for region in regions] == [
        cluster["supportNetworkStorage"] for cluster in clusters
    ]


def test_v2_products_filter_by_region_size_and_billing(cloud: Any) -> None:
    base = {"type": "gpu", "category": "instance"}
    every = len(cloud.get("/gpus/v2/products", **base)["data"])
    for more in ({"region_ids": "5"}, {"cpu": 20}, {"memory_gb": 200}, {"billing_method": "spot"}):
        assert 0 < len(cloud.get("/gpus/v2/products", **base, **more)["data"]) < every
    assert cloud.get("/gpus/v2/products", type="cpu", category="instance")["data"][0]["type"] == "cpu"
    assert cloud.get("/gpus/v2/products", type="cpu", category="serverless")["data"] == []
