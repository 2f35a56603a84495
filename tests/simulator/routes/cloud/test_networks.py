"""Private networks: their operations, and the machines in them."""

from __future__ import annotations

from typing import Any

from novita_infra.simulator import Limits


def test_creating_a_network_answers_no_id_and_takes_seconds(cloud: Any) -> None:
    assert cloud.post("network/create", {"clusterId": "us-ca-nas-2", "name": "net"}) == {}
    answer = cloud.get("networks")
    assert answer["total"] == "1"
    (network,) = answer["networks"]
    assert network["state"] == {"state": "creating", "error": ""}
    assert network["Addresses"] == []
    assert network["segment"].startswith("10.")
    cloud.pass_(4)
    got = cloud.get("network", networkId=network["Id"])
    assert got["network"]["state"]["state"] == "ready"
    assert got["network"]["createTime"].isdecimal()


def test_a_network_is_renamed_and_listed_by_name(cloud: Any) -> None:
    key = cloud.network(name="before")
    assert cloud.post("network/update", {"networkId": key, "name": "after"}) == {}
    assert cloud.get("networks", name="AFT")["networks"][0]["Id"] == key
    assert cloud.get("networks", name="before")["networks"] == []
    assert cloud.get("networks", creators="someone")["total"] == "0"


def test_a_network_outside_its_limits_is_refused(make_cloud: Any) -> None:
    cloud = make_cloud(limits=Limits(networks=1))
    body = {"clusterId": "us-ca-nas-2", "name": "n"}
    assert cloud.refused_field("network/create", body | {"name": "n" * 31}) == "name"
    assert cloud.refused_field("network/create", body | {"clusterId": "eu-de-1"}) == "clusterId"
    assert cloud.refuses("network/create", body | {"clusterId": "no"}) == "RESOURCE_NOT_FOUND"
    key = cloud.network()
    assert cloud.refuses("network/create", body) == "NETWORK_MAX_LIMIT"
    assert cloud.refused_field("network/update", {"networkId": key, "name": ""}) == "name"
    assert cloud.refuses("network/update", {"networkId": "no", "name": "x"}) == "NETWORK_NOT_FOUND"
    assert cloud.refused("GET", "network", params={"networkId": "no"}) == (400, "NETWORK_NOT_FOUND")
    cloud.post("network/delete", {"networkId": key})
    assert cloud.refuses("network/delete", {"networkId": key}) == "NETWORK_NOT_FOUND"


def test_a_network_lists_its_machines_and_cannot_be_deleted_with_them(cloud: Any) -> None:
    network = cloud.network()
    keys = [cloud.running(networkId=network) for _ in range(2)]
    addresses = cloud.get("network", networkId=network)["network"]["Addresses"]
    assert [address["Id"] for address in addresses] == keys
    assert len({address["Ip"] for address in addresses}) == 2
    for key in keys:
        assert cloud.refuses("network/delete", {"networkId": network}) == "NETWORK_IN_USE"
        cloud.post("gpu/instance/delete", {"instanceId": key})
    assert cloud.refuses("network/delete", {"networkId": network}) == "NETWORK_IN_USE"
    cloud.pass_(6)
    assert cloud.post("network/delete", {"networkId": network}) == {}
