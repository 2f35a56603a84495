"""NetworkStorage: its requests against the reference, what its answers mean, and where it can be."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.catalogue.products import Catalogue, Cluster
from novita_infra.kinds.call import Target
from novita_infra.kinds.field import Grows, Refusal
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.network_storage import NETWORK_STORAGE as KIND
from novita_infra.model.resources import Live, Loss, Phase
from novita_infra.model.values import Spec

SPEC: Spec = {"name": "data", "sizeGb": 200, "cluster": "us-ca-nas-2"}
CATALOGUE = Catalogue(
    clusters=(
        Cluster(id="us-ca-nas-2", name="US-CA-NAS-2 (California)", network_storage=True, vpc=True),
        Cluster(id="5", name="US-01 (Dallas)", network_storage=False, vpc=False),
    )
)


def live(**values: Any) -> Live:
    return Live("ns-1", values.get("name", "data"), Phase.READY, "ready", {**SPEC, **values})


def test_a_create_says_where_what_and_how_large_and_is_not_sent_twice() -> None:
    request = KIND.api.create.request(Target("", SPEC))
    assert (request.method, request.path) == ("POST", "/gpu-instance/openapi/v1/networkstorage/create")
    assert request.body == {"clusterId": "us-ca-nas-2", "storageName": "data", "storageSize": 200}
    assert not request.repeatable


def test_an_update_sends_all_three_with_the_size_as_a_number() -> None:
    request = KIND.call("update").request(Target("ns-1", {**SPEC, "sizeGb": 300}, live()))
    assert request.path == "/gpu-instance/openapi/v1/networkstorage/update"
    assert request.body == {"storageId": "ns-1", "storageName": "data", "storageSize": 300}


def test_a_rename_may_be_repeated_and_a_growth_may_not() -> None:
    update = KIND.call("update")
    assert update.request(Target("ns-1", {**SPEC, "name": "new"}, live())).repeatable
    assert not update.request(Target("ns-1", {**SPEC, "sizeGb": 300}, live())).repeatable


def test_an_update_keeps_what_is_not_declared() -> None:
    request = KIND.call("update").request(Target("ns-1", {"name": "new"}, live()))
    assert request.body == {"storageId": "ns-1", "storageName": "new", "storageSize": 200}


def test_a_delete_names_the_storage_and_says_what_is_lost() -> None:
    request = KIND.api.delete.request(Target("ns-1", SPEC))
    assert request.path == "/gpu-instance/openapi/v1/networkstorage/delete"
    assert request.body == {"storageId": "ns-1"}
    assert request.repeatable
    assert KIND.api.delete.losses is not None
    assert KIND.api.delete.losses(Target("ns-1", {}, live())) == (
        Loss("all that is on the network storage", 200, lasting=True),
    )


def test_one_storage_is_got_from_the_list_by_its_id() -> None:
    assert KIND.api.read.get is not None
    assert KIND.api.read.unwrap is not None
    request = KIND.api.read.get("ns-1")
    assert (request.method, request.path) == ("GET", "/gpu-instance/openapi/v1/networkstorages/list")
    assert request.query == {"storageId": "ns-1"}
    assert KIND.api.read.unwrap({"data": [{"storageId": "ns-1"}], "total": 1}) == {"storageId": "ns-1"}
    for empty in ({"data": [], "total": 0}, {"data": None}, {}, None, ""):
        assert KIND.api.read.unwrap(empty) is None


def test_pages_are_counted_from_one_by_page_no() -> None:
    pages = KIND.api.read.pages
    assert (pages.path, pages.number, pages.first) == ("/gpu-instance/openapi/v1/networkstorages/list", "pageNo", 1)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("ns-1", "ns-1"),
        ({"storageId": "ns-1", "storageName": "data", "storageSize": 200, "clusterId": "c"}, "ns-1"),
        ({"id": "ns-1"}, "ns-1"),
        ({}, ""),
        (None, ""),
        ("", ""),
        ([], ""),
    ],
)
def test_the_new_id_may_come_bare_in_an_object_or_not_at_all(answer: Any, expected: str) -> None:
    assert KIND.api.new_id(answer) == expected


def test_the_documented_item_is_read_in_the_manifests_shape() -> None:
    item = {
        "storageId": "ns-1",
        "storageName": "data",
        "storageSize": 200,
        "clusterId": "us-ca-nas-2",
        "clusterName": "US-CA-NAS-2 (California)",
        "price": "100",
    }
    found = KIND.api.read.parse(item)
    assert found.values == SPEC
    assert (found.id, found.name, found.phase) == ("ns-1", "data", Phase.READY)
    assert found.outputs == {"id": "ns-1", "clusterName": "US-CA-NAS-2 (California)"}


def test_a_size_as_text_is_read_as_a_number() -> None:
    assert KIND.api.read.parse({"storageId": "ns-1", "storageSize": "200"}).values == {"sizeGb": 200}


def test_shrinking_is_refused_and_growing_is_not() -> None:
    change = KIND.field("sizeGb").change
    assert isinstance(change, Grows)
    assert change.call == "update"
    assert isinstance(change.shrinking, Refusal)


def test_what_has_the_name_and_the_cluster_may_be_what_was_asked_for() -> None:
    assert KIND.api.matches(SPEC, live())
    assert not KIND.api.matches(SPEC, live(name="other"))
    assert not KIND.api.matches(SPEC, live(cluster="elsewhere"))


def test_a_cluster_is_chosen_by_its_name() -> None:
    assert KIND.resolution.resolve is not None
    chosen, faults = KIND.resolution.resolve({**SPEC, "cluster": "california"}, CATALOGUE, None)
    assert (chosen["cluster"], faults) == ("us-ca-nas-2", ())


def test_a_cluster_without_network_storage_is_refused_with_those_that_have_it() -> None:
    assert KIND.resolution.resolve is not None
    _, faults = KIND.resolution.resolve({**SPEC, "cluster": "dallas"}, CATALOGUE, None)
    assert faults == (
        SpecError(
            ("cluster",),
            "cluster 5 (US-01 (Dallas)) has no network storage",
            "clusters that have it: us-ca-nas-2 (US-CA-NAS-2 (California))",
            impossible=True,
        ),
    )


def test_a_storage_stays_where_it_is_whatever_the_cluster_offers_today() -> None:
    assert KIND.resolution.resolve is not None
    chosen, faults = KIND.resolution.resolve({**SPEC, "cluster": "dallas"}, CATALOGUE, live(cluster="5"))
    assert (chosen["cluster"], faults) == ("5", ())


def test_an_unknown_cluster_is_a_fault() -> None:
    assert KIND.resolution.resolve is not None
    _, faults = KIND.resolution.resolve({**SPEC, "cluster": "mars"}, CATALOGUE, None)
    assert [(fault.path, fault.summary) for fault in faults] == [(("cluster",), 'no cluster "mars"')]
