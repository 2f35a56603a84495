"""Products and clusters by name: what a name fits, and what is said where it fits several."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.lookup import find_cluster, find_product, matching, still_satisfies


def product(id: str, name: str, price: int | None = 35_000, **given: Any) -> Product:
    return Product(id, name, available=given.pop("available", True), price=price, **given)


GPUS = (
    product("3090", "RTX 3090 24GB", 21_000),
    product("4090.a", "RTX 4090 24GB", 39_000),
    product("4090.b", "RTX 4090 24GB", 35_000, spot_price=18_000, monthly={1: 24_960_000, 12: 240_000_000}),
    product("4090.d", "RTX 4090 D 24GB", 30_000),
    product("4090d", "RTX 4090D 24GB", 29_000),
    product("a100.40", "A100 SXM 40GB", 120_005),
    product("a100.80", "A100 SXM 80GB", 160_000),
    product("h100", "H100 SXM 80GB", None, billing_modes=("monthly",)),
)


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("3090", {"3090"}),
        ("RTX 4090", {"4090.a", "4090.b"}),
        ("rtx  4090 24gb", {"4090.a", "4090.b"}),
        ("RTX 4090 D", {"4090.d"}),
        ("RTX 4090D", {"4090d"}),
        ("4090.d", {"4090.d"}),
        ("4090", {"4090.a", "4090.b", "4090.d"}),
        ("A100 SXM", {"a100.40", "a100.80"}),
        ("a100 sxm 80GB", {"a100.80"}),
        ("100", {"a100.40", "a100.80", "h100"}),
        ("B200", set()),
        (" ", set()),
    ],
)
def test_a_name_matches_the_closest_products(name: str, ids: set[str]) -> None:
    assert {item.id for item in matching(GPUS, name)} == ids


@pytest.mark.parametrize("name", ["RTX 4090", "RTX 4090 24GB", "rtx 4090", "4090.b"])
def test_products_of_one_name_are_no_ambiguity(name: str) -> None:
    found = find_product(GPUS, name)
    assert isinstance(found, Product)
    assert found.id == "4090.b"


def test_a_name_of_several_products_is_an_error_with_their_prices() -> None:
    assert find_product(GPUS, "RTX", path=("product", "gpu")) == SpecError(
        ("product", "gpu"),
        '"RTX" may be any of several products: RTX 3090 24GB ($0.21/h per GPU), RTX 4090D 24GB ($0.29/h per GPU), '
        "RTX 4090 D 24GB ($0.30/h per GPU), RTX 4090 24GB (from $0.35/h per GPU)",
        "name one of them (`gpu: RTX 3090 24GB`), or write `{gpu: RTX, choose: cheapest}` for the cheapest that is "
        "free",
    )


@pytest.mark.parametrize(
    ("mode", "prices"),
    [
        ("onDemand", ["A100 SXM 40GB ($1.20005/h per GPU)", "H100 SXM 80GB (not offered as onDemand)"]),
        ("spot", ["RTX 4090 24GB (from $0.18/h per GPU)", "RTX 3090 24GB (price not known)"]),
        ("monthly", ["RTX 4090 24GB (from $249.60 for 1 month per GPU)"]),
    ],
)
def test_candidates_have_exact_prices_of_the_billing_mode(mode: str, prices: list[str]) -> None:
    found = find_product(GPUS, "0", path=("product", "gpu"), mode=mode)
    assert isinstance(found, SpecError)
    assert all(price in found.summary for price in prices)


def test_only_so_many_candidates_are_listed() -> None:
    known = [product(f"p{index}", f"GPU {index:02}", 100 + index) for index in range(30)]
    found = find_product(known, "gpu", path=("product", "gpu"))
    assert isinstance(found, SpecError)
    assert found.summary.endswith("GPU 19 ($0.00119/h per GPU) and 10 more")


def test_a_cpu_has_a_price_for_the_machine() -> None:
    known = [product("c2", "CPU 2C 4GB", 4_000), product("c4", "CPU 4C 8GB", 8_000)]
    found = find_product(known, "CPU: any", path=("product", "cpu"))
    assert isinstance(found, SpecError)
    assert found.summary == 'no product "CPU: any"'
    found = find_product(known, "CPU", path=("product", "cpu"))
    assert isinstance(found, SpecError)
    assert found.summary == '"CPU" may be any of several products: CPU 2C 4GB ($0.04/h), CPU 4C 8GB ($0.08/h)'


def test_the_cheapest_is_chosen_where_that_is_written() -> None:
    cheapest = find_product(GPUS, "RTX", cheapest=True)
    assert isinstance(cheapest, Product)
    assert cheapest.id == "3090"


def test_the_live_product_wins_over_the_ambiguity() -> None:
    kept = find_product(GPUS, "RTX", kept="4090.d")
    assert isinstance(kept, Product)
    assert kept.id == "4090.d"


def test_a_wish_that_gave_the_live_product_before_still_does() -> None:
    recorded = {"product": {"gpu": "RTX 4090", "id": "old"}}
    assert still_satisfies("RTX 4090", recorded, kept="old")
    assert not still_satisfies("RTX 4090 D", recorded, kept="old")
    assert not still_satisfies("RTX 4090", recorded, kept="other")
    assert not still_satisfies("RTX 4090", None, kept="old")
    assert not still_satisfies("RTX 4090", {"product": {"gpu": "RTX 4090"}}, kept="")


def test_a_name_of_several_clusters_is_an_error_too() -> None:
    clusters = tuple(Cluster(id, name, network_storage=True, vpc=True) for id, name in (("1", "US-1"), ("2", "US-2")))
    found = find_cluster(Catalogue(clusters=clusters), "US")
    assert isinstance(found, SpecError)
    assert found.hint == "name one of 1 (US-1), 2 (US-2)"
