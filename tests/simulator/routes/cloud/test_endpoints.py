"""Serverless endpoints: their operations and their workers."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.simulator import PROFILES, Limits

CONFIG = {
    "minNum": 1,
    "maxNum": 3,
    "freeTimeout": 60,
    "maxConcurrent": 4,
    "gpuNum": 1,
    "requestTimeout": 600,
}
PAUSE = PROFILES["live"].endpoint_pause
"""Seconds between two creates."""
ACTIVE_AGAIN = 80
"""Seconds after the deletion of the last endpoint until another is created for certain."""


def shown(cloud: Any, key: str) -> Any:
    return cloud.get("endpoint", id=key)["endpoint"]


def change(cloud: Any, key: str, **changes: Any) -> None:
    """The flat, full body of an update, from the answer of get with changes."""
    now = shown(cloud, key)
    body = {name: now[name] for name in ("id", "name", "ports", "policy", "image", "envs", "volumeMounts", "clusterID")}
    body |= {"workerConfig": now["workerConfig"], "healthy": {"path": now["healthy"]["path"]}}
    assert cloud.post("endpoint/update", body | changes) == {}


def running(endpoint: Any) -> list[Any]:
    return [worker for worker in endpoint["workers"] if worker["state"]["state"] == "running" and worker["healthy"]]


def test_endpoint_limits_have_every_documented_name(cloud: Any) -> None:
    limits = cloud.get("endpoint/limit")
    for name in ("RootfsSize", "LocalVolumeSize", "WorkerNum", "FreeTimeout", "ConcurrencyNum", "QueueWaitTime"):
        assert limits[f"min{name}"] <= limits[f"max{name}"]
    assert {"freeRootfsSize", "minGPUNum", "maxRequestTimeout", "minRequestNum"} <= set(limits)
    assert "12.4" in limits["cudaVersionList"]


def test_an_endpoint_serves_once_its_workers_run(cloud: Any) -> None:
    key = cloud.endpoint()
    young = shown(cloud, key)
    assert young["state"]["state"] == "creating"
    assert [worker["state"]["state"] for worker in young["workers"]] == ["creating"]
    assert running(young) == []
    cloud.pass_(100)
    grown = shown(cloud, key)
    assert grown["state"] == {"state": "serving", "error": "", "message": ""}
    assert len(running(grown)) == 1


def test_an_endpoint_has_the_types_of_live_answers(cloud: Any) -> None:
    auth = cloud.auth()
    key = cloud.endpoint(
        appName="my-app",
        ports=[{"port": "8000"}],
        image={"image": "a:1", "authId": auth, "command": "run"},
        envs=[{"key": "A", "value": "1"}],
        volumeMounts=[{"type": "local", "size": 30, "mountPath": "/cache"}],
    )
    got = shown(cloud, key)
    assert got["workerConfig"] == {
        "minNum": 1,
        "maxNum": 3,
        "freeTimeout": "60",
        "maxConcurrent": "4",
        "gpuNum": 1,
        "requestTimeout": 600,
        "cudaVersion": "",
    }
    assert got["policy"] == {"type": "queue", "value": "30"}
    assert got["ports"] == [{"port": 8000}]
    assert (got["appName"], got["rootfsSize"], got["products"]) == ("my-app", 100, [{"id": "SL-serverless-1"}])
    assert got["url"] == f"https://{key}-my-app.runsync.novita.dev"
    assert got["image"] == {"image": "a:1", "authId": auth, "command": "run"}
    assert got["volumeMounts"] == [{"type": "local", "id": "", "size": 30, "mountPath": "/cache"}]
    assert got["healthy"]["path"] == "/health"
    assert isinstance(got["healthy"]["initialDelay"], int)


def test_the_app_name_of_an_endpoint_defaults_to_its_id_and_is_unique(cloud: Any, an_endpoint: Any) -> None:
    key = cloud.endpoint()
    assert shown(cloud, key)["appName"] == key
    assert shown(cloud, key)["url"] == f"https://{key}-{key}.runsync.novita.dev"
    cloud.pass_(PAUSE)
    cloud.endpoint(appName="taken")
    cloud.pass_(PAUSE)
    changes = {"endpoint": an_endpoint(appName="taken")}
    assert cloud.refuses("endpoint/create", changes) == "SERVERLESS_APP_NAME_IS_EXIST"


def test_endpoints_are_listed_in_full(cloud: Any) -> None:
    keys = []
    for number in range(3):
        keys.append(cloud.endpoint(name=f"e{number}"))
        cloud.pass_(PAUSE)
    assert [one["id"] for one in cloud.get("endpoints")["endpoints"]] == keys
    second = cloud.get("endpoints", pageSize=2, pageNum=1)
    assert second["total"] == 3
    assert second["endpoints"] == [shown(cloud, keys[2]) | {"ports": [{"port": "8000"}]}]


def test_an_endpoint_create_takes_a_type_and_a_list_of_clusters(cloud: Any, an_endpoint: Any) -> None:
    key = cloud.endpoint(type="async", clusterIDs=["as-sgp-2"])
    assert (cloud.objects("endpoints")[0]["type"], shown(cloud, key)["clusterID"]) == ("async", "as-sgp-2")
    change(cloud, key, clusterID="us-ca-nas-2")  # an update has the single name
    assert (cloud.objects("endpoints")[0]["type"], shown(cloud, key)["clusterID"]) == ("async", "us-ca-nas-2")
    cloud.pass_(PAUSE)
    sync = cloud.endpoint(clusterID="us-ca-nas-2", clusterIDs=["us-ca-nas-2", "as-sgp-2"])
    assert (cloud.objects("endpoints")[1]["type"], shown(cloud, sync)["clusterID"]) == ("sync", "us-ca-nas-2")
    cloud.pass_(PAUSE)
    assert cloud.refuses("endpoint/create", {"endpoint": an_endpoint(clusterIDs=["mars"])}) == "RESOURCE_NOT_FOUND"
    assert cloud.refused_field("endpoint/create", {"endpoint": an_endpoint(type="batch")}) == "endpoint.type"


def test_an_endpoint_with_minimum_zero_has_no_workers(cloud: Any) -> None:
    key = cloud.endpoint(workerConfig=CONFIG | {"minNum": 0})
    cloud.pass_(10)
    assert shown(cloud, key)["state"]["state"] == "serving"
    assert shown(cloud, key)["workers"] == []


def test_an_endpoint_update_starts_new_workers_first(cloud: Any) -> None:
    key = cloud.endpoint()
    cloud.pass_(100)
    (old,) = running(shown(cloud, key))
    change(cloud, key, image={"image": "docker.io/team/serve:2", "authId": "", "command": ""})
    midway = shown(cloud, key)
    assert midway["state"]["state"] == "updating"
    assert running(midway) == [old]
    assert len(midway["workers"]) == 2
    cloud.pass_(100)
    done = shown(cloud, key)
    assert done["state"]["state"] == "serving"
    assert done["image"]["image"] == "docker.io/team/serve:2"
    (new,) = running(done)
    assert new["id"] != old["id"]
    assert [worker["id"] for worker in done["workers"] if worker["state"]["state"] == "removed"] == [old["id"]]
    cloud.pass_(700)
    assert [worker["id"] for worker in shown(cloud, key)["workers"]] == [new["id"]]


def test_scaling_an_endpoint_keeps_its_running_workers(cloud: Any) -> None:
    key = cloud.endpoint()
    cloud.pass_(100)
    (old,) = running(shown(cloud, key))
    change(cloud, key, workerConfig=CONFIG | {"minNum": 3})
    assert shown(cloud, key)["state"]["state"] == "serving"
    cloud.pass_(100)
    assert len(running(shown(cloud, key))) == 3
    assert old["id"] in {worker["id"] for worker in running(shown(cloud, key))}
    change(cloud, key, workerConfig=CONFIG | {"minNum": 1})
    assert len(running(shown(cloud, key))) == 3
    cloud.pass_(61)
    assert len(running(shown(cloud, key))) == 1
    change(cloud, key, workerConfig=CONFIG | {"minNum": 0, "maxNum": 1})
    cloud.pass_(61)
    assert running(shown(cloud, key)) == []


def test_an_endpoint_update_clears_omitted_lists_and_keeps_fixed_fields(cloud: Any) -> None:
    key = cloud.endpoint(envs=[{"key": "A", "value": "1"}], appName="app")
    now = shown(cloud, key)
    body = {name: now[name] for name in ("id", "workerConfig", "ports", "policy", "image")}
    cloud.post("endpoint/update", body)
    got = shown(cloud, key)
    assert got["envs"] == []
    assert (got["appName"], got["products"], got["rootfsSize"], got["healthy"]["path"]) == (
        "app",
        [{"id": "SL-serverless-1"}],
        100,
        "/health",
    )


def test_an_endpoint_as_read_can_be_sent_as_update(cloud: Any) -> None:
    key = cloud.endpoint()
    cloud.pass_(100)
    before = shown(cloud, key)
    cloud.post("endpoint/update", before | {"workers": None})
    assert shown(cloud, key) | {"updatedAt": ""} == before | {"updatedAt": ""}


def test_a_failed_pull_shows_on_the_workers_of_an_endpoint(cloud: Any) -> None:
    key = cloud.endpoint(image={"image": "docker.io/team/does-not-exist:1"})
    cloud.pass_(1000)
    got = shown(cloud, key)
    assert got["state"]["state"] == "creating"
    (worker,) = got["workers"]
    assert (worker["state"]["state"], worker["state"]["error"]) == ("failed", "ImagePullFailed")
    change(cloud, key, image={"image": "docker.io/team/serve:1"})
    cloud.pass_(100)
    assert shown(cloud, key)["state"]["state"] == "serving"
    assert len(running(shown(cloud, key))) == 1


@pytest.mark.parametrize("field", ["name", "id", "endpoint_id"])
def test_a_deleted_endpoint_is_gone_after_seconds(cloud: Any, field: str) -> None:
    key = cloud.endpoint(appName="app")
    assert cloud.post("endpoint/delete", {field: key}) == {}
    assert shown(cloud, key)["state"]["state"] == "deleting"
    assert {worker["state"]["state"] for worker in shown(cloud, key)["workers"]} == {"removed"}
    cloud.pass_(7)
    assert cloud.refused("GET", "endpoint", params={"id": key}) == (400, "SERVERLESS_ENDPOINT_NOT_FOUND")
    assert cloud.refuses("endpoint/delete", {"name": key}) == "SERVERLESS_ENDPOINT_NOT_FOUND"
    assert cloud.get("endpoints") == {"endpoints": [], "total": 0}
    cloud.pass_(ACTIVE_AGAIN)
    cloud.endpoint(appName="app")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "n" * 221}, "endpoint.name"),
        ({"appName": "Not_A_Label"}, "endpoint.appName"),
        ({"appName": "-x"}, "endpoint.appName"),
        ({"rootfsSize": 9}, "rootfsSize"),
        ({"rootfsSize": 501}, "rootfsSize"),
        ({"ports": []}, "endpoint.ports"),
        ({"ports": [{"port": 1}, {"port": 2}]}, "endpoint.ports"),
        ({"ports": [{"port": 2223}]}, "endpoint.ports[0].port"),
        ({"policy": {"type": "random", "value": 1}}, "endpoint.policy.type"),
        ({"policy": {"type": "queue", "value": 0}}, "policy.value"),
        ({"policy": {"type": "concurrency", "value": 100_000}}, "policy.value"),
        ({"image": {"image": "i" * 512}}, "endpoint.image.image"),
        ({"image": {"image": "a", "command": "c" * 2048}}, "endpoint.image.command"),
        ({"products": []}, "endpoint.products"),
        ({"healthy": None}, "endpoint.healthy"),
        ({"healthy": {"path": "health"}}, "endpoint.healthy.path"),
        ({"volumeMounts": [{"type": "network", "mountPath": "/d"}]}, "volumeMounts[0].id"),
        ({"volumeMounts": [{"type": "local", "size": 9, "mountPath": "/d"}]}, "volumeMounts.size"),
        ({"volumeMounts": [{"type": "local", "size": 30, "mountPath": "d"}]}, "endpoint.volumeMounts[0].mountPath"),
        ({"workerConfig": CONFIG | {"minNum": 51, "maxNum": 51}}, "workerConfig.minNum"),
        ({"workerConfig": CONFIG | {"minNum": 2, "maxNum": 1}}, "workerConfig.maxNum"),
        ({"workerConfig": CONFIG | {"minNum": 0, "maxNum": 0}}, "workerConfig.maxNum"),
        ({"workerConfig": CONFIG | {"freeTimeout": 0}}, "workerConfig.freeTimeout"),
        ({"workerConfig": CONFIG | {"maxConcurrent": 1001}}, "workerConfig.maxConcurrent"),
        ({"workerConfig": CONFIG | {"gpuNum": 9}}, "workerConfig.gpuNum"),
        ({"workerConfig": CONFIG | {"requestTimeout": 86_401}}, "workerConfig.requestTimeout"),
        ({"workerConfig": CONFIG | {"cudaVersion": "1.0"}}, "workerConfig.cudaVersion"),
        ({"workerConfig": {"minNum": 1}}, "endpoint.workerConfig.maxNum"),
    ],
)
def test_a_limit_of_the_endpoint_is_refused_by_its_field(
    cloud: Any, an_endpoint: Any, changes: dict[str, Any], field: str
) -> None:
    assert cloud.refused_field("endpoint/create", {"endpoint": an_endpoint(**changes)}) == field
    assert cloud.objects("endpoints") == []


def test_an_endpoint_uses_the_serverless_catalogue(cloud: Any, an_endpoint: Any) -> None:
    changes = {"endpoint": an_endpoint(products=[{"id": "4090.16c62g"}])}
    assert cloud.refuses("endpoint/create", changes) == "SERVERLESS_PRODUCT_NOT_FOUND"
    changes = {"endpoint": an_endpoint(image={"image": "a", "authId": "no"})}
    assert cloud.refuses("endpoint/create", changes) == "RESOURCE_NOT_FOUND"


def test_a_mounted_storage_needs_its_cluster(cloud: Any, an_endpoint: Any) -> None:
    storage = cloud.storage()
    mounts = [{"type": "network", "id": storage, "mountPath": "/d"}]
    changes = an_endpoint(volumeMounts=mounts)
    assert cloud.refused_field("endpoint/create", {"endpoint": changes}) == "clusterID"
    assert cloud.refused_field("endpoint/create", {"endpoint": changes | {"clusterID": "as-sgp-2"}}) == "volumeMounts"
    assert cloud.post("endpoint/create", {"endpoint": changes | {"clusterID": "us-ca-nas-2"}})


def test_workers_of_an_endpoint_take_stock(make_cloud: Any, an_endpoint: Any) -> None:
    cloud = make_cloud(limits=Limits(stock_scale=0.005))
    key = cloud.endpoint(workerConfig=CONFIG | {"minNum": 2})
    cloud.pass_(PAUSE)
    changes = {"endpoint": an_endpoint()}
    assert cloud.refuses("endpoint/create", changes) == "INSUFFICIENT_RESOURCE"
    now = shown(cloud, key)
    body = {name: now[name] for name in ("id", "ports", "policy", "image")}
    more = body | {"workerConfig": CONFIG | {"minNum": 3}, "healthy": {"path": "/health"}}
    assert cloud.refuses("endpoint/update", more) == "INSUFFICIENT_RESOURCE"
    assert len(shown(cloud, key)["workers"]) == 2
    cloud.post("endpoint/delete", {"name": key})
    cloud.pass_(ACTIVE_AGAIN)
    cloud.post("endpoint/create", changes)


def test_an_endpoint_being_deleted_cannot_be_updated(cloud: Any) -> None:
    key = cloud.endpoint()
    body = shown(cloud, key)
    cloud.post("endpoint/delete", {"name": key})
    assert cloud.refuses("endpoint/update", body) == "OPERATION_LIMIT"
    assert cloud.refuses("endpoint/update", body | {"id": "no"}) == "SERVERLESS_ENDPOINT_NOT_FOUND"
