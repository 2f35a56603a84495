"""Network storages: their operations, and what mounts them."""

from __future__ import annotations

from typing import Any
from uuid import UUID


def test_creating_a_storage_answers_the_bare_id(cloud: Any) -> None:
    key = cloud.storage(name="data", size=20)
    assert str(UUID(key)) == key
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


def test_storages_are_listed_in_pages_and_by_name(cloud: Any) -> None:
    keys = [cloud.storage(name=f"data-{number}") for number in range(5)]
    pages = [cloud.get("networkstorages/list", pageNo=number, pageSize=2) for number in (0, 1, 2, 3)]
    assert [[one["storageId"] for one in page["data"]] for page in pages] == [keys[:2], keys[:2], keys[2:4], keys[4:]]
    assert {page["total"] for page in pages} == {5}
    assert cloud.get("networkstorages/list", storageName="a-3")["total"] == 1


def test_a_storage_is_renamed_and_grows_by_number_or_text(cloud: Any) -> None:
    key = cloud.storage(size=20)
    assert cloud.post("networkstorage/update", {"storageId": key, "storageName": "x", "storageSize": 30}) == {}
    assert cloud.post("networkstorage/update", {"storageId": key, "storageName": "x", "storageSize": "40"}) == {}
    assert cloud.post("networkstorage/update", {"storageId": key, "storageName": "y"}) == {}
    (shown,) = cloud.get("networkstorages/list")["data"]
    assert (shown["storageName"], shown["storageSize"]) == ("y", 40)


def test_a_storage_outside_its_limits_is_refused(cloud: Any) -> None:
    body = {"clusterId": "us-ca-nas-2", "storageName": "d", "storageSize": 50}
    assert cloud.refused_field("networkstorage/create", body | {"storageSize": 9}) == "storageSize"
    assert cloud.refused_field("networkstorage/create", body | {"storageName": ""}) == "storageName"
    answer = cloud.send("POST", "networkstorage/create", json=body | {"storageSize": 10_241})
    assert (answer.status_code, answer.json()["reason"]) == (400, "NETWORK_STORAGE_TOO_LARGE")
    assert answer.json()["metadata"] == {"limit": "10240"}
    without_storage = body | {"clusterId": "us-ca-6"}
    assert cloud.refuses("networkstorage/create", without_storage) == "CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT"
    key = cloud.storage(size=50)
    shrink = {"storageId": key, "storageName": "d", "storageSize": 49}
    assert cloud.refused_field("networkstorage/update", shrink) == "storageSize"
    assert cloud.refuses("networkstorage/update", shrink | {"storageId": "no"}) == "NETWORK_STORAGE_NOT_FOUND"
    assert cloud.refuses("networkstorage/delete", {"storageId": "no"}) == "NETWORK_STORAGE_NOT_FOUND"


def test_a_mounted_storage_can_be_deleted_when_its_machine_is_gone(cloud: Any) -> None:
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


def test_a_storage_unmounted_by_an_upgrade_can_be_deleted(cloud: Any) -> None:
    storage = cloud.storage()
    key = cloud.running(networkStorages=[{"Id": storage, "mountPoint": "/d"}])
    body = {"instanceId": key, "imageUrl": "a/b:1", "envs": [], "command": "", "entrypoint": "", "save": True}
    cloud.post("gpu/instance/upgrade", body | {"networkVolume": {"volumeMounts": []}})
    cloud.post("networkstorage/delete", {"storageId": storage})


def test_a_storage_of_an_endpoint_can_be_deleted_when_it_is_gone(cloud: Any) -> None:
    storage = cloud.storage()
    mounts = [{"type": "network", "id": storage, "mountPath": "/d"}]
    key = cloud.endpoint(volumeMounts=mounts, clusterID="us-ca-nas-2")
    assert cloud.refuses("networkstorage/delete", {"storageId": storage}) == "NETWORK_STORAGE_IN_USE"
    cloud.post("endpoint/delete", {"name": key})
    assert cloud.refuses("networkstorage/delete", {"storageId": storage}) == "NETWORK_STORAGE_IN_USE"
    cloud.pass_(7)
    cloud.post("networkstorage/delete", {"storageId": storage})
