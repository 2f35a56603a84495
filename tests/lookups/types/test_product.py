"""Products by name, memory, price, stock, place and billing mode, with exact prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.catalogue.stock import StockQuery
from novita_infra.lookups.found import Answer, NoAnswer
from novita_infra.lookups.lookup import ReadSoFar
from novita_infra.lookups.registry import LOOKUPS

PRODUCT = LOOKUPS["product"]
DALLAS = Cluster("us-dallas", "US-01 (Dallas)", network_storage=True, vpc=True)
BERLIN = Cluster("eu-de-1", "EU-DE-01 (Germany)", network_storage=True, vpc=False)


def product(id: str, name: str, price: int | None, **others: Any) -> Product:
    return Product(id, name, available=others.pop("available", True), price=price, **others)


CATALOGUE = Catalogue(
    clusters=(DALLAS, BERLIN),
    gpu=(
        product("3090", "RTX 3090 24GB", 21_001, clusters=("EU-DE-01 (Germany)",)),
        product("4090.a", "RTX 4090 24GB", 35_000, spot_price=18_000, billing_modes=("onDemand", "spot")),
        product("4090.b", "RTX 4090 24GB", 39_000),
        product("l40s", "L40S 48GB", 55_000, available=False, monthly={1: 30_000_000}),
    ),
    cpu=(product("c.4", "CPU 4C 8GB", 8_000),),
    serverless=(product("SL-1", "RTX 4090 24GB", 67_000, gpu_memory_gb=24),),
    gpu_memory={"3090": 24, "4090.a": 24, "4090.b": 24},
)


def found(read: ReadSoFar = ReadSoFar(catalogue=CATALOGUE), **criteria: Any) -> Answer:  # noqa: B008 -- a constant
    answer = PRODUCT.answer(criteria, read)
    assert isinstance(answer, Answer), answer
    return answer


def refused(read: ReadSoFar = ReadSoFar(catalogue=CATALOGUE), **criteria: Any) -> str:  # noqa: B008 -- likewise
    answer = PRODUCT.answer(criteria, read)
    assert isinstance(answer, NoAnswer), answer
    return "; ".join(filter(None, (answer.summary, answer.hint)))


def test_a_product_gives_what_is_known_of_it() -> None:
    assert found(gpu="RTX 3090") == Answer(
        {
            "id": "3090",
            "name": "RTX 3090 24GB",
            "pricePerHour": Decimal("0.21001"),
            "gpuMemoryGb": 24,
            "clusters": ["eu-de-1"],
            "billingModes": [],
            "inStock": True,
        },
        ("RTX 3090 24GB (3090), $0.21001/h per GPU, in eu-de-1",),
    )


def test_products_of_one_name_are_one_and_the_cheapest_is_taken() -> None:
    answer = found(gpu="RTX 4090")
    assert answer.value["id"] == "4090.a"
    assert answer.others == ("RTX 4090 24GB (4090.b), $0.39/h per GPU, in us-dallas, eu-de-1",)


def test_a_name_of_several_lists_them_with_price_place_and_stock() -> None:
    assert refused(minGpuMemoryGb=24, region="Germany") == (
        "several fit: RTX 3090 24GB (3090), $0.21001/h per GPU, in eu-de-1; RTX 4090 24GB (4090.a), $0.35/h per GPU, "
        "in eu-de-1; RTX 4090 24GB (4090.b), $0.39/h per GPU, in eu-de-1; narrow it by gpu, minGpuMemoryGb, "
        "maxPricePerHour, region, cluster, billingMode or inStock, or write `choose: cheapest` or `choose: all`"
    )
    assert found(gpu="RTX", choose="cheapest").value["id"] == "3090"
    assert [*found(gpu="RTX", choose="all").value] == ["3090", "4090.a", "4090.b"]


def test_the_price_is_that_of_the_billing_mode() -> None:
    assert found(gpu="RTX 4090", billingMode="spot").value["pricePerHour"] == Decimal("0.18")
    monthly = found(gpu="L40S", billingMode="monthly")
    assert (monthly.value["pricePerHour"], monthly.chosen) == (
        None,
        ("L40S 48GB (l40s), $300.00 for the shortest term per GPU, in us-dallas, eu-de-1, none free",),
    )
    assert refused(gpu="RTX", billingMode="spot", maxPricePerHour=0.1) == (
        "no product fits: the cheapest costs $0.18/h per GPU (RTX 4090 24GB); ask for less, or allow a higher price"
    )


def test_endpoints_and_cpus_have_products_of_their_own() -> None:
    assert found(gpu="RTX 4090", use="endpoint").value["id"] == "SL-1"
    cpu = found(cpu="4C")
    assert (cpu.value["gpuMemoryGb"], cpu.chosen) == (None, ("CPU 4C 8GB (c.4), $0.08/h, in us-dallas, eu-de-1",))
    assert {PRODUCT.needs({"cpu": "4C"}, ReadSoFar()).parts, PRODUCT.needs({"gpu": "x"}, ReadSoFar()).parts} == {
        frozenset({"clusters", "cpu"}),
        frozenset({"clusters", "gpu", "gpu_memory"}),
    }


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        ({"gpu": "RTX 3080"}, 'no product "RTX 3080"; did you mean "RTX 3090 24GB"?'),
        (
            {"gpu": "L40S", "region": "Mars"},
            'no cluster is in the region "Mars"; known: eu-de-1 (EU-DE-01 (Germany)), ',
        ),
        ({"gpu": "L40S", "cluster": "eu-de-2"}, 'no cluster "eu-de-2"; did you mean "eu-de-1"?'),
        (
            {"gpu": "L40S", "cluster": "eu-de-1", "region": "US"},
            'cluster eu-de-1 is not in the region "US"; clusters in it: us-dallas (US-01 (Dallas))',
        ),
        ({"gpu": "RTX 3090", "region": "US"}, "no product fits: it is not in us-dallas (US-01 (Dallas)); ask for less"),
        ({"gpu": "L40S", "minGpuMemoryGb": 1}, "no product fits: the memory of its GPU is not known; ask for less"),
        ({"gpu": "L40S", "inStock": True}, "no product is free: L40S 48GB; ask for less, or allow a higher price"),
    ],
)
def test_a_product_that_is_not_there_says_what_is(criteria: dict[str, Any], message: str) -> None:
    assert refused(**criteria).startswith(message)


def test_the_stock_of_a_place_is_asked_and_counts() -> None:
    criteria = {"gpu": "RTX 4090", "cluster": "us-dallas", "inStock": True}
    query = StockQuery("gpu", "us-dallas", "onDemand")
    assert not PRODUCT.needs(criteria, ReadSoFar()).stock, "the cluster is not known yet"
    assert PRODUCT.needs(criteria, ReadSoFar(catalogue=CATALOGUE)).stock == {query}
    there = (product("4090.a", "RTX 4090 24GB", 1, available=False), product("4090.b", "RTX 4090 24GB", 1))
    assert found(ReadSoFar(catalogue=CATALOGUE, stock={query: there}), **criteria).value["id"] == "4090.b"
    assert found(ReadSoFar(catalogue=CATALOGUE, stock={query: None}), **criteria).value["id"] == "4090.a", "not allowed"
    assert refused(ReadSoFar(catalogue=CATALOGUE, stock={query: ()}), **criteria).startswith("no product is free")
