"""What the market offers, and what is free instead of something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import yaml

from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.catalogue.stock import StockNeed, StockQuery
from novita_infra.kinds import KINDS
from novita_infra.kinds.toolkit.market import (
    MarketOffer,
    OfferFilter,
    ProductPart,
    alternatives,
    alternatives_in_words,
    manifest_lines,
    market_offers,
    offer_queries,
)
from novita_infra.kinds.toolkit.wishes import Wish

A = Cluster("a", "US-A (Dallas)", network_storage=True, vpc=True)
B = Cluster("b", "EU-B (Berlin)", network_storage=False, vpc=True)


def product(id: str, name: str, price: int | None, **others: Any) -> Product:
    return Product(id, name, available=others.pop("available", True), price=price, **others)


SMALL = product("small", "RTX 3090 24GB", 21_000, spot_price=11_000, monthly={1: 13_608_000})
TWIN = product("twin", "RTX 3090 24GB", 22_000, clusters=("US-A (Dallas)",), billing_modes=("onDemand",))
LARGE = product("large", "H100 SXM 80GB", 235_000, clusters=("b",), max_root_gb=2048)
ODD = product("26", "A6000 48GB", 45_000)
CPU = product("cpu.2", "CPU 2C 4GB", 4_000, billing_modes=("onDemand",))
SERVERLESS = product("SL-1", "H100 SXM 80GB", 430_000, gpu_memory_gb=80, clusters=("a",))
CATALOGUE = Catalogue(
    clusters=(A, B),
    gpu=(SMALL, TWIN, LARGE, ODD),
    cpu=(CPU,),
    serverless=(SERVERLESS,),
    gpu_memory={"small": 24, "twin": 24, "large": 80, "26": 48},
)
GPUS = OfferFilter(parts=("gpu",))


def everywhere(wanted: OfferFilter, *missing: tuple[str, str]) -> dict[StockQuery, Sequence[Product] | None]:
    """The stock in which everything is free but what is `missing`: (cluster, product)."""
    return {
        query: [replace(item, available=(query.cluster, item.id) not in missing) for item in CATALOGUE.gpu]
        for query in offer_queries(CATALOGUE, wanted)
    }


def found(wanted: OfferFilter, *missing: tuple[str, str]) -> list[tuple[str, str, bool | None]]:
    offers, reason = market_offers(CATALOGUE, everywhere(wanted, *missing), wanted)
    assert bool(reason) != bool(offers)
    return [(item.product.id, item.cluster.id, item.free) for item in offers]


def test_market_offers_join_products_with_their_clusters_by_price() -> None:
    assert found(GPUS, ("a", "small")) == [
        ("small", "b", True),
        ("small", "a", False),
        ("twin", "a", True),
        ("26", "a", True),
        ("26", "b", True),
        ("large", "b", True),
    ]


def test_market_offers_keep_what_is_wanted() -> None:
    assert found(replace(GPUS, free=True, wish=Wish(memory_gb=48)), ("b", "26")) == [
        ("26", "a", True),
        ("large", "b", True),
    ]
    assert found(replace(GPUS, name="H100")) == [("large", "b", True)]
    assert found(replace(GPUS, wish=Wish(clusters=(B,), mode="spot"))) == [
        ("small", "b", True),
        ("26", "b", True),
        ("large", "b", True),
    ]


def test_the_price_of_a_market_offer_is_that_of_all_gpus_in_the_mode() -> None:
    def first(wanted: OfferFilter) -> Fraction | None:
        return market_offers(CATALOGUE, everywhere(wanted), wanted)[0][0].price

    assert first(GPUS) == 21_000
    assert first(replace(GPUS, gpus=4)) == 84_000
    assert first(replace(GPUS, gpus=2, wish=Wish(mode="spot"))) == 22_000
    assert first(replace(GPUS, wish=Wish(mode="monthly"))) == Fraction(13_608_000, 720)


@pytest.mark.parametrize(
    ("wanted", "stock", "reason"),
    [
        (replace(GPUS, wish=Wish(memory_gb=96)), {}, "the most memory is 80 GB (H100 SXM 80GB), less than 96 GB"),
        (
            replace(GPUS, free=True, name="H100"),
            {StockQuery("gpu", "b"): [replace(LARGE, available=False)]},
            "none is free: H100 SXM 80GB",
        ),
        (replace(GPUS, name="H100"), {StockQuery("gpu", "b"): []}, "no cluster offers it: H100 SXM 80GB"),
    ],
)
def test_without_market_offers_there_is_a_reason(wanted: OfferFilter, stock: Any, reason: str) -> None:
    assert market_offers(CATALOGUE, stock, wanted) == ((), reason)


def test_an_empty_market_has_no_offer() -> None:
    assert market_offers(Catalogue(), {}, GPUS) == ((), "the API lists no product")


def test_a_price_of_zero_is_no_price_of_a_market_offer_and_no_alternative() -> None:
    catalogue = replace(CATALOGUE, gpu=(replace(SMALL, price=0), ODD))
    offers, _ = market_offers(catalogue, {}, GPUS)
    assert [(item.product.id, item.price) for item in offers][-1] == ("small", None)
    assert instead(StockNeed(StockQuery("gpu"), "26", ODD.name), catalogue=replace(catalogue, gpu_memory={})) == ""


def test_a_market_offer_has_the_inventory_and_the_largest_disk_of_its_cluster() -> None:
    listed = replace(LARGE, max_root_gb=512, inventory="low")
    wanted = replace(GPUS, name="H100")
    (offer,), _ = market_offers(CATALOGUE, {StockQuery("gpu", "b"): [listed]}, wanted)
    assert (offer.product.max_root_gb, offer.product.inventory, offer.free) == (512, "low", True)
    elsewhere = replace(CATALOGUE, gpu=(replace(LARGE, inventory="high"),))
    (offer,), _ = market_offers(elsewhere, {StockQuery("gpu", "b"): None}, wanted)
    assert (offer.product.max_root_gb, offer.product.inventory) == (2048, "")


def test_a_market_offer_whose_stock_is_not_known_is_neither_free_nor_taken() -> None:
    wanted = replace(GPUS, name="H100")
    (offer,), _ = market_offers(CATALOGUE, {StockQuery("gpu", "b"): None}, wanted)
    assert offer.free is None
    assert market_offers(CATALOGUE, {StockQuery("gpu", "b"): None}, replace(wanted, free=True))[0] == ()


LISTS: tuple[ProductPart, ...] = ("gpu", "cpu", "serverless")
OFFERS = [
    offer
    for part in LISTS
    for mode, gpus in ((("", 1), ("spot", 1), ("onDemand", 4)) if part == "gpu" else (("", 1),))
    for offer in market_offers(CATALOGUE, {}, OfferFilter(parts=(part,), wish=Wish(mode=mode), gpus=gpus))[0]
]


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: str(offer.need))
def test_the_manifest_of_a_market_offer_needs_that_very_stock(offer: MarketOffer) -> None:
    (kind,) = (
        kind
        for kind in KINDS.values()
        if kind.market.spec_needing is not None and kind.market.spec_needing(offer.need, offer.product)
    )
    assert kind.market.spec_needing is not None
    assert kind.market.stock_needed is not None
    assert kind.resolution.resolve is not None
    text = "\n".join(manifest_lines(kind.market.spec_needing(offer.need, offer.product)))
    declared = {**yaml.safe_load(text), "image": "docker.io/library/redis:7", "workers": {"min": 1, "max": 1}}
    resolved, _ = kind.resolution.resolve(declared, CATALOGUE, None)
    (need,) = kind.market.stock_needed(resolved, CATALOGUE)
    assert (need.query, need.id) == (offer.need.query, offer.need.id)


def test_manifest_lines_of_a_monthly_offer_name_its_shortest_term() -> None:
    wanted = OfferFilter(parts=("gpu",), name="small", wish=Wish(mode="monthly", clusters=(A,)))
    (offer,), _ = market_offers(CATALOGUE, {}, wanted)
    spec = KINDS["instance"].market.spec_needing
    assert spec is not None
    assert list(manifest_lines(spec(offer.need, offer.product))) == [
        "product: {id: small}",
        "cluster: a",
        "billingMode: monthly",
        "months: 1",
    ]


@pytest.mark.parametrize("name", ["26", "null", "No", "a: b", "x #y", "RTX 4090 ", "é", '"', "{", "RTX 6000 Ada 48GB"])
def test_manifest_lines_are_yaml_whatever_a_name_holds(name: str) -> None:
    (line,) = manifest_lines({"product": {"gpu": name}})
    assert yaml.safe_load(line) == {"product": {"gpu": name}}


# --- alternatives ---


def instead(*needs: StockNeed, stock: dict[StockQuery, Any] | None = None, catalogue: Catalogue = CATALOGUE) -> str:
    kind = KINDS["endpoint" if needs[0].query.part == "serverless" else "instance"]
    return alternatives_in_words(alternatives(needs, stock or {}, catalogue), kind, catalogue)


def test_alternatives_are_the_cheapest_that_are_free_with_no_less_memory() -> None:
    assert instead(StockNeed(StockQuery("gpu"), "twin", TWIN.name)) == (
        "free now: `product: {id: small}` at $0.21/h per GPU, `product: {gpu: A6000 48GB}` at $0.45/h per GPU, "
        "`product: {gpu: H100 SXM 80GB}` at $2.35/h per GPU"
    )
    assert instead(StockNeed(StockQuery("gpu"), "26", ODD.name)) == (
        "free now: `product: {gpu: H100 SXM 80GB}` at $2.35/h per GPU"
    )


def test_alternatives_in_the_wanted_cluster_come_first() -> None:
    need = StockNeed(StockQuery("gpu", "b"), "small", SMALL.name)
    here = [replace(SMALL, available=False), LARGE, replace(ODD, available=False)]
    assert instead(need, stock={need.query: here}) == (
        "free in b: `product: {gpu: H100 SXM 80GB}` at $2.35/h per GPU; "
        "free in another cluster: `product: {id: small}` at $0.21/h per GPU, `product: {id: twin}` at $0.22/h per GPU"
    )


def test_alternatives_keep_the_billing_mode_and_the_number_of_gpus() -> None:
    need = StockNeed(StockQuery("gpu", "", "spot", 4), "26", ODD.name)
    assert instead(need) == ""
    assert instead(need, stock={need.query: [SMALL, TWIN, replace(LARGE, spot_price=118_000)]}) == (
        "free now: `product: {gpu: H100 SXM 80GB}` at $1.18/h per GPU"
    )


def test_alternatives_are_none_of_the_needed_products() -> None:
    needs = [StockNeed(StockQuery("gpu", mode="onDemand"), item.id, item.name) for item in CATALOGUE.gpu]
    assert instead(*needs) == ""
    assert instead(StockNeed(StockQuery("cpu"), "cpu.9", "CPU 9")) == (
        "free now: `product: {cpu: CPU 2C 4GB}` at $0.04/h"
    )


def test_alternatives_need_no_catalogue() -> None:
    assert instead(StockNeed(StockQuery("serverless", "a"), "x", "X"), catalogue=Catalogue()) == ""
