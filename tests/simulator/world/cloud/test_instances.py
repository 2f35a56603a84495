"""Instances: the limits of the create operation, and refusals by status."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from novita_infra.simulator import PROFILES, Limits


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "n" * 256}, "name"),
        ({"productId": ""}, "productId"),
        ({"productId": None}, "productId"),
        ({"gpuNum": 0}, "gpuNum"),
        ({"gpuNum": 9}, "gpuNum"),
        ({"gpuNum": None}, "gpuNum"),
        ({"gpuNum": "two"}, "gpuNum"),
        ({"gpuNum": 1.5}, "gpuNum"),
        ({"gpuNum": True}, "gpuNum"),
        ({"rootfsSize": 6145}, "rootfsSize"),
        ({"rootfsSize": 4000}, "rootfsSize"),
        ({"rootfsSize": None}, "rootfsSize"),
        ({"imageUrl": ""}, "imageUrl"),
        ({"imageUrl": "i" * 501}, "imageUrl"),
        ({"imageAuth": "nocolon"}, "imageAuth"),
        ({"ports": "80"}, "ports"),
        ({"ports": "80/udp"}, "ports"),
        ({"ports": "0/http"}, "ports"),
        ({"ports": "65536/http"}, "ports"),
        ({"ports": "2222/tcp"}, "ports"),
        ({"ports": "2223/tcp"}, "ports"),
        ({"ports": "2224/http"}, "ports"),
        ({"ports": ", ".join(f"{port}/tcp" for port in range(100, 116))}, "ports"),
        ({"ports": [80]}, "ports"),
        ({"envs": [{"key": "", "value": "v"}]}, "envs[0].key"),
        ({"envs": [{"key": "k" * 512, "value": "v"}]}, "envs[0].key"),
        ({"envs": [{"key": "k", "value": "v" * 4096}]}, "envs[0].value"),
        ({"envs": [{"key": f"k{number}", "value": ""} for number in range(101)]}, "envs"),
        ({"envs": {"A": "1"}}, "envs[0].key"),
        ({"tools": [{"name": "Emacs", "port": "1", "type": "http"}]}, "tools[0].name"),
        ({"command": "c" * 2048}, "command"),
        ({"entrypoint": "e" * 2048}, "entrypoint"),
        ({"networkStorages": [{"Id": "x", "mountPoint": "/d"}] * 31}, "networkStorages"),
        ({"networkStorages": [{"mountPoint": "/d"}]}, "networkStorages[0].Id"),
        ({"localStorageMountPoint": "/" * 4096}, "localStorageMountPoint"),
        ({"kind": "tpu"}, "kind"),
        ({"billingMode": "yearly"}, "billingMode"),
        ({"billingMode": "monthly"}, "month"),
        ({"autoRenew": True}, "autoRenew"),
        ({"autoRenew": "yes"}, "autoRenew"),
        ({"autoRenewMonth": 13}, "autoRenewMonth"),
        ({"month": -1}, "month"),
        ({"minCudaVersion": "1" * 256}, "minCudaVersion"),
    ],
)
def test_a_limit_of_the_create_operation_is_refused_by_its_field(
    cloud: Any, a_machine: Any, changes: dict[str, Any], field: str
) -> None:
    assert cloud.refused_field("gpu/instance/create", a_machine(**changes)) == field
    assert cloud.objects("instances") == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"productId": "nope"}, "RESOURCE_NOT_FOUND"),
        ({"productId": "SL-serverless-1"}, "RESOURCE_NOT_FOUND"),
        ({"productId": "cpu.4c8g"}, "RESOURCE_NOT_FOUND"),
        ({"clusterId": "atlantis"}, "RESOURCE_NOT_FOUND"),
        ({"clusterId": "5"}, "INSUFFICIENT_RESOURCE"),
        ({"imageAuthId": "nope"}, "RESOURCE_NOT_FOUND"),
        ({"networkId": "nope"}, "NETWORK_NOT_FOUND"),
        ({"networkStorages": [{"Id": "nope", "mountPoint": "/d"}]}, "NETWORK_STORAGE_NOT_FOUND"),
        ({"productId": "26", "month": 1}, "UNSUPPORTED_BILLING_MODE"),
        ({"productId": "26", "billingMode": "spot"}, "UNSUPPORTED_BILLING_MODE"),
    ],
)
def test_creating_an_instance_with_unknown_objects_is_refused(
    cloud: Any, a_machine: Any, changes: dict[str, Any], reason: str
) -> None:
    assert cloud.refuses("gpu/instance/create", a_machine(**changes)) == reason
    assert cloud.objects("instances") == []


def test_the_largest_allowed_instance_is_created(cloud: Any, a_machine: Any) -> None:
    changes = a_machine(
        name="n" * 255,
        gpuNum=8,
        rootfsSize=2048,
        imageUrl="i" * 500,
        ports=", ".join(f"{port}/tcp" for port in range(100, 114)),
        tools=[{"name": "Jupyter", "port": "8888", "type": "http"}],
        envs=[{"key": f"k{number}", "value": "v" * 4095} for number in range(100)],
        command="c" * 2047,
        entrypoint="e" * 2047,
    )
    cloud.post("gpu/instance/create", changes)


def test_storage_and_network_must_be_in_the_cluster_of_the_instance(cloud: Any, a_machine: Any) -> None:
    storage, network = cloud.storage(cluster="as-sgp-2"), cloud.network(cluster="as-sgp-2")
    mounts = [{"Id": storage, "mountPoint": "/d"}]
    assert cloud.refused_field("gpu/instance/create", a_machine(networkStorages=mounts)) == "networkStorages"
    assert cloud.refused_field("gpu/instance/create", a_machine(networkId=network)) == "networkId"
    assert cloud.refused_field("gpu/instance/create", a_machine(networkId=network, clusterId="")) == "clusterId"


def test_an_instance_cannot_join_a_network_that_is_not_ready(cloud: Any, a_machine: Any) -> None:
    cloud.post("network/create", {"clusterId": "us-ca-nas-2", "name": "n"})
    network = cloud.get("networks")["networks"][0]["Id"]
    assert cloud.refuses("gpu/instance/create", a_machine(networkId=network)) == "DEPENDENT_RESOURCE_STATE"


@pytest.mark.parametrize("operation", ["start", "stop", "restart", "delete", "migrate"])
def test_an_unknown_instance_is_refused_with_404(cloud: Any, operation: str) -> None:
    refused = cloud.refused("POST", f"gpu/instance/{operation}", json={"instanceId": "nope"})
    assert refused == (404, "RESOURCE_NOT_FOUND")
    assert cloud.refused_field(f"gpu/instance/{operation}", {}) == "instanceId"


@pytest.mark.parametrize(
    ("operation", "status"),
    [("start", "running"), ("stop", "exited"), ("restart", "exited"), ("stop", "pending"), ("migrate", "pending")],
)
@pytest.mark.parametrize("vague", [True, False])
def test_an_instance_operation_in_the_wrong_status_is_refused(
    make_cloud: Any, operation: str, status: str, vague: bool
) -> None:
    cloud = make_cloud(quirks=replace(PROFILES["live"], vague_states=vague))
    key = cloud.machine() if status == "pending" else cloud.running()
    if status == "exited":
        cloud.post("gpu/instance/stop", {"instanceId": key})
        cloud.pass_(10)
    assert cloud.status(key) == status
    answer = cloud.send("POST", f"gpu/instance/{operation}", json={"instanceId": key})
    assert answer.status_code == 400
    if vague and operation != "migrate":
        assert answer.json()["message"] == "invalid state change"
    else:
        assert answer.json()["reason"] == "OPERATION_LIMIT"
    assert cloud.status(key) == status


@pytest.mark.parametrize(("profile", "state"), [("live", "toStop"), ("strict", "toStop"), ("documented", None)])
def test_a_lifecycle_call_is_answered_with_json_or_zero_bytes(make_cloud: Any, profile: str, state: str | None) -> None:
    cloud = make_cloud(quirks=PROFILES[profile])
    key = cloud.running()
    answer = cloud.post("gpu/instance/stop", {"instanceId": key})
    assert answer == ({"instanceId": key, "state": state} if state else None)
    assert cloud.post("gpu/instance/delete", {"instanceId": key}) == ({} if state else None)


def test_a_stopped_instance_can_lose_its_place(make_cloud: Any, a_machine: Any) -> None:
    cloud = make_cloud(limits=Limits(stock_scale=0.0025))
    key = cloud.running()
    assert cloud.refuses("gpu/instance/create", a_machine()) == "INSUFFICIENT_RESOURCE"
    cloud.post("gpu/instance/stop", {"instanceId": key})
    cloud.pass_(10)
    other = cloud.machine()
    assert cloud.refuses("gpu/instance/start", {"instanceId": key}) == "INSUFFICIENT_RESOURCE"
    assert cloud.status(key) == "exited"
    cloud.post("gpu/instance/delete", {"instanceId": other})
    cloud.pass_(6)
    cloud.post("gpu/instance/start", {"instanceId": key})


def test_a_migration_needs_another_free_node(make_cloud: Any) -> None:
    cloud = make_cloud(limits=Limits(stock_scale=0.0025))
    key = cloud.running()
    assert cloud.refuses("gpu/instance/migrate", {"instanceId": key}) == "MIGRATE_INSUFFICIENT_RESOURCE"


def test_editing_an_instance_obeys_the_limits(cloud: Any) -> None:
    key = cloud.running(tools=[{"name": "Jupyter", "port": "8888", "type": "http"}])
    many = [{"port": port, "type": "tcp"} for port in range(100, 115)]
    assert cloud.refused_field("gpu/instance/edit", {"instanceId": key, "ports": many}) == "ports"
    assert cloud.refused_field("gpu/instance/edit", {"instanceId": key, "expandRootDisk": -1}) == "expandRootDisk"
    assert cloud.refused_field("gpu/instance/edit", {"instanceId": key, "expandRootDisk": 2000}) == "expandRootDisk"
    reserved = [{"port": 2222, "type": "tcp"}]
    assert cloud.refused_field("gpu/instance/edit", {"instanceId": key, "ports": reserved}) == "ports[0].port"
    assert cloud.instance(key)["rootfsSize"] == 60


def test_upgrading_an_instance_checks_its_references(cloud: Any) -> None:
    key = cloud.running()
    body = {"instanceId": key, "imageUrl": "a/b:2", "envs": [], "command": "", "entrypoint": "", "save": True}
    away = cloud.storage(cluster="as-sgp-2")
    mounts = {"volumeMounts": [{"type": "network", "id": away, "mountPath": "/d"}]}
    assert cloud.refuses("gpu/instance/upgrade", body | {"imageAuthId": "nope"}) == "RESOURCE_NOT_FOUND"
    field = cloud.refused_field("gpu/instance/upgrade", body | {"networkVolume": mounts})
    assert field == "networkVolume.volumeMounts"
    assert cloud.refused_field("gpu/instance/upgrade", body | {"imageUrl": ""}) == "imageUrl"
    young = cloud.machine()
    assert cloud.refuses("gpu/instance/upgrade", body | {"instanceId": young}) == "OPERATION_LIMIT"
    assert cloud.status(key) == "running"


def test_an_instance_being_removed_refuses_operations(cloud: Any) -> None:
    key = cloud.running()
    cloud.post("gpu/instance/delete", {"instanceId": key})
    for operation, more in (("start", {}), ("stop", {}), ("edit", {"expandRootDisk": 1}), ("migrate", {})):
        assert cloud.refuses(f"gpu/instance/{operation}", {"instanceId": key} | more) == "OPERATION_LIMIT"


def test_renewing_requires_a_monthly_instance(cloud: Any) -> None:
    key = cloud.running()
    months = {"instanceId": key, "month": 1}
    assert cloud.refuses("gpu/instance/renewInstance", months) == "UNSUPPORTED_BILLING_MODE"
    assert cloud.refused_field("gpu/instance/renewInstance", months | {"month": 0}) == "month"
    on = {"instanceIds": [key], "autoRenew": True, "autoRenewMonth": 1}
    assert cloud.refuses("gpu/instance/setAutoRenew", on) == "UNSUPPORTED_BILLING_MODE"
    absent = cloud.refused("POST", "gpu/instance/setAutoRenew", json=on | {"instanceIds": ["nope"]})
    assert absent == (404, "RESOURCE_NOT_FOUND")
    assert cloud.refused_field("gpu/instance/setAutoRenew", on | {"autoRenewMonth": 13}) == "autoRenewMonth"


def test_an_account_without_money_cannot_create_an_instance(make_cloud: Any, a_machine: Any) -> None:
    cloud = make_cloud(limits=Limits(balance=1000))
    key = cloud.machine()
    cloud.pass_(80)
    months = {"instanceId": key, "month": 1}
    assert cloud.refuses("gpu/instance/transToMonthlyInstance", months) == "BALANCE_NOT_ENOUGH"
    cloud.pass_(200)
    assert cloud.refuses("gpu/instance/create", a_machine()) == "BALANCE_NOT_ENOUGH"
    assert cloud.refuses("gpu/instance/start", {"instanceId": key}) == "EXPIRED_OR_BALANCE_NOT_ENOUGH"
    storage = {"clusterId": "us-ca-nas-2", "storageName": "d", "storageSize": 10}
    assert cloud.refuses("networkstorage/create", storage) == "BALANCE_NOT_ENOUGH"
