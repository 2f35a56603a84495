"""Clusters by name, region, features and the products that they have."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.lookups.found import Answer, NoAnswer
from novita_infra.lookups.lookup import ReadSoFar
from novita_infra.lookups.registry import LOOKUPS

CLUSTER = LOOKUPS["cluster"]
READ = ReadSoFar(
    catalogue=Catalogue(
        clusters=(
            Cluster("us-1", "US-01 (Dallas)", network_storage=True, vpc=True),
            Cluster("us-2", "US-02 (California)", network_storage=True, vpc=False),
            Cluster("eu-1", "EU-01 (Germany)", network_storage=False, vpc=False),
        ),
        gpu=(Product("h", "H100 80GB", available=True, price=1, clusters=("US-02 (California)",)),),
    )
)


def test_a_cluster_gives_what_is_known_of_it() -> None:
    assert CLUSTER.answer({"name": "Dallas"}, READ) == Answer(
        {"id": "us-1", "name": "US-01 (Dallas)", "networkStorage": True, "vpc": True}, ("us-1 (US-01 (Dallas))",)
    )


@pytest.mark.parametrize(
    ("criteria", "ids"),
    [
        ({"region": "US"}, ["us-1", "us-2"]),
        ({"features": ["networkStorage"]}, ["us-1", "us-2"]),
        ({"features": ["networkStorage", "vpc"]}, ["us-1"]),
        ({"region": "US", "gpu": "H100"}, ["us-2"]),
        ({"name": "eu-1"}, ["eu-1"]),
    ],
)
def test_all_criteria_hold_for_each_match(criteria: dict[str, Any], ids: list[str]) -> None:
    answer = CLUSTER.answer({**criteria, "choose": "all"}, READ)
    assert isinstance(answer, Answer)
    assert [*answer.value] == ids
    first = CLUSTER.answer({**criteria, "choose": "first"}, READ)
    assert isinstance(first, Answer)
    assert first.value["id"] == ids[0]


@pytest.mark.parametrize(
    ("criteria", "summary", "hint"),
    [
        (
            {"region": "Germany", "features": ["vpc"]},
            "no private networks in eu-1 (EU-01 (Germany))",
            "clusters that have it: us-1 (US-01 (Dallas))",
        ),
        (
            {"region": "Dallas", "gpu": "H100"},
            'no "H100" in us-1 (US-01 (Dallas))',
            "clusters that have it: us-2 (US-02 (California))",
        ),
        ({"gpu": "H200"}, 'no product "H200"', "known: H100 80GB"),
        ({"name": "us-3"}, 'no cluster "us-3"', 'did you mean "us-2"?'),
        ({"region": "us-3"}, 'no cluster is in the region "us-3"', 'did you mean "us-2"?'),
        ({"region": "US", "name": "eu-1"}, 'no cluster is in the region "US"', "known: eu-1 (EU-01 (Germany))"),
    ],
)
def test_a_cluster_that_is_not_there_says_what_is(criteria: dict[str, Any], summary: str, hint: str) -> None:
    assert CLUSTER.answer(criteria, READ) == NoAnswer(summary, hint)


def test_products_are_read_only_where_they_are_asked_for() -> None:
    assert CLUSTER.needs({"region": "US"}, ReadSoFar()).parts == {"clusters"}
    assert CLUSTER.needs({"gpu": "H100"}, ReadSoFar()).parts == {"clusters", "gpu"}
