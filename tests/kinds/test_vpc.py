"""VPC: its requests against the reference, and the forms that its answers come in."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.catalogue.products import Catalogue, Cluster
from novita_infra.kinds.call import Target
from novita_infra.kinds.vpc import VPC as KIND
from novita_infra.model.addresses import Address
from novita_infra.model.resources import Phase
from novita_infra.model.values import Ref, Spec

SPEC: Spec = {"name": "net", "cluster": "us-ca-nas-2"}
ITEM = {
    "Id": "vpc-1",
    "user": "u",
    "name": "net",
    "state": {"state": "ready", "error": ""},
    "segment": "10.1.0.0/24",
    "clusterId": "us-ca-nas-2",
    "Addresses": [{"Id": "i-1", "Ip": "10.1.0.2"}],
    "createTime": "1760000000",
}


def test_a_create_names_the_cluster_and_is_not_sent_twice() -> None:
    request = KIND.api.create.request(Target("", SPEC))
    assert (request.method, request.path) == ("POST", "/gpu-instance/openapi/v1/network/create")
    assert request.body == {"clusterId": "us-ca-nas-2", "name": "net"}
    assert not request.repeatable


def test_an_update_renames() -> None:
    request = KIND.call("update").request(Target("vpc-1", {**SPEC, "name": "new"}, KIND.api.read.parse(ITEM)))
    assert request.path == "/gpu-instance/openapi/v1/network/update"
    assert request.body == {"networkId": "vpc-1", "name": "new"}
    assert request.repeatable


def test_a_delete_names_the_network() -> None:
    request = KIND.api.delete.request(Target("vpc-1", SPEC))
    assert request.path == "/gpu-instance/openapi/v1/network/delete"
    assert request.body == {"networkId": "vpc-1"}
    assert request.repeatable


def test_one_network_is_got_by_its_id() -> None:
    assert KIND.api.read.get is not None
    request = KIND.api.read.get("vpc-1")
    assert (request.path, request.query) == ("/gpu-instance/openapi/v1/network", {"networkId": "vpc-1"})


@pytest.mark.parametrize(
    "answer",
    [{"network": [ITEM]}, {"network": ITEM}, {"networks": [ITEM]}, ITEM],
    ids=["array of one", "object", "plural", "bare"],
)
def test_a_network_comes_in_an_array_an_object_or_bare(answer: Any) -> None:
    assert KIND.api.read.unwrap is not None
    assert KIND.api.read.unwrap(answer) == ITEM
    assert KIND.api.new_id(answer) == "vpc-1"


@pytest.mark.parametrize("answer", [{"network": []}, {"network": {}}, {"network": None}, {}, None, "", []])
def test_an_empty_answer_is_no_network(answer: Any) -> None:
    assert KIND.api.read.unwrap is not None
    assert KIND.api.read.unwrap(answer) is None
    assert KIND.api.new_id(answer) == ""


@pytest.mark.parametrize("answer", [{"networkId": "vpc-1"}, {"id": "vpc-1"}, {"network": {"id": "vpc-1"}}])
def test_the_new_id_has_several_names(answer: Any) -> None:
    assert KIND.api.new_id(answer) == "vpc-1"


def test_the_list_comes_under_either_key() -> None:
    assert KIND.api.read.pages.items == ("networks", "network")
    assert KIND.api.read.pages.path == "/gpu-instance/openapi/v1/networks"


def test_the_documented_item_is_read_in_the_manifests_shape() -> None:
    found = KIND.api.read.parse(ITEM)
    assert found.values == SPEC
    assert (found.id, found.phase, found.status) == ("vpc-1", Phase.READY, "ready")
    assert found.outputs == {"id": "vpc-1", "segment": "10.1.0.0/24", "addresses": {"i-1": "10.1.0.2"}}


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        ({"state": "creating", "error": ""}, Phase.CHANGING),
        ([{"state": "creating"}], Phase.CHANGING),
        ([{"state": "ready"}], Phase.READY),
        ({"state": "Ready"}, Phase.READY),
        ({"state": "creating", "error": "no addresses left"}, Phase.FAILED),
        ({"state": "deleting"}, Phase.LEAVING),
        ({"state": "rebalancing"}, Phase.CHANGING),
        ([], Phase.CHANGING),
        (None, Phase.CHANGING),
    ],
)
def test_the_state_may_be_an_array_or_an_object(state: Any, phase: Phase) -> None:
    assert KIND.api.read.parse({**ITEM, "state": state}).phase is phase


def test_an_error_is_reported_in_the_services_words() -> None:
    assert KIND.api.read.parse({**ITEM, "state": [{"error": "no addresses left"}]}).trouble == "no addresses left"


def test_what_has_the_name_and_the_cluster_may_be_what_was_asked_for() -> None:
    assert KIND.api.matches(SPEC, KIND.api.read.parse(ITEM))
    assert not KIND.api.matches({**SPEC, "cluster": "5"}, KIND.api.read.parse(ITEM))
    assert not KIND.api.matches({**SPEC, "name": "other"}, KIND.api.read.parse(ITEM))


def test_a_cluster_without_private_networks_is_refused() -> None:
    assert KIND.resolution.resolve is not None
    known = Catalogue(clusters=(Cluster(id="5", name="US-01 (Dallas)", network_storage=True, vpc=False),))
    _, faults = KIND.resolution.resolve({**SPEC, "cluster": "dallas"}, known, None)
    assert [fault.summary for fault in faults] == ["cluster 5 (US-01 (Dallas)) has no private networks"]
    assert faults[0].hint == "no cluster of the account has it"


def test_a_cluster_that_is_not_known_yet_is_left_alone() -> None:
    assert KIND.resolution.resolve is not None
    later = Ref(Address("network_storage", "data"), "clusterName")
    assert KIND.resolution.resolve({**SPEC, "cluster": later}, Catalogue(), None) == ({**SPEC, "cluster": later}, ())
