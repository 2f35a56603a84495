"""Instances: their operations, answers and statuses."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.simulator import scenario_of


def test_a_new_instance_passes_through_its_statuses(cloud: Any) -> None:
    key = cloud.machine()
    seen = [cloud.status(key)]
    for _ in range(200):
        cloud.pass_(0.5)
        if (status := cloud.status(key)) != seen[-1]:
            seen.append(status)
    assert seen == ["pending", "toCreate", "creating", "pulling", "running"]


def test_instances_are_the_same_after_one_or_many_time_steps(make_cloud: Any) -> None:
    slow, fast = make_cloud(), make_cloud()
    keys = [cloud.machine() for cloud in (slow, fast)]
    for _ in range(100):
        slow.pass_(1)
        slow.status(keys[0])
    fast.pass_(100)
    assert slow.instance(keys[0]) == fast.instance(keys[1])


def test_an_instance_has_the_fields_and_types_of_live_answers(cloud: Any) -> None:
    storage, network, auth = cloud.storage(), cloud.network(), cloud.auth()
    key = cloud.running(
        gpuNum=2,
        ports="8888/http, 22/tcp",
        envs=[{"key": "A", "value": "1"}],
        command="run",
        entrypoint="sh",
        imageAuthId=auth,
        networkStorages=[{"Id": storage, "mountPoint": "/data"}],
        networkId=network,
        tools=[{"name": "Jupyter", "port": "8889", "type": "http"}],
        localStorageMountPoint="/workspace",
    )
    got = cloud.instance(key)
    assert (got["cpuNum"], got["memory"], got["gpuNum"]) == ("32", "124", "2")
    assert (got["rootfsSize"], got["productId"], got["productName"]) == (60, "4090.16c62g", "RTX 4090 24GB")
    assert got["portMappings"] == [
        {"port": 8888, "type": "http", "endpoint": f"https://{key}-8888.us-ca-nas-2.gpu-instance.novita.ai"},
        {"port": 22, "type": "tcp", "endpoint": got["portMappings"][1]["endpoint"]},
    ]
    assert got["volumeMounts"] == [
        {"type": "network", "size": 50, "id": storage, "mountPath": "/data"},
        {"type": "local", "size": 0, "id": "", "mountPath": "/workspace"},
    ]
    assert got["network"]["id"] == network
    assert got["network"]["ip"].startswith("10.")
    assert got["imageAuthId"] == auth
    assert (got["command"], got["entrypoint"], got["envs"]) == ("run", "sh", [{"key": "A", "value": "1"}])
    assert (got["billingMode"], got["endTime"], got["spotStatus"]) == ("onDemand", "-1", "")
    assert got["statusError"] == {"state": "", "message": ""}
    assert got["connectComponentSSH"]["sshCommand"].startswith("ssh -p ")
    assert got["connectComponentJupyter"] == {
        "port": 8889,
        "address": f"https://{key}-8889.us-ca-nas-2.gpu-instance.novita.ai",
        "isRunning": True,
    }
    assert not {"imageAuth", "minCudaVersion", "month", "autoRenew"} & set(got)


def test_the_instance_list_differs_from_get_as_live(cloud: Any) -> None:
    storage = cloud.storage()
    key = cloud.running(ports="80/http", networkStorages=[{"Id": storage, "mountPoint": "/d"}])
    answer = cloud.get("gpu/instances")
    (item,) = answer["instances"]
    assert answer["total"] == 1
    assert item["id"] == key
    assert item["portMappings"] == [{"port": 80, "type": "http"}]
    assert item["volumeMounts"][0]["size"] == "50"
    assert "network" not in item


def test_the_instance_list_has_pages_and_filters(cloud: Any) -> None:
    keys = [cloud.machine(name=f"worker-{number}") for number in range(5)]
    other = cloud.machine(name="other", productId="3090.16c92g")
    first = cloud.get("gpu/instances", pageSize=2, pageNum=0)
    second = cloud.get("gpu/instances", pageSize=2, pageNum=1)
    assert [one["id"] for one in first["instances"] + second["instances"]] == keys[:4]
    assert first["total"] == 6
    assert cloud.get("gpu/instances", pageSize=2, pageNum=9)["instances"] == []
    assert [one["id"] for one in cloud.get("gpu/instances", name="OTHER")["instances"]] == [other]
    assert cloud.get("gpu/instances", productName="3090")["total"] == 1
    cloud.pass_(100)
    assert cloud.get("gpu/instances", status="running")["total"] == 6
    assert cloud.get("gpu/instances", status="exited") == {"instances": [], "total": 0}


def test_an_instance_without_a_cluster_gets_one_with_its_product(cloud: Any) -> None:
    found = {cloud.instance(cloud.machine(clusterId=""))["clusterId"] for _ in range(20)}
    assert found <= {"us-dallas-nas-2", "us-ca-nas-2", "as-sgp-2", "eu-de-1"}
    assert len(found) > 1


def test_a_cpu_instance_has_the_disk_of_its_product(cloud: Any) -> None:
    body = {"kind": "cpu", "productId": "cpu.4c8g", "imageUrl": "ubuntu:22.04", "name": "c"}
    got = cloud.instance(cloud.post("gpu/instance/create", body)["id"])
    assert (got["kind"], got["rootfsSize"], got["gpuNum"], got["cpuNum"]) == ("cpu", 40, "0", "4")


def test_an_instance_has_a_root_disk_of_at_least_10_gb(cloud: Any) -> None:
    assert cloud.instance(cloud.machine(rootfsSize=3))["rootfsSize"] == 10


def test_stop_and_start_keep_the_instance(cloud: Any) -> None:
    key = cloud.running()
    assert cloud.post("gpu/instance/stop", {"instanceId": key}) == {"instanceId": key, "state": "toStop"}
    assert cloud.status(key) == "toStop"
    cloud.pass_(2)
    assert cloud.status(key) == "stopping"
    cloud.pass_(10)
    assert cloud.status(key) == "exited"
    cloud.post("gpu/instance/start", {"instanceId": key})
    assert cloud.status(key) == "toStart"
    cloud.pass_(100)
    assert cloud.status(key) == "running"
    cloud.post("gpu/instance/restart", {"instanceId": key})
    assert cloud.status(key) == "toRestart"
    cloud.pass_(10)
    assert cloud.status(key) == "running"


def test_deleting_an_instance_has_an_empty_object_as_answer_and_takes_seconds(cloud: Any) -> None:
    key = cloud.machine()
    answer = cloud.send("POST", "gpu/instance/delete", json={"instanceId": key})
    assert (answer.status_code, answer.content) == (200, b"{}")
    seen = []
    for _ in range(12):
        seen.append(cloud.status(key))
        cloud.pass_(1)
    assert list(dict.fromkeys(seen)) == ["toRemove", "removing", "removed", "gone"]
    assert cloud.get("gpu/instances")["total"] == 0
    assert cloud.refused("POST", "gpu/instance/delete", json={"instanceId": key}) == (404, "RESOURCE_NOT_FOUND")


def test_a_second_delete_of_an_instance_changes_nothing(cloud: Any) -> None:
    key = cloud.running()
    cloud.post("gpu/instance/delete", {"instanceId": key})
    cloud.pass_(3)
    cloud.post("gpu/instance/delete", {"instanceId": key})
    assert cloud.status(key) == "removing"


def test_an_instance_with_a_failed_pull_has_an_error_and_remains(cloud: Any) -> None:
    key = cloud.machine(imageUrl="docker.io/team/does-not-exist:1")
    cloud.pass_(600)
    got = cloud.instance(key)
    assert got["status"] == "pulling"
    assert got["statusError"]["state"] == "ImagePullFailed"
    assert "does-not-exist" in got["statusError"]["message"]
    body = {"instanceId": key, "imageUrl": "docker.io/team/train:2", "envs": [], "command": "", "save": False}
    cloud.post("gpu/instance/upgrade", body)
    cloud.pass_(100)
    assert cloud.instance(key)["statusError"] == {"state": "", "message": ""}
    assert cloud.status(key) == "running"


def test_editing_an_instance_replaces_ports_and_grows_the_disk(cloud: Any) -> None:
    key = cloud.running(ports="80/http")
    cloud.post("gpu/instance/edit", {"instanceId": key, "expandRootDisk": 5})
    cloud.post("gpu/instance/edit", {"instanceId": key, "ports": [{"port": 22, "type": "tcp"}], "expandRootDisk": 5})
    got = cloud.instance(key)
    assert got["rootfsSize"] == 70
    assert [(port["port"], port["type"]) for port in got["portMappings"]] == [(22, "tcp")]
    assert got["status"] == "running"
    cloud.post("gpu/instance/edit", {"instanceId": key, "ports": []})
    assert cloud.instance(key)["portMappings"] == []


def test_an_instance_upgrade_replaces_the_whole_container(cloud: Any) -> None:
    storage, auth = cloud.storage(), cloud.auth()
    key = cloud.running(envs=[{"key": "A", "value": "1"}], command="old", ports="80/http")
    cloud.post(
        "gpu/instance/upgrade",
        {
            "instanceId": key,
            "imageUrl": "docker.io/team/train:2",
            "imageAuthId": auth,
            "envs": [{"key": "B", "value": "2"}],
            "command": "",
            "entrypoint": "sh",
            "save": True,
            "networkVolume": {"volumeMounts": [{"type": "network", "id": storage, "mountPath": "/d"}]},
        },
    )
    assert cloud.status(key) == "toReset"
    cloud.pass_(3)
    assert cloud.status(key) == "resetting"
    cloud.pass_(100)
    got = cloud.instance(key)
    assert got["status"] == "running"
    assert (got["imageUrl"], got["imageAuthId"], got["command"], got["entrypoint"]) == (
        "docker.io/team/train:2",
        auth,
        "",
        "sh",
    )
    assert got["envs"] == [{"key": "B", "value": "2"}]
    assert got["volumeMounts"][0]["id"] == storage
    assert got["portMappings"][0]["port"] == 80
    (kept,) = cloud.objects("instances")
    assert kept["container"] == 1


def test_an_instance_upgrade_without_save_starts_a_new_container(cloud: Any) -> None:
    key = cloud.running()
    body = {"instanceId": key, "imageUrl": "a/b:2", "envs": [], "command": "", "entrypoint": "", "save": False}
    cloud.post("gpu/instance/upgrade", body)
    assert cloud.objects("instances")[0]["container"] == 2


def test_an_upgrade_starts_a_stopped_instance(cloud: Any) -> None:
    key = cloud.running()
    cloud.post("gpu/instance/stop", {"instanceId": key})
    cloud.pass_(10)
    body = {"instanceId": key, "imageUrl": "a/b:2", "envs": [], "command": "", "entrypoint": "", "save": True}
    cloud.post("gpu/instance/upgrade", body)
    cloud.pass_(100)
    assert cloud.status(key) == "running"


@pytest.mark.parametrize("stopped", [False, True])
def test_a_migrated_instance_runs_on_another_node(cloud: Any, stopped: bool) -> None:
    key = cloud.running()
    if stopped:
        cloud.post("gpu/instance/stop", {"instanceId": key})
        cloud.pass_(10)
    before = cloud.objects("instances")[0]
    assert cloud.post("gpu/instance/migrate", {"instanceId": key}) == {}
    assert cloud.status(key) == "migrating"
    (job,) = cloud.get("jobs")["jobs"]
    assert (job["type"], job["instanceId"]) == ("instanceMigrate", key)
    cloud.pass_(60)
    after = cloud.objects("instances")[0]
    assert cloud.status(key) == ("exited" if stopped else "running")
    assert (after["node"], after["container"]) == ((before["node"] + 1) % 64, 2)
    assert cloud.get("jobs")["jobs"][0]["state"]["state"] == "success"


def test_monthly_instances_renew_and_cannot_be_deleted(cloud: Any) -> None:
    key = cloud.machine(billingMode="monthly", month=1)
    ends = int(cloud.instance(key)["endTime"])
    assert ends == int(cloud.clock()) + 30 * 86_400
    assert cloud.refuses("gpu/instance/renewInstance", {"instanceId": key, "month": 1}) == (
        "CREATING_INSTANCE_NOT_SUPPORT_RENEWAL"
    )
    assert cloud.refuses("gpu/instance/delete", {"instanceId": key}) == "PREPAID_INSTANCE_NOT_SUPPORT_RELEASE"
    cloud.pass_(100)
    cloud.post("gpu/instance/renewInstance", {"instanceId": key, "month": 2})
    assert int(cloud.instance(key)["endTime"]) == ends + 60 * 86_400


def test_an_instance_with_months_has_monthly_billing(cloud: Any) -> None:
    assert cloud.instance(cloud.machine(month=3))["billingMode"] == "monthly"


def test_a_pay_as_you_go_instance_converts_to_monthly_only(cloud: Any) -> None:
    key = cloud.running()
    cloud.post("gpu/instance/transToMonthlyInstance", {"instanceId": key, "month": 1})
    got = cloud.instance(key)
    assert got["billingMode"] == "monthly"
    assert int(got["endTime"]) == int(cloud.clock()) + 30 * 86_400
    assert cloud.refuses("gpu/instance/transToMonthlyInstance", {"instanceId": key, "month": 1}) == (
        "UNSUPPORTED_BILLING_MODE"
    )


def test_auto_renew_and_auto_migrate_of_instances_take_effect(cloud: Any) -> None:
    key = cloud.machine(month=1, autoRenew=True, autoRenewMonth=3)
    assert cloud.objects("instances")[0]["renews"] == 3
    cloud.post("gpu/instance/setAutoRenew", {"instanceIds": [key], "autoRenew": False, "autoRenewMonth": 1})
    assert cloud.objects("instances")[0]["renews"] == 0
    cloud.post(
        "gpu/instance/setAutoMigrate",
        {"instanceId": key, "autoMigrateOpen": True, "autoMigrateSystemDisk": True},
    )
    kept = cloud.objects("instances")[0]
    assert (kept["migrates"], kept["migrates_disk"]) == (True, True)


def test_a_prewarmed_image_is_pulled_quickly(cloud: Any) -> None:
    cloud.prewarm(imageUrl="docker.io/team/train:1")
    cloud.pass_(100)
    key = cloud.machine()
    cloud.pass_(11)
    assert cloud.status(key) == "running"


def test_a_spot_instance_has_spot_fields(cloud: Any) -> None:
    got = cloud.instance(cloud.machine(billingMode="spot"))
    assert (got["billingMode"], got["spotStatus"]) == ("spot", "running")


def test_instance_metrics_cover_the_window_for_each_gpu(cloud: Any) -> None:
    key = cloud.running(gpuNum=2)
    cloud.pass_(3600)
    now = int(cloud.clock())
    path = "/openapi/v1/metrics/gpu/instance"
    got = cloud.get(path, instanceId=key, startTime=now - 600, endTime=now, interval=60)
    assert len(got["cpuUtilization"]) == 10
    assert [gpu["gpuId"] for gpu in got["gpuUtilization"]["gpuIds"]] == ["0", "1"]
    assert all(isinstance(point["timestamp"], str) for point in got["memUtilization"])
    default = cloud.get(path, instanceId=key, startTime=now - 10, endTime=now + 99, interval=5)
    assert len(default["cpuUtilization"]) == 4
    assert cloud.refused("GET", path, params={"instanceId": "nope"}) == (404, "RESOURCE_NOT_FOUND")


def test_the_metrics_of_an_idle_instance_have_no_gpu_load(make_cloud: Any) -> None:
    event = {"at": 7200, "do": "idle", "name": "bored"}
    cloud = make_cloud(scenario=scenario_of({"name": "rest", "says": "A machine rests.", "events": [event]}))
    keys = {name: cloud.running(name=name) for name in ("bored", "busy")}
    cloud.pass_(4 * 3600)
    now = int(cloud.clock())

    def figures(name: str, what: str) -> list[float]:
        path = "/openapi/v1/metrics/gpu/instance"
        got = cloud.get(path, instanceId=keys[name], startTime=now - 12_000, endTime=now, interval=600)[what]
        return [point["value"] for point in (got["avg"] if isinstance(got, dict) else got)]

    bored = figures("bored", "gpuUtilization")
    assert bored[0] > 0
    assert set(bored[-6:]) == {0}
    assert all(figures("busy", "gpuUtilization"))
    assert all(figures("bored", "cpuUtilization"))
