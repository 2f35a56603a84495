"""The cluster of a spec as an id."""

from __future__ import annotations

import pytest

from novita_infra.catalogue.products import Catalogue, Cluster
from novita_infra.kinds.toolkit.placement import with_cluster_id
from novita_infra.model.resources import Live, Phase

CATALOGUE = Catalogue(clusters=(Cluster("us-1", "US-01 (Dallas)", network_storage=True, vpc=True),))


def live(id: str, name: str = "") -> Live:
    return Live("x", "x", Phase.READY, "ready", {"cluster": id}, outputs={"clusterName": name} if name else {})


@pytest.mark.parametrize("wish", ["eu-1", "EU-01 (Oslo)", "oslo"])
def test_a_live_object_keeps_a_cluster_that_is_no_longer_listed(wish: str) -> None:
    assert with_cluster_id({"cluster": wish}, CATALOGUE, live("eu-1", "EU-01 (Oslo)")) == ({"cluster": "eu-1"}, ())
    _, (error,) = with_cluster_id({"cluster": wish}, CATALOGUE, None)
    assert error.summary == f'no cluster "{wish}"'


def test_another_cluster_is_found_beside_one_that_is_no_longer_listed() -> None:
    assert with_cluster_id({"cluster": "Dallas"}, CATALOGUE, live("eu-1")) == ({"cluster": "us-1"}, ())
