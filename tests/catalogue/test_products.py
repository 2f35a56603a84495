"""Reading what the account can rent, and finding in it what a manifest wishes for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import trees

from novita_infra.catalogue.products import PARTS, Catalogue, Cluster, Product, parse_catalogue
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.lookup import find_cluster, find_product, is_offered, matching, price_in_mode

V1 = "/gpu-instance/openapi/v1"

CLUSTERS = {
    "data": [
        {
            "id": "us-ca-nas-2",
            "name": "US-CA-06 (California)",
            "availableGpuType": ["RTX 4090"],
            "supportNetworkStorage": True,
            "supportInstanceNetwork": True,
        },
        {"id": "5", "name": "US-01 (Dallas)", "supportNetworkStorage": "false"},
    ]
}
PRODUCTS = {
    "data": [
        {
            "id": "4090.16c62g",
            "name": "RTX 4090 24GB",
            "cpuPerGpu": 16,
            "memoryPerGpu": 62,
            "diskPerGpu": 60,
            "availableDeploy": True,
            "minRootFS": 10,
            "maxRootFS": 6144,
            "regions": ["US-01 (Dallas)"],
            "price": "35000",
            "spotPrice": "17500",
            "monthlyPrice": [{"price": 23000000, "month": 1}, {"price": "66000000", "month": "3"}],
            "billingMethods": ["onDemand", "monthly", "spot"],
        },
        {"id": 26, "name": "H100 SXM 80GB", "availableDeploy": False, "price": 200000, "spotPrice": "0"},
    ]
}
SERVERLESS = {
    "id": "SL-serverless-3",
    "name": "RTX 4090 24GB",
    "region_ids": ["us-ca-6"],
    "resource_spec": {"gpu": {"name": "RTX 4090"}, "rootfs": {"min_gb": 50, "max_gb": 200, "free_gb": 100}},
    "pricing": {
        "precision": 3,
        "postpaid": {"base_price": 700, "final_price": 612, "unit": "per_hour"},
        "spot": None,
        "prepaid": [{"duration_months": 1, "base_price": 400000, "final_price": 380000}],
    },
    "billing_methods": ["postpaid", "prepaid"],
    "deployable": True,
}


def product(id: str = "p", name: str = "RTX 4090 24GB", **others: Any) -> Product:
    return Product(**{"id": id, "name": name, "available": True, "price": 100, **others})


def test_each_part_of_the_catalogue_is_read_from_its_page() -> None:
    asked = {
        name: [(item.method, item.path, dict(item.query)) for item in part.requests] for name, part in PARTS.items()
    }
    assert asked == {
        "clusters": [("GET", f"{V1}/clusters", {})],
        "gpu": [("GET", f"{V1}/products", {"billingMethod": mode}) for mode in ("onDemand", "monthly", "spot")],
        "cpu": [("GET", f"{V1}/cpu/products", {})],
        "serverless": [("GET", "/gpus/v2/products", {"type": "gpu", "category": "serverless", "limit": 100})],
        "gpu_memory": [("GET", "/gpus/v2/products", {"type": "gpu", "category": "instance", "limit": 100})],
        "endpoint_limits": [("GET", f"{V1}/endpoint/limit", {})],
        "models": [("GET", "/openai/v1/models", {})],
        "keys": [("GET", "/openapi/v2/user/key", {"includePolicySummary": "true"})],
        "images": [("GET", "/gpus/v2/images", {"limit": 100})],
    }
    assert all(item.repeatable for part in PARTS.values() for item in part.requests)


def test_a_cluster_tells_what_it_can_hold() -> None:
    assert parse_catalogue({"clusters": [CLUSTERS]}).clusters == (
        Cluster(id="5", name="US-01 (Dallas)", network_storage=False, vpc=False),
        Cluster(id="us-ca-nas-2", name="US-CA-06 (California)", network_storage=True, vpc=True),
    )


def test_a_product_is_read_whether_its_numbers_are_numbers_or_text() -> None:
    assert parse_catalogue({"gpu": [PRODUCTS, PRODUCTS, {"data": []}]}).gpu == (
        Product(id="26", name="H100 SXM 80GB", available=False, price=200000, gpu_memory_gb=80),
        Product(
            id="4090.16c62g",
            name="RTX 4090 24GB",
            available=True,
            price=35000,
            spot_price=17500,
            monthly={1: 23000000, 3: 66000000},
            billing_modes=("onDemand", "monthly", "spot"),
            clusters=("US-01 (Dallas)",),
            min_root_gb=10,
            max_root_gb=6144,
            gpu_memory_gb=24,
            cores=16,
            ram_gb=62,
        ),
    )


def test_the_memory_of_a_gpu_comes_from_the_products_of_v2() -> None:
    bare = {"id": "26", "resource_spec": {"gpu": None}}
    negative = {"id": "x", "resource_spec": {"gpu": {"memory_gb": -1}}}
    page = {"data": [SERVERLESS, bare, negative, {"id": "4090.16c62g", "resource_spec": {"gpu": {"memory_gb": "24"}}}]}
    assert parse_catalogue({"gpu_memory": [page]}).gpu_memory == {"4090.16c62g": 24}


def test_a_cpu_product_has_the_one_root_disk_it_comes_with() -> None:
    item = {
        "id": "cpu.4c8g",
        "name": "4 cores",
        "cpuNum": 4,
        "rootfsSize": "20",
        "availableDeploy": True,
        "price": 4000,
    }
    (found,) = parse_catalogue({"cpu": [{"data": [item]}]}).cpu
    assert (found.price, found.billing_modes, found.min_root_gb, found.max_root_gb) == (4000, ("onDemand",), 20, 20)


def test_a_serverless_price_is_exact_whatever_its_precision() -> None:
    (found,) = parse_catalogue({"serverless": [{"data": [SERVERLESS]}]}).serverless
    assert (found.price, found.spot_price, found.monthly) == (61200, None, {1: 38000000})
    assert found.billing_modes == ("onDemand", "monthly")
    assert (found.clusters, found.min_root_gb, found.max_root_gb) == (("us-ca-6",), 50, 200)


@pytest.mark.parametrize(
    ("value", "precision", "units"),
    [(12600, 3, 1260000), (35, 2, 35000), (1, 5, 1), (14, 6, 1), (1, 0, 100000), ("12600", "3", 1260000)],
)
def test_an_amount_of_v2_becomes_hundred_thousandths_of_a_dollar(value: Any, precision: Any, units: int) -> None:
    item = {"id": "a", "pricing": {"precision": precision, "postpaid": {"final_price": value}}}
    assert parse_catalogue({"serverless": [{"data": [item]}]}).serverless[0].price == units


def test_the_limits_of_endpoints_are_numbers() -> None:
    limits = parse_catalogue(
        {"endpoint_limits": [{"minWorkerNum": 0, "maxWorkerNum": "10", "cudaVersionList": ["12.4"]}]}
    )
    assert limits.endpoint_limits == {"minWorkerNum": 0, "maxWorkerNum": 10, "cudaVersionList": ["12.4"]}


def test_a_list_goes_on_while_it_names_another_cursor() -> None:
    part = PARTS["serverless"]
    (first,) = part.requests
    second = part.following(first, {"data": [], "next_cursor": "c2", "has_more": True})
    assert second is not None
    assert dict(second.query) == {**first.query, "cursor": "c2"}
    assert part.following(second, {"data": [], "next_cursor": "c2", "has_more": True}) is None
    assert part.following(second, {"data": [], "next_cursor": "c3", "has_more": False}) is None
    assert part.following(second, {"data": [], "next_cursor": ""}) is None
    assert part.following(second, None) is None


def test_a_part_that_nobody_asked_for_is_empty() -> None:
    assert parse_catalogue({}) == Catalogue()


JSON = trees(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    st.sampled_from([*SERVERLESS, "price"]),
    size=4,
)


@given(st.sampled_from(sorted(PARTS)), st.lists(JSON | st.builds(lambda item: {"data": item}, JSON), max_size=2))
def test_no_answer_makes_the_catalogue_raise(name: str, answers: list[Any]) -> None:
    parse_catalogue({name: answers})


@given(JSON, JSON)
def test_no_price_makes_the_catalogue_raise(amount: Any, precision: Any) -> None:
    item = {"id": "a", "pricing": {"precision": precision, "postpaid": {"final_price": amount}, "prepaid": amount}}
    assert len(parse_catalogue({"serverless": [{"data": [item]}]}).serverless) == 1


def test_a_cluster_is_found_by_id_by_name_and_by_a_part_of_its_name() -> None:
    known = parse_catalogue({"clusters": [CLUSTERS]})
    for wish in ("us-ca-nas-2", "US-CA-06 (California)", "us-ca-06 (california)", "California", "US-CA-06"):
        assert find_cluster(known, wish) == "us-ca-nas-2"


def test_an_unknown_cluster_is_a_fault_that_names_the_nearest() -> None:
    fault = find_cluster(parse_catalogue({"clusters": [CLUSTERS]}), "us-ca-nas-3", path=("cluster",))
    assert fault == SpecError(("cluster",), 'no cluster "us-ca-nas-3"', 'did you mean "us-ca-nas-2"?')


def test_a_part_of_several_clusters_names_is_a_fault() -> None:
    fault = find_cluster(parse_catalogue({"clusters": [CLUSTERS]}), "US")
    assert isinstance(fault, SpecError)
    assert "5 (US-01 (Dallas)), us-ca-nas-2 (US-CA-06 (California))" in fault.hint


def test_the_cluster_where_an_object_lives_stays_where_it_satisfies_the_wish() -> None:
    known = parse_catalogue({"clusters": [CLUSTERS]})
    assert find_cluster(known, "US", kept="5") == "5"
    assert find_cluster(known, "gone-1", kept="gone-1") == "gone-1"
    assert find_cluster(known, "California", kept="5") == "us-ca-nas-2"


def test_the_name_of_a_product_is_matched_from_exact_to_loose() -> None:
    known = [product("a", "RTX 4090D 24GB"), product("b", "RTX 4090 24GB"), product("RTX", "L40S")]
    assert [item.id for item in matching(known, "RTX 4090 24GB")] == ["b"]
    assert [item.id for item in matching(known, "rtx 4090")] == ["b"]
    assert [item.id for item in matching(known, "4090D")] == ["a"]
    assert [item.id for item in matching(known, "RTX 409")] == ["a", "b"]
    assert [item.id for item in matching(known, "RTX")] == ["RTX"]
    assert matching(known, " ") == ()


def test_of_several_products_the_best_is_chosen() -> None:
    here = Cluster("c1", "US-01", network_storage=True, vpc=True)
    known = [
        product("f", price=1, billing_modes=("spot",)),
        product("e", price=1, clusters=("EU-01",)),
        product("d", price=1, available=False),
        product("c", price=None, clusters=("US-01",)),
        product("b", price=2, clusters=("c1",), billing_modes=("onDemand",)),
        product("a", price=2, clusters=("US-01", "EU-01")),
    ]
    order = []
    while known:
        best = find_product(known, "RTX 4090", mode="onDemand", cluster=here)
        assert isinstance(best, Product)
        order.append(best.id)
        known.remove(best)
    assert order == ["a", "b", "c", "d", "e", "f"]


def test_a_product_is_compared_by_the_price_of_its_billing_mode() -> None:
    known = [product("a", price=1, spot_price=9, monthly={1: 90}), product("b", price=2, spot_price=8, monthly={1: 80})]
    found = [find_product(known, "RTX 4090", mode=mode) for mode in ("onDemand", "spot", "monthly")]
    assert [item.id for item in found if isinstance(item, Product)] == ["a", "b", "b"]
    assert [price_in_mode(known[0], mode) for mode in ("onDemand", "spot", "monthly")] == [1, 9, 90]


def test_nothing_available_is_no_fault() -> None:
    known = [product("a", available=False, clusters=("EU-01",), billing_modes=("spot",))]
    assert find_product(known, "RTX 4090", mode="onDemand") == known[0]
    assert not is_offered(known[0], "onDemand")


def test_an_unknown_product_is_a_fault_that_names_the_nearest() -> None:
    fault = find_product([product()], "RTX 4080 24GB", path=("product", "gpu"))
    assert fault == SpecError(("product", "gpu"), 'no product "RTX 4080 24GB"', 'did you mean "RTX 4090 24GB"?')


def test_the_product_that_an_object_has_stays_where_it_satisfies_the_wish() -> None:
    known = [product("a", price=1), product("b", price=2, available=False), product("c", "H100")]
    assert find_product(known, "RTX 4090", kept="b") == known[1]
    assert find_product(known, "RTX 4090", kept="c") == known[0]


@given(st.permutations([product(str(number), price=number % 2) for number in range(6)]))
def test_the_choice_does_not_hang_on_the_order_of_the_list(known: list[Product]) -> None:
    found = find_product(known, "RTX")
    assert isinstance(found, Product)
    assert found.id == "0"
