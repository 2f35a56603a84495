"""Questions about stock, and the shortages in their answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.catalogue.stock import StockNeed, StockQuery, shortage

GPU = (
    Product("g1", "G 1", available=True, price=300, clusters=("A", "B")),
    Product("g2", "G 2", available=True, price=200, clusters=("B", "C", "D")),
)
CATALOGUE = Catalogue(clusters=(Cluster("a", "A", network_storage=True, vpc=True),), gpu=GPU)


@pytest.mark.parametrize(
    ("ask", "path", "query"),
    [
        (StockQuery("gpu"), "/gpu-instance/openapi/v1/products", {"billingMethod": "onDemand"}),
        (
            StockQuery("gpu", "a", "spot", 4),
            "/gpu-instance/openapi/v1/products",
            {"billingMethod": "spot", "clusterId": "a", "gpuNum": 4},
        ),
        (StockQuery("cpu", "a"), "/gpu-instance/openapi/v1/cpu/products", {"clusterId": "a"}),
        (
            StockQuery("serverless", "a"),
            "/gpus/v2/products",
            {"type": "gpu", "category": "serverless", "limit": 100, "region_ids": "a"},
        ),
    ],
)
def test_a_question_about_stock_is_a_call(ask: StockQuery, path: str, query: dict[str, Any]) -> None:
    assert (ask.request.path, ask.request.query) == (path, query)


def test_what_nobody_told_is_not_lacking() -> None:
    assert shortage(StockNeed(StockQuery("gpu", "a"), "g1", "G 1"), {}, CATALOGUE) == ""
    assert shortage(StockNeed(StockQuery("gpu"), "g1", "G 1"), {}, Catalogue()) == ""


def test_what_lacks_is_told_with_its_place_count_and_mode() -> None:
    take = StockNeed(StockQuery("gpu", "a", "spot", 2), "g9", "G 9")
    assert shortage(take, {take.query: GPU}, CATALOGUE) == "there is no G 9 in a (A) for 2 GPUs at spot"
    sold = replace(GPU[0], available=False)
    assert (
        shortage(StockNeed(StockQuery("gpu"), "g1", "G 1"), {}, replace(CATALOGUE, gpu=(sold,)))
        == "no G 1 is free in any cluster"
    )
