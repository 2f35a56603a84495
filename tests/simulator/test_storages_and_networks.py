"""Network storages, private networks and registry credentials, and who holds on to them."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.simulator import Limits


def test_creating_a_storage_answers_the_bare_id(cloud: Any) -> None:
    key = cloud.storage(name="data", size=20)
    assert cloud.get("networkstorages/list", storageId=key) == {
        "data": [
            {
                "storageId": key,
                "storageName": "data",
                "storageSize": 20,
                "clusterId": "us-ca-nas-2",
                "clusterName": "US-CA-02 (California)",
                "price": "200",
            }
        ],
        "total": 1,
    }


def test_an_empty_storage_list_is_null(cloud: Any) -> None:
    assert cloud.get("networkstorages/list") == {"data": None, "total": 0}
    assert cloud.get("networkstorages") == {"data": None, "total": 0}


def test_storages_page_from_one_and_filter_by_name(cloud: Any) -> None:
    keys = [cloud.storage(name=f"data-{number}") for number in range(5)]
    pages = [cloud.get("networkstorages/list", pageNo=number, pageSize=2) for number in (0, 1, 2, 3)]
    assert [[one["storageId"] for one in page["data"]] for page in pages] == [keys[:2], keys[:2], keys[2:4], keys[4:]]
    assert {page["total"] for page in pages} == {5}
    assert cloud.get("networkstorages/list", storageName="a-3")["total"] == 1


def test_a_storage_is_renamed_and_grows_by_a_number_or_its_text(cloud: Any) -> None:
    key = cloud.storage(size=20)
    assert cloud.post("networkstorage/update", {"storageId": key, "storageName": "x", "storageSize": 30}) == {}
    assert cloud.post("networkstorage/update", {"storageId": key, "storageName": "x", "storageSize": "40"}) == {}
    assert cloud.post("networkstorage/update", {"storageId": key, "storageName": "y"}) == {}
    (shown,) = cloud.get("networkstorages/list")["data"]
    assert (shown["storageName"], shown["storageSize"]) == ("y", 40)


def test_the_limits_of_a_storage_are_told(cloud: Any) -> None:
    body = {"clusterId": "us-ca-nas-2", "storageName": "d", "storageSize": 50}
    assert cloud.refused_field("networkstorage/create", body | {"storageSize": 9}) == "storageSize"
    assert cloud.refused_field("networkstorage/create", body | {"storageName": ""}) == "storageName"
    answer = cloud.send("POST", "networkstorage/create", json=body | {"storageSize": 10_241})
    assert (answer.status_code, answer.json()["reason"]) == (400, "NETWORK_STORAGE_TOO_LARGE")
    assert answer.json()["metadata"] == {"limit": "10240"}
    wrong = body | {"clusterId": "us-ca-6"}
    assert cloud.refuses("networkstorage/create", wrong) == "CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT"
    key = cloud.storage(size=50)
    shrink = {"storageId": key, "storageName": "d", "storageSize": 49}
    assert cloud.refused_field("networkstorage/update", shrink) == "storageSize"
    assert cloud.refuses("networkstorage/update", shrink | {"storageId": "no"}) == "NETWORK_STORAGE_NOT_FOUND"
    assert cloud.refuses("networkstorage/delete", {"storageId": "no"}) == "NETWORK_STORAGE_NOT_FOUND"


def test_a_mounted_storage_is_released_only_when_its_machine_is_gone(cloud: Any) -> None:
    storage = cloud.storage()
    key = cloud.running(networkStorages=[{"Id": storage, "mountPoint": "/d"}])
    gone = {"storageId": storage}
    assert cloud.refuses("networkstorage/delete", gone) == "NETWORK_STORAGE_IN_USE"
    cloud.post("gpu/instance/delete", {"instanceId": key})
    for _ in range(5):
        assert cloud.refuses("networkstorage/delete", gone) == "NETWORK_STORAGE_IN_USE"
        cloud.pass_(1)
    assert cloud.status(key) == "removed"
    assert cloud.post("networkstorage/delete", gone) == {}


def test_unmounting_by_an_upgrade_releases_the_storage(cloud: Any) -> None:
    storage = cloud.storage()
    key = cloud.running(networkStorages=[{"Id": storage, "mountPoint": "/d"}])
    body = {"instanceId": key, "imageUrl": "a/b:1", "envs": [], "command": "", "entrypoint": "", "save": True}
    cloud.post("gpu/instance/upgrade", body | {"networkVolume": {"volumeMounts": []}})
    cloud.post("networkstorage/delete", {"storageId": storage})


def test_an_endpoint_holds_its_storage_until_it_is_gone(cloud: Any) -> None:
    storage = cloud.storage()
    mounts = [{"type": "network", "id": storage, "mountPath": "/d"}]
    key = cloud.endpoint(volumeMounts=mounts, clusterID="us-ca-nas-2")
    assert cloud.refuses("networkstorage/delete", {"storageId": storage}) == "NETWORK_STORAGE_IN_USE"
    cloud.post("endpoint/delete", {"name": key})
    assert cloud.refuses("networkstorage/delete", {"storageId": storage}) == "NETWORK_STORAGE_IN_USE"
    cloud.pass_(7)
    cloud.post("networkstorage/delete", {"storageId": storage})


def test_a_network_comes_without_an_id_and_is_ready_after_a_while(cloud: Any) -> None:
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
    assert cloud.post("network/update", {"networkId": key, "name": "after"}) is None
    assert cloud.get("networks", name="AFT")["networks"][0]["Id"] == key
    assert cloud.get("networks", name="before")["networks"] == []
    assert cloud.get("networks", creators="someone")["total"] == "0"


def test_the_limits_of_a_network_are_told(make_cloud: Any) -> None:
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


def test_a_network_shows_its_machines_and_is_held_by_them(cloud: Any) -> None:
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
    assert cloud.post("network/delete", {"networkId": network}) is None


def test_saving_a_credential_tells_no_id_and_adds_one_each_time(cloud: Any) -> None:
    body = {"name": "hub", "username": "u", "password": "p"}
    assert cloud.post("repository/auth/save", body) == {}
    assert cloud.post("repository/auth/save", body) == {}
    data = cloud.get("repository/auths")["data"]
    assert len({one["id"] for one in data}) == 2
    assert {(one["name"], one["username"], one["password"]) for one in data} == {("hub", "u", "******")}
    assert all(len(one["id"]) == 32 for one in data)


@pytest.mark.parametrize("field", ["name", "username", "password"])
def test_a_credential_needs_all_of_its_parts(cloud: Any, field: str) -> None:
    body = {"name": "hub", "username": "u", "password": "p"}
    assert cloud.refused_field("repository/auth/save", body | {field: ""}) == field
    assert cloud.refused_field("repository/auth/save", {k: v for k, v in body.items() if k != field}) == field


def test_a_credential_is_held_by_whatever_names_it(cloud: Any, an_endpoint: Any) -> None:
    auth = cloud.auth()
    gone = {"id": auth}

    def held() -> bool:
        answer = cloud.send("POST", "repository/auth/delete", json=gone)
        return bool(answer.status_code == 400 and answer.json()["reason"] == "IMAGE_AUTH_IN_USE")

    machine = cloud.running(imageAuthId=auth)
    assert held()
    cloud.post("gpu/instance/delete", {"instanceId": machine})
    cloud.pass_(2)
    assert held()
    template = {"name": "t", "type": "instance", "channel": "private", "image": "a:1", "rootfsSize": 10}
    made = cloud.post("template/create", {"template": template | {"imageAuth": auth}})
    cloud.pass_(60)
    assert held()
    cloud.post("template/delete", made)
    endpoint = cloud.endpoint(image={"image": "a:1", "authId": auth})
    assert held()
    cloud.post("endpoint/delete", {"name": endpoint})
    assert held()
    cloud.pass_(10)
    prewarm = cloud.prewarm(repositoryAuth=auth)
    assert held()
    cloud.pass_(100)
    assert cloud.get("image/prewarm")["data"][0]["state"] == "Succeeded"
    assert not held()
    assert cloud.get("repository/auths")["data"] == []
    assert cloud.get("image/prewarm")["data"][0]["id"] == prewarm
    assert cloud.refuses("repository/auth/delete", gone) == "RESOURCE_NOT_FOUND"
