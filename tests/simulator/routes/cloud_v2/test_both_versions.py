"""v2 over the world of v1: a call of v2 leaves the same world as its call of v1, and each shows what both made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from novita_infra.simulator import Limits, scenario_of
from novita_infra.simulator.http.control import world_state
from novita_infra.simulator.http.redaction import redact_body
from novita_infra.simulator.routes.registry import OPERATIONS

V2 = "/gpus/v2"
Call = tuple[str, str, Any]


def machine_v2(**fields: Any) -> dict[str, Any]:
    """The same machine as the one of `Cloud.machine`."""
    plain = {
        "name": "m",
        "product_id": "4090.16c62g",
        "image": "docker.io/team/train:1",
        "billing": {"mode": "postpaid"},
        "resource": {"gpu_num": 1, "rootfs_size_gb": 60},
        "candidate_regions": ["us-ca-nas-2"],
    }
    return plain | fields


def endpoint_v2(**fields: Any) -> dict[str, Any]:
    """The same endpoint as the one of `Cloud.endpoint`."""
    plain = {
        "type": "sync",
        "name": "api",
        "product_id": "SL-serverless-1",
        "image": "docker.io/team/serve:1",
        "worker_config": {
            "min_replicas": 1,
            "max_replicas": 3,
            "idle_timeout": 60,
            "max_concurrent_per_worker": 4,
            "gpu_num": 1,
            "rootfs_size_gb": 100,
            "request_timeout": 600,
        },
        "ports": [8000],
        "policy": {"type": "queue", "value": 30},
        "health_check": {"path": "/health"},
    }
    return plain | fields


def endpoint_v1(**fields: Any) -> dict[str, Any]:
    """The body of an update of `Cloud.endpoint`."""
    plain = {
        "name": "api",
        "workerConfig": {
            "minNum": 1,
            "maxNum": 3,
            "freeTimeout": 60,
            "maxConcurrent": 4,
            "gpuNum": 1,
            "requestTimeout": 600,
        },
        "ports": [{"port": 8000}],
        "policy": {"type": "queue", "value": 30},
        "image": {"image": "docker.io/team/serve:1"},
    }
    return plain | fields


V1_TEMPLATE = {"name": "t", "type": "instance", "channel": "private", "image": "a/b:1", "rootfsSize": 20}


def populate(cloud: Any) -> dict[str, str]:
    """Creates one object of each type through v1; returns their ids by name."""
    ids = {"storage": cloud.storage(), "network": cloud.network(), "auth": cloud.auth()}
    ids["running"], ids["stopped"] = cloud.machine(), cloud.machine()
    ids["monthly"] = cloud.machine(billingMode="monthly", month=1)
    ids["template"] = cloud.post("template/create", {"template": V1_TEMPLATE})["templateId"]
    ids["prewarm"], ids["endpoint"] = cloud.prewarm(), cloud.endpoint()
    cloud.pass_(200)
    cloud.post("gpu/instance/stop", {"instanceId": ids["stopped"]})
    save = {"instanceId": ids["running"], "image": "docker.io/a/saved:1"}
    ids["job"] = cloud.post("job/save/image", save)["jobId"]
    cloud.pass_(20)
    return ids


def filled(value: Any, ids: dict[str, str]) -> Any:
    """The value with ids in place of words such as `$running`."""
    text = json.dumps(value)
    for name, key in ids.items():
        text = text.replace(f"${name}", key)
    return json.loads(text)


def v1_machine(**fields: Any) -> dict[str, Any]:
    plain = {
        "name": "m",
        "productId": "4090.16c62g",
        "gpuNum": 1,
        "rootfsSize": 60,
        "imageUrl": "docker.io/team/train:1",
        "kind": "gpu",
        "clusterId": "us-ca-nas-2",
    }
    return plain | fields


def on(name: str, action: str, body: Any = None) -> Call:
    return "PUT", f"{V2}/instances/${name}/{action}", body


def v1(path: str, body: Any) -> Call:
    return "POST", path, body


MONTHS = {"months": 3, "auto_renew": {"enabled": True, "months": 2}}
CPU = {"product_id": "cpu.4c8g", "type": "cpu", "resource": {}}
SAME: dict[str, tuple[Call, Call]] = {
    "create": (v1("gpu/instance/create", v1_machine()), ("POST", f"{V2}/instances", machine_v2())),
    "create of a CPU machine": (
        v1("gpu/instance/create", v1_machine(kind="cpu", productId="cpu.4c8g")),
        ("POST", f"{V2}/instances", machine_v2(**CPU)),
    ),
    "create anywhere": (
        v1("gpu/instance/create", v1_machine(clusterId="")),
        ("POST", f"{V2}/instances", machine_v2(candidate_regions=[], network={"id": "", "ip": ""})),
    ),
    "create of a spot machine with everything": (
        v1(
            "gpu/instance/create",
            v1_machine(
                billingMode="spot",
                ports="80/http, 22/tcp",
                tools=[{"name": "Jupyter", "port": 8889, "type": "tcp"}],
                networkStorages=[{"Id": "$storage", "mountPoint": "/data"}],
                networkId="$network",
                imageAuthId="$auth",
                envs=[{"key": "A", "value": "b"}],
                command="run",
                entrypoint="/bin/sh",
                minCudaVersion="12.4",
            ),
        ),
        (
            "POST",
            f"{V2}/instances",
            machine_v2(
                billing={"mode": "spot"},
                ports=[{"port": 80, "protocol": "http"}, {"port": 22, "protocol": "tcp"}],
                tools={"jupyter": {"enabled": True, "port": 8889, "protocol": "tcp"}},
                volumes=[{"type": "network", "id": "$storage", "mount_point": "/data"}],
                network={"id": "$network", "ip": ""},
                registry_auth_id="$auth",
                envs=[{"key": "A", "value": "b"}],
                command="run",
                entrypoint="/bin/sh",
                resource={"gpu_num": 1, "rootfs_size_gb": 60, "min_cuda_version": "12.4"},
            ),
        ),
    ),
    "create of a monthly machine": (
        v1("gpu/instance/create", v1_machine(billingMode="monthly", month=3, autoRenew=True, autoRenewMonth=2)),
        (
            "POST",
            f"{V2}/instances",
            machine_v2(billing={"mode": "prepaid", "prepaid": MONTHS}),
        ),
    ),
    "start": (v1("gpu/instance/start", {"instanceId": "$stopped"}), on("stopped", "start")),
    "start in the wrong status": (v1("gpu/instance/start", {"instanceId": "$running"}), on("running", "start", {})),
    "stop": (v1("gpu/instance/stop", {"instanceId": "$running"}), on("running", "stop", {})),
    "restart": (v1("gpu/instance/restart", {"instanceId": "$running"}), on("running", "restart")),
    "delete": (v1("gpu/instance/delete", {"instanceId": "$running"}), ("DELETE", f"{V2}/instances/$running", None)),
    "delete of a monthly machine": (
        v1("gpu/instance/delete", {"instanceId": "$monthly"}),
        ("DELETE", f"{V2}/instances/$monthly", None),
    ),
    "ports": (
        v1("gpu/instance/edit", {"instanceId": "$running", "ports": [{"port": 81, "type": "tcp"}]}),
        on("running", "ports", {"ports": [{"port": 81, "protocol": "tcp"}]}),
    ),
    "no ports": (
        v1("gpu/instance/edit", {"instanceId": "$running", "ports": []}),
        on("running", "ports", {"ports": []}),
    ),
    "growth": (
        v1("gpu/instance/edit", {"instanceId": "$running", "expandRootDisk": 40}),
        on("running", "rootfs-expand", {"rootfs_size_expand_gb": 40}),
    ),
    "upgrade": (
        v1(
            "gpu/instance/upgrade",
            {
                "instanceId": "$running",
                "imageUrl": "a/b:2",
                "imageAuthId": "$auth",
                "envs": [{"key": "A", "value": "c"}],
                "command": "go",
                "entrypoint": "",
                "save": True,
            },
        ),
        on(
            "running",
            "upgrade",
            {
                "image": "a/b:2",
                "registry_auth_id": "$auth",
                "envs": [{"key": "A", "value": "c"}],
                "command": "go",
                "save_data": True,
            },
        ),
    ),
    "migrate": (v1("gpu/instance/migrate", {"instanceId": "$running"}), on("running", "migrate")),
    "renew": (
        v1("gpu/instance/renewInstance", {"instanceId": "$monthly", "month": 2}),
        on("monthly", "renew", {"months": 2}),
    ),
    "months": (
        v1("gpu/instance/transToMonthlyInstance", {"instanceId": "$running", "month": 1}),
        on("running", "billing-mode", {"type": "prepaid", "months": 1}),
    ),
    "auto renewal": (
        v1("gpu/instance/setAutoRenew", {"instanceIds": ["$monthly"], "autoRenew": True, "autoRenewMonth": 6}),
        on("monthly", "auto-renew", {"auto_renew": {"enabled": True, "months": 6}}),
    ),
    "auto migration": (
        v1(
            "gpu/instance/setAutoMigrate",
            {"instanceId": "$running", "autoMigrateOpen": True, "autoMigrateSystemDisk": True},
        ),
        on("running", "auto-migrate", {"auto_migrate": {"enabled": True, "include_system_disk": True}}),
    ),
    "saved image": (
        v1("job/save/image", {"instanceId": "$running", "image": "a/saved:2", "registryAuthId": "$auth"}),
        (
            "POST",
            f"{V2}/jobs/save-image",
            {"instance_id": "$running", "image": "a/saved:2", "registry_auth_id": "$auth"},
        ),
    ),
    "stopped job": (v1("job/break", {"jobId": "$job"}), ("POST", f"{V2}/jobs/$job/stop", None)),
    "network": (
        v1("network/create", {"clusterId": "us-ca-6", "name": "n"}),
        ("POST", f"{V2}/networks", {"region_id": "us-ca-6", "name": "n"}),
    ),
    "network where there is none": (
        v1("network/create", {"clusterId": "eu-de-1", "name": "n"}),
        ("POST", f"{V2}/networks", {"region_id": "eu-de-1", "name": "n"}),
    ),
    "renamed network": (
        v1("network/update", {"networkId": "$network", "name": "n2"}),
        ("PUT", f"{V2}/networks/$network", {"name": "n2"}),
    ),
    "deleted network": (
        v1("network/delete", {"networkId": "$network"}),
        ("DELETE", f"{V2}/networks/$network", None),
    ),
    "prewarm task": (
        v1("image/prewarm", {"imageUrl": "a/b:3", "clusterId": "us-ca-6", "productIds": ["26"], "note": " soon "}),
        (
            "POST",
            f"{V2}/prewarm-tasks",
            {"image": "a/b:3", "region_id": "us-ca-6", "product_ids": ["26"], "note": " soon "},
        ),
    ),
    "deleted prewarm task": (
        v1("image/prewarm/delete", {"ids": ["$prewarm"]}),
        ("DELETE", f"{V2}/prewarm-tasks", {"task_ids": ["$prewarm"]}),
    ),
    "template": (
        v1(
            "template/create",
            {
                "template": {
                    "name": "t2",
                    "type": "instance",
                    "channel": "private",
                    "image": "a/b:1",
                    "imageAuth": "$auth",
                    "rootfsSize": 50,
                    "readme": "r",
                    "startCommand": "c",
                    "entrypoint": "e",
                    "ports": [{"type": "http", "ports": [80, 81]}],
                    "envs": [{"key": "A", "value": "b"}],
                    "minCudaVersion": "12.4",
                }
            },
        ),
        (
            "POST",
            f"{V2}/templates",
            {
                "name": "t2",
                "type": "instance",
                "image": "a/b:1",
                "registry_auth_id": "$auth",
                "rootfs_size_gb": 50,
                "metadata": {"readme": "r"},
                "command": "c",
                "entrypoint": "e",
                "ports": [{"port": 80, "protocol": "http"}, {"port": 81, "protocol": "http"}],
                "envs": [{"key": "A", "value": "b"}],
                "min_cuda_version": "12.4",
            },
        ),
    ),
    "changed template": (
        v1("template/update", {"template": V1_TEMPLATE | {"Id": "$template", "rootfsSize": 60}}),
        ("PUT", f"{V2}/templates/$template", {"rootfs_size_gb": 60}),
    ),
    "deleted template": (
        v1("template/delete", {"templateId": "$template"}),
        ("DELETE", f"{V2}/templates/$template", None),
    ),
    "deleted template of others": (
        v1("template/delete", {"templateId": "201"}),
        ("DELETE", f"{V2}/templates/201", None),
    ),
    "endpoint": (
        v1(
            "endpoint/create",
            {
                "endpoint": endpoint_v1()
                | {"products": [{"id": "SL-serverless-1"}], "rootfsSize": 100, "healthy": {"path": "/health"}}
            },
        ),
        ("POST", f"{V2}/endpoints", endpoint_v2()),
    ),
    "more workers": (
        v1(
            "endpoint/update",
            {"id": "$endpoint"} | endpoint_v1(workerConfig=endpoint_v1()["workerConfig"] | {"minNum": 2, "maxNum": 5}),
        ),
        ("PUT", f"{V2}/endpoints/$endpoint", {"worker_config": {"min_replicas": 2, "max_replicas": 5}}),
    ),
    "another image": (
        v1("endpoint/update", {"id": "$endpoint"} | endpoint_v1(image={"image": "a/b:2", "command": "go"})),
        ("PUT", f"{V2}/endpoints/$endpoint", {"image": "a/b:2", "command": "go"}),
    ),
    "deleted endpoint": (
        v1("endpoint/delete", {"name": "$endpoint"}),
        ("DELETE", f"{V2}/endpoints/$endpoint", None),
    ),
}
"""By what happens: the call of v1 and the call of v2."""


def world_after(cloud: Any, call: Call) -> Any:
    """The world after a call, and a day later; with the status and the reason of its answer."""
    ids = populate(cloud)
    method, path, body = call
    answer = cloud.send(method, filled(path, ids), **({} if body is None else {"json": filled(body, ids)}))
    refusal = answer.json() if answer.status_code != 200 else {}
    seen = [answer.status_code, refusal.get("reason"), ids]
    for seconds in (0, 30, 86_400):
        cloud.pass_(seconds)
        state = world_state(cloud.world)
        seen += [{name: value for name, value in state.items() if name != "calls"}]
    return seen


@pytest.mark.parametrize("name", SAME)
def test_a_call_of_v2_leaves_the_world_of_its_call_of_v1(make_cloud: Any, name: str) -> None:
    first, second = (world_after(make_cloud(), call) for call in SAME[name])
    assert second == first


def test_each_write_of_v2_that_v1_has_is_compared_with_it() -> None:
    compared = {f"{method} {path.partition('$')[0]}" for _, (method, path, _) in SAME.values()}
    writes = [one for one in OPERATIONS if one.path.startswith(V2) and one.counterpart and one.method != "GET"]
    missing = {one.name for one in writes if f"{one.method} {one.path.partition('{')[0]}" not in compared}
    assert missing == set()
    assert {one.counterpart for one in OPERATIONS if one.counterpart} <= {one.name for one in OPERATIONS}


def test_a_list_of_v2_loses_nothing_when_objects_go_between_pages(cloud: Any) -> None:
    keys = [cloud.machine() for _ in range(3)]
    cloud.pass_(1)
    keys += [cloud.machine() for _ in range(3)]
    first = cloud.get(f"{V2}/instances", limit=2)
    cursor = first["next_cursor"]
    assert [one["id"] for one in first["data"]] == keys[:2]
    cloud.pass_(200)
    for key in keys[:2]:
        cloud.send("DELETE", f"{V2}/instances/{key}")
    cloud.pass_(60)
    rest: list[str] = []
    while cursor:
        page = cloud.get(f"{V2}/instances", limit=2, cursor=cursor)
        rest += [one["id"] for one in page["data"]]
        assert page["has_more"] == bool(page["next_cursor"])
        cursor = page["next_cursor"]
    assert rest == keys[2:]
    for cursor in ("nonsense", "bm9uc2Vuc2U=", "é", "===="):
        answer = cloud.send("GET", f"{V2}/instances", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["metadata"]) == (400, {"field": "cursor"})


def test_v2_lists_instances_by_name_id_status_region_and_billing(cloud: Any) -> None:
    here, there = cloud.machine(name="Trainer"), cloud.machine(name="other", clusterId="eu-de-1")
    cloud.machine(billingMode="monthly", month=1)
    cloud.pass_(200)
    cloud.send("PUT", f"{V2}/instances/{there}/stop")
    cloud.pass_(60)
    for query, keys in (
        ({"name": "train"}, [here]),
        ({"name": there[2:14]}, [there]),
        ({"status": "exited"}, [there]),
        ({"regions": "us-ca-6,eu-de-1"}, [there]),
        ({"billing_mode": "postpaid"}, [here, there]),
        ({"name": "train", "status": "exited"}, []),
    ):
        assert [one["id"] for one in cloud.get(f"{V2}/instances", **query)["data"]] == keys, query


def test_refusals_of_v2_name_its_own_fields(cloud: Any) -> None:
    ids = populate(cloud)
    net = {"id": ids["network"]}
    for place, body, field in (
        ("POST /instances", machine_v2(resource={"gpu_num": 1}), "resource.rootfs_size_gb"),
        ("POST /instances", machine_v2(resource={"rootfs_size_gb": 60}), "resource.gpu_num"),
        ("POST /instances", machine_v2(resource={"gpu_num": 1, "rootfs_size_gb": 5000}), "resource.rootfs_size_gb"),
        ("POST /instances", machine_v2(billing={"mode": "prepaid"}), "billing.prepaid"),
        ("POST /instances", machine_v2(billing={"mode": "onDemand"}), "billing.mode"),
        ("POST /instances", machine_v2(ports=[{"port": 2222, "protocol": "tcp"}]), "ports[0].port"),
        ("POST /instances", machine_v2(network={"ip": "10.0.0.2"}), "network.id"),
        ("POST /instances", machine_v2(network=net, candidate_regions=[]), "candidate_regions"),
        ("POST /instances", machine_v2(network=net, candidate_regions=["us-ca-6"]), "network.id"),
        ("POST /instances", machine_v2(network=net | {"ip": "10.0.0.1"}), "network.ip"),
        ("POST /instances", machine_v2(volumes=[{"id": ids["storage"]}], candidate_regions=["us-ca-6"]), "volumes"),
        ("PUT /instances/$running/rootfs-expand", {"rootfs_size_expand_gb": 6000}, "rootfs_size_expand_gb"),
        ("PUT /instances/$running/billing-mode", {"type": "prepaid"}, "months"),
        ("PUT /instances/$monthly/auto-renew", {"auto_renew": {"enabled": True}}, "auto_renew.months"),
        ("POST /networks", {"region_id": "5", "name": "n"}, "region_id"),
        ("POST /networks", {"region_id": "us-ca-6", "name": "n" * 31}, "name"),
        ("PUT /endpoints/$endpoint", {"worker_config": {"max_replicas": 0}}, "worker_config.max_replicas"),
        ("PUT /endpoints/$endpoint", {"worker_config": {"max_replicas": 51}}, "worker_config.max_replicas"),
        (
            "PUT /endpoints/$endpoint",
            {"worker_config": {"max_replicas": 3, "rootfs_size_gb": 9}},
            "worker_config.rootfs_size_gb",
        ),
        ("PUT /endpoints/$endpoint", {"volumes": [{"id": ids["storage"], "mount_point": "/d"}]}, "region_id"),
        ("PUT /endpoints/$endpoint", {"volumes": [{"mount_point": "/d"}]}, "volumes[0].id"),
        ("POST /templates", {"name": "t", "type": "endpoint", "image": "a:1"}, "type"),
        ("DELETE /prewarm-tasks", {"task_ids": []}, "task_ids"),
    ):
        method, _, path = place.partition(" ")
        answer = cloud.send(method, filled(f"{V2}{path}", ids), json=body)
        refusal = answer.json()
        assert (place, answer.status_code, refusal.get("metadata", {}).get("field")) == (place, 400, field), answer.text
        assert refusal["message"].startswith(f"invalid parameter {field}: ")


def test_a_machine_of_v2_gets_the_first_region_with_room_and_its_network(make_cloud: Any) -> None:
    cloud = make_cloud(limits=Limits(stock_scale=0.005))  # two places in each region
    network = cloud.network(cluster="us-ca-nas-2")

    def place(regions: list[str], gpus: int = 1, **fields: Any) -> str:
        resource = {"gpu_num": gpus, "rootfs_size_gb": 60}
        body = machine_v2(candidate_regions=regions, resource=resource, **fields)
        answer = cloud.send("POST", f"{V2}/instances", json=body).json()
        if "reason" in answer:
            return str(answer["reason"])
        return str(cloud.get(f"{V2}/instances/{answer['id']}")["region"])

    assert place(["us-dallas-nas-2", "us-ca-nas-2"], network={"id": network}) == "us-ca-nas-2"
    assert place(["us-dallas-nas-2", "us-ca-nas-2"], gpus=2) == "us-dallas-nas-2"
    assert place(["us-dallas-nas-2", "us-ca-nas-2"]) == "us-ca-nas-2"
    assert place(["us-dallas-nas-2", "us-ca-nas-2"]) == "INSUFFICIENT_RESOURCE"
    assert place(["us-ca-6"]) == "INSUFFICIENT_RESOURCE", "the product is not in this region"
    assert place(["eu-de-1", "nowhere"]) == "RESOURCE_NOT_FOUND"


def test_a_machine_of_v2_gets_the_address_that_it_names(cloud: Any) -> None:
    network = cloud.network()
    prefix = cloud.get("network", networkId=network)["network"]["segment"].removesuffix("0/24")

    def address(wished: str = "") -> Any:
        body = machine_v2(network={"id": network, "ip": wished and f"{prefix}{wished}"})
        answer = cloud.send("POST", f"{V2}/instances", json=body).json()
        return answer.get("reason") or cloud.get(f"{V2}/instances/{answer['id']}")["network"]["ip"].removeprefix(prefix)

    assert [address("3"), address(), address(), address("200"), address("3"), address("1")] == [
        "3",
        "2",
        "4",
        "200",
        "CONFLICT",
        "VALIDATOR_PARAM",
    ]


def test_a_refused_create_takes_no_address(make_cloud: Any) -> None:
    cloud = make_cloud(limits=Limits(stock_scale=0.0025))  # one place in each region
    network = cloud.network()
    body = machine_v2(network={"id": network})
    cloud.post(f"{V2}/instances", body)
    assert cloud.refused("POST", f"{V2}/instances", json=body) == (400, "INSUFFICIENT_RESOURCE")
    (record,) = cloud.objects("networks")
    assert record["next_ip"] == 3


def test_a_machine_that_leaves_its_months_pays_by_the_hour_at_once(cloud: Any) -> None:
    key, stopped = (cloud.running(billingMode="monthly", month=1, rootfsSize=100) for _ in range(2))
    cloud.post("gpu/instance/stop", {"instanceId": stopped})
    cloud.pass_(60)
    before = world_state(cloud.world)["money"]["spent"]
    for one in (key, stopped):
        assert cloud.send("PUT", f"{V2}/instances/{one}/billing-mode", json={"type": "postpaid"}).json() == {}
    cloud.pass_(86_400)
    hours, disks = 24 * 35_000, 2 * 40 * 500
    assert world_state(cloud.world)["money"]["spent"] - before == hours + disks
    assert cloud.objects("terms") == []
    assert [one["holds"] for one in cloud.objects("instances")] == [True, False]
    cloud.pass_(40 * 86_400)
    assert cloud.status(key) == "running", "no term ends that was left"
    again = cloud.send("PUT", f"{V2}/instances/{key}/billing-mode", json={"type": "postpaid"})
    assert again.json()["reason"] == "UNSUPPORTED_BILLING_MODE"


def test_faults_and_events_of_v1_hold_for_v2_and_not_the_reverse(make_cloud: Any) -> None:
    events = [{"upon": "instances.create", "do": "limits", "set": {"networks": 0}}]
    cloud = make_cloud(scenario=scenario_of({"name": "n", "says": "s.", "events": events}))
    body = machine_v2()
    for operation, refused in (("instances.create", True), ("instances_v2.create", True), ("instances_v2.get", False)):
        cloud.send("POST", "/_sim/faults", json={"kind": "status", "status": 503, "operation": operation})
        answer = cloud.send("POST", f"{V2}/instances", json=body)
        assert (operation, answer.status_code) == (operation, 503 if refused else 200)
        cloud.send("DELETE", "/_sim/faults")
    cloud.send("POST", "/_sim/faults", json={"kind": "status", "status": 503, "operation": "*_v2.*"})
    assert cloud.machine()
    assert cloud.world.calls["instances_v2.create"] == 3, "calls are counted under their own names"
    assert cloud.refused("POST", f"{V2}/networks", json={"region_id": "us-ca-6", "name": "n"})[0] == 503
    assert cloud.refused("POST", f"{V2}/networks", json={"region_id": "us-ca-6", "name": "n"}) == (
        400,
        "NETWORK_MAX_LIMIT",
    )


def test_an_event_calls_an_operation_whose_path_has_an_id(make_cloud: Any) -> None:
    stop = {"do": "call", "operation": "instances_v2.stop", "each": {"kind": "instances"}, "at": 300}
    events = [stop | {"body": {"instance_id": "$id"}}, {"do": "call", "operation": "instances_v2.stop", "at": 301}]
    cloud = make_cloud(scenario=scenario_of({"name": "n", "says": "s.", "events": events}))
    key = cloud.running()
    cloud.pass_(300)
    assert cloud.status(key) == "exited"
    assert [one["refusals"] for one in cloud.objects("happenings")] == [
        [],
        ["RESOURCE_NOT_FOUND: instance '' not found"],
    ]


def test_an_endpoint_of_v2_moves_to_another_product_with_its_places(make_cloud: Any, tmp_path: Any) -> None:
    cloud = make_cloud(tmp_path / "account.db")
    key = cloud.post(f"{V2}/endpoints", endpoint_v2())["id"]
    cloud.pass_(200)
    change = {"product_id": "SL-serverless-2", "entrypoint": "exit 4", "health_check": {"port": 9000}}
    assert cloud.send("PUT", f"{V2}/endpoints/{key}", json=change).json() == {}
    used = dict(cloud.world.used)
    assert used == {("SL-serverless-1", ""): 1, ("SL-serverless-2", ""): 1}, "the new workers start before the old end"
    cloud.world.close()
    cloud = make_cloud(tmp_path / "account.db")
    assert dict(cloud.world.used) == used
    cloud.pass_(400)
    shown = cloud.get(f"{V2}/endpoints/{key}")
    assert [one["status"]["error"] for one in shown["workers"]] == ["", "ContainerExited"]
    assert shown["health_check"] == {"path": "/health", "port": 9000}
    cloud.send("PUT", f"{V2}/endpoints/{key}", json={"entrypoint": ""})
    cloud.pass_(200)
    cloud.get(f"{V2}/endpoints/{key}")
    assert +cloud.world.used == {("SL-serverless-2", ""): 1}
    change = endpoint_v1() | {"id": key, "image": {"image": "a/b:2"}}
    cloud.post("endpoint/update", change)
    shown = cloud.get(f"{V2}/endpoints/{key}")
    assert shown["health_check"]["port"] == 9000, "v1 keeps what it cannot show"


def test_saved_images_of_v1_are_listed_and_deleted_through_v2(cloud: Any) -> None:
    key = cloud.running()
    for image in ("reg.example:5000/team/app:1", "reg.example:5000/team/app:2", "team/app", "x/does-not-exist:1"):
        cloud.post("job/save/image", {"instanceId": key, "image": image})
        cloud.pass_(60)
    images = cloud.get(f"{V2}/images", type="private", name="APP")["data"]
    assert [(one["name"], one["image"], [tag["tag"] for tag in one["tags"]]) for one in images] == [
        ("app", "reg.example:5000/team/app", ["1", "2"]),
        ("app", "team/app", ["latest"]),
    ]
    assert {one["type"] for one in cloud.get(f"{V2}/images")["data"]} == {"base", "community", "private"}
    offered = cloud.get(f"{V2}/images", type="base")["data"][0]["id"]
    assert cloud.refused("DELETE", f"{V2}/images/{offered}") == (403, "FORBIDDEN")
    assert cloud.send("DELETE", f"{V2}/images/{images[0]['id']}").json() == {}
    assert len(cloud.get(f"{V2}/images", type="private")["data"]) == 1


def test_templates_of_v2_keep_their_metadata_when_v1_changes_them(cloud: Any) -> None:
    body = {"name": "t", "type": "instance", "image": "a:1", "metadata": {"logo": "l", "author": "me", "tags": ["x"]}}
    key = cloud.post(f"{V2}/templates", body)["template_id"]
    cloud.pass_(10)
    cloud.send("PUT", f"{V2}/templates/{key}", json={"metadata": {"description": "d"}})
    edit = {"Id": key, "name": "t2", "type": "instance", "channel": "community", "image": "a:2", "rootfsSize": 30}
    cloud.post("template/update", {"template": edit})
    shown = cloud.get(f"{V2}/templates/{key}")
    metadata = {"readme": "", "logo": "l", "description": "d", "author": "me", "tags": ["x"]}
    assert (shown["name"], shown["visibility"], shown["metadata"]) == ("t2", "community", metadata)
    assert shown["updated_at"] - shown["created_at"] == 10
    assert [one["id"] for one in cloud.get(f"{V2}/templates", is_my_community="true")["data"]] == [key]
    assert [one["id"] for one in cloud.get(f"{V2}/templates", member_ids=cloud.world.owner)["data"]] == [key]


def test_creates_of_endpoints_share_one_pace_in_both_versions(cloud: Any) -> None:
    v1_body = {"endpoint": endpoint_v1() | {"products": [{"id": "SL-serverless-1"}], "rootfsSize": 100}}
    v1_body["endpoint"]["healthy"] = {"path": "/"}
    key = cloud.post(f"{V2}/endpoints", endpoint_v2())["id"]
    assert cloud.refused("POST", "endpoint/create", json=v1_body) == (429, "RATE_LIMIT_EXCEEDED")
    assert cloud.refused("POST", f"{V2}/endpoints", json=endpoint_v2()) == (429, "RATE_LIMIT_EXCEEDED")
    cloud.pass_(2)
    cloud.send("DELETE", f"{V2}/endpoints/{key}")
    for path, body in (("endpoint/create", v1_body), (f"{V2}/endpoints", endpoint_v2())):
        assert cloud.send("POST", path, json=body).json()["message"] == "serverless cluster is not active"
    cloud.pass_(90)
    cloud.post(f"{V2}/endpoints", endpoint_v2())


def test_a_log_of_calls_holds_no_secret_of_v2(cloud: Any) -> None:
    key = cloud.running(envs=[{"key": "TOKEN", "value": "hunter2"}])
    body = cloud.send("GET", f"{V2}/instances/{key}").text
    tools = json.loads(body)["tools"]
    redacted = redact_body(body)
    tokens = [address.rpartition("=")[2] for address in tools["log"].values()]
    assert [secret for secret in (tools["ssh"]["password"], *tokens, "hunter2") if secret in redacted] == []
    assert tools["ssh"]["command"] in redacted
