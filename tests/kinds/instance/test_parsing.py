"""What is read of an instance: documented and live shapes, statuses, and nothing that is a password."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import trees

from novita_infra.api.request import Request
from novita_infra.kinds.call import Target
from novita_infra.kinds.instance import INSTANCE
from novita_infra.model.resources import Live, Phase

LISTED: dict[str, Any] = {
    "id": "i-1",
    "name": "trainer",
    "clusterId": "us-ca-nas-2",
    "clusterName": "US-CA-06 (California)",
    "status": "running",
    "imageUrl": "pytorch/pytorch:2.4.0",
    "imageAuthId": "",
    "command": "",
    "entrypoint": "",
    "cpuNum": "32",
    "memory": "124",
    "gpuNum": "2",
    "portMappings": [{"port": 8888, "type": "http"}, {"port": 22, "type": "tcp"}],
    "productId": "4090.16c62g",
    "productName": "RTX 4090 24GB",
    "rootfsSize": 80,
    "volumeMounts": [
        {"type": "local", "size": "30", "id": "", "mountPath": "/workspace"},
        {"type": "network", "size": "100", "id": "storage-1", "mountPath": "/data"},
    ],
    "statusError": {"state": "", "message": ""},
    "envs": [{"key": "EPOCHS", "value": "3"}],
    "kind": "gpu",
    "billingMode": "",
    "endTime": "-1",
    "spotStatus": "",
    "spotReclaimTime": "0",
}
GOT: dict[str, Any] = {
    **LISTED,
    "network": {"id": "net-1", "ip": "10.0.0.4"},
    "portMappings": [
        {"port": 8888, "endpoint": "https://i-1-8888.us-ca-nas-2.gpu-instance.novita.ai", "type": "http"},
        {"port": 22, "endpoint": "proxy.us-ca-nas-2.gpu-instance.novita.ai:30022", "type": "tcp"},
    ],
    "volumeMounts": [{"type": "network", "size": 100, "id": "storage-1", "mountPath": "/data"}],
    "node": [{"maxRootfsSize": 6000}],
    "jobs": [],
    "connectComponentSSH": {"sshCommand": "ssh -p 30022 root@proxy.novita.ai", "password": "pw-ssh", "isRunning": True},
    "connectComponentWebTerminal": {"address": "https://t", "username": "u", "password": "pw-term", "isRunning": True},
    "connectComponentJupyter": {"port": 8888, "address": "https://j?token=pw-jupyter", "isRunning": True},
    "sshPassword": "pw-old",
    "billingMode": "monthly",
    "endTime": "1790000000",
    "freeStorageSize": 60,
    "keepDataDay": 7,
}


def parse(**changes: Any) -> Live:
    return INSTANCE.api.read.parse({**LISTED, **changes})


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in LISTED.items() if name not in names}


def test_a_listed_instance_is_read_in_the_manifests_shape() -> None:
    live = parse()
    assert (live.id, live.name, live.phase, live.status, live.trouble) == ("i-1", "trainer", Phase.READY, "running", "")
    assert live.values == {
        "name": "trainer",
        "type": "gpu",
        "product": {"id": "4090.16c62g", "name": "RTX 4090 24GB"},
        "gpuCount": 2,
        "cluster": "us-ca-nas-2",
        "image": "pytorch/pytorch:2.4.0",
        "registryAuth": "",
        "command": "",
        "entrypoint": "",
        "env": {"EPOCHS": "3"},
        "ports": ["22/tcp", "8888/http"],
        "rootDiskGb": 80,
        "localStorage": {"mountPath": "/workspace"},
        "networkStorages": [{"storage": "storage-1", "mountPath": "/data"}],
        "billingMode": "onDemand",
        "power": "running",
    }
    assert live.outputs == {
        "id": "i-1",
        "status": "running",
        "productId": "4090.16c62g",
        "productName": "RTX 4090 24GB",
        "clusterId": "us-ca-nas-2",
        "clusterName": "US-CA-06 (California)",
        "localDiskGb": 30,
    }


def test_a_got_instance_tells_its_network_and_where_it_is_reached() -> None:
    live = INSTANCE.api.read.parse(GOT)
    assert live.values["vpc"] == "net-1"
    assert live.values["billingMode"] == "monthly"
    assert {name: value for name, value in live.outputs.items() if name not in parse().outputs} == {
        "sshCommand": "ssh -p 30022 root@proxy.novita.ai",
        "sshHost": "proxy.novita.ai",
        "sshPort": 30022,
        "endpoints": {
            "8888/http": "https://i-1-8888.us-ca-nas-2.gpu-instance.novita.ai",
            "22/tcp": "proxy.us-ca-nas-2.gpu-instance.novita.ai:30022",
        },
        "url": "https://i-1-8888.us-ca-nas-2.gpu-instance.novita.ai",
        "ip": "10.0.0.4",
        "endTime": 1790000000,
        "dataKeptDays": 7,
    }


@pytest.mark.parametrize(
    ("status", "logs"),
    [
        ("pulling", ("https://log/system", "https://log/instance")),
        ("resetting", ("https://log/system", "https://log/instance")),
        ("starting", ("https://log/instance", "https://log/system")),
        ("a-new-word", ("https://log/instance", "https://log/system")),
    ],
)
def test_until_the_program_begins_the_log_of_the_system_comes_first(status: str, logs: tuple[str, ...]) -> None:
    component = {
        "systemLogAddress": "https://log/system",
        "instanceLogAddress": "https://log/instance",
        "isRunning": True,
    }
    assert parse(status=status, connectComponentLog=component).logs.explaining == logs
    assert parse(status=status, connectComponentLog={**component, "systemLogAddress": ""}).logs.explaining == (
        "https://log/instance",
    )
    assert "log/instance" not in repr(parse(status=status, connectComponentLog=component))


@pytest.mark.parametrize("component", [None, [], {}, "https://log", {"instanceLogAddress": None}])
def test_an_instance_without_an_address_has_no_logs(component: Any) -> None:
    assert parse(connectComponentLog=component).logs.explaining == ()


def test_no_password_is_let_through() -> None:
    assert "pw-" not in repr(INSTANCE.api.read.parse(GOT))


def test_every_output_is_one_that_the_kind_names() -> None:
    spot = {"spotStatus": "notified", "spotReclaimTime": "1790000100"}
    local = {"volumeMounts": LISTED["volumeMounts"]}
    made = {"createdAt": "1790000000"}
    assert INSTANCE.api.read.parse({**GOT, **spot, **local, **made}).outputs.keys() == {"id", *INSTANCE.outputs}


def test_an_answer_that_leaves_fields_out_says_nothing_of_them() -> None:
    live = INSTANCE.api.read.parse({"id": "i-1", "status": "running"})
    assert live.values == {"billingMode": "onDemand", "power": "running"}


def test_a_network_that_is_empty_means_none_and_one_that_is_left_out_means_unknown() -> None:
    assert parse(network={"id": "", "ip": ""}).values["vpc"] == ""
    assert "vpc" not in parse().values


def test_lists_that_are_null_are_read_as_empty() -> None:
    values = parse(envs=None, portMappings=None, volumeMounts=None).values
    assert (values["env"], values["ports"], values["networkStorages"]) == ({}, [], [])


def test_a_cpu_instance_has_no_gpu_count() -> None:
    live = parse(kind="cpu", gpuNum="0", rootfsSize=0)
    assert live.values["type"] == "cpu"
    assert not live.values.keys() & {"gpuCount", "rootDiskGb"}


@pytest.mark.parametrize("node", [[{"maxRootfsSize": 6000}], {"maxRootfsSize": 6000}, None, "node"])
def test_the_node_may_be_a_list_or_an_object(node: Any) -> None:
    assert parse(node=node).values == parse().values


PHASES = {
    "pending": Phase.CHANGING,
    "toCreate": Phase.CHANGING,
    "creating": Phase.CHANGING,
    "pulling": Phase.CHANGING,
    "running": Phase.READY,
    "toStart": Phase.CHANGING,
    "starting": Phase.CHANGING,
    "toStop": Phase.CHANGING,
    "stopping": Phase.CHANGING,
    "exited": Phase.STOPPED,
    "stopped": Phase.STOPPED,
    "toRestart": Phase.CHANGING,
    "restarting": Phase.CHANGING,
    "toRemove": Phase.LEAVING,
    "removing": Phase.LEAVING,
    "removed": Phase.GONE,
    "toReset": Phase.CHANGING,
    "resetting": Phase.CHANGING,
    "migrating": Phase.CHANGING,
    "freezing": Phase.CHANGING,
    "terminated": Phase.CHANGING,
    "error": Phase.CHANGING,
    "": Phase.CHANGING,
}
ON_THE_WAY_TO_RUNNING = {
    *("pending", "toCreate", "creating", "pulling", "toStart", "starting", "toRestart", "restarting"),
    *("toReset", "resetting", "terminated", "error", ""),
}


@pytest.mark.parametrize("status", PHASES)
def test_each_status_has_its_phase_and_an_unknown_one_keeps_waiting(status: str) -> None:
    assert parse(status=status).phase is PHASES[status]


@pytest.mark.parametrize("status", PHASES)
def test_an_error_is_a_failure_only_on_the_way_to_running_and_always_reported(status: str) -> None:
    live = parse(status=status, statusError={"state": "ImagePullFailed", "message": "no such image"})
    assert live.phase is (Phase.FAILED if status in ON_THE_WAY_TO_RUNNING else PHASES[status])
    assert live.trouble == "ImagePullFailed: no such image"


def test_a_message_without_a_state_is_no_failure() -> None:
    assert parse(status="pulling", statusError={"state": "", "message": "3 of 9 layers"}).phase is Phase.CHANGING


@pytest.mark.parametrize(
    ("status", "power"),
    [
        ("running", "running"),
        ("pulling", "running"),
        ("toReset", "running"),
        ("migrating", "running"),
        ("a new word", "running"),
        ("toStop", "stopped"),
        ("stopping", "stopped"),
        ("exited", "stopped"),
    ],
)
def test_the_power_state_is_the_one_it_is_on_its_way_to(status: str, power: str) -> None:
    assert parse(status=status).values["power"] == power


@pytest.mark.parametrize(
    ("status", "spot", "phase", "power"),
    [
        ("running", "running", Phase.READY, "running"),
        ("running", "notified", Phase.READY, "running"),
        ("running", "reclaiming", Phase.CHANGING, "running"),
        ("running", "terminated", Phase.READY, "running"),
        ("exited", "terminated", Phase.STOPPED, "stopped"),
        ("removing", "terminated", Phase.LEAVING, "running"),
        ("removed", "terminated", Phase.GONE, "running"),
    ],
)
def test_a_spot_instance_that_was_reclaimed_counts_as_stopped_until_it_is_removed(
    status: str, spot: str, phase: Phase, power: str
) -> None:
    live = parse(status=status, spotStatus=spot, billingMode="spot")
    assert (live.phase, live.values["power"]) == (phase, power)
    assert bool(live.trouble) is (spot != "running")


def test_instances_are_listed_by_page_and_got_by_id() -> None:
    reading = INSTANCE.api.read
    path = "/gpu-instance/openapi/v1/gpu/instance"
    pages = reading.pages
    assert (pages.path, pages.items, pages.number, pages.size) == (f"{path}s", ("instances",), "pageNum", "pageSize")
    assert reading.get is not None
    assert reading.get("i-1") == Request("GET", path, {"instanceId": "i-1"}, repeatable=True)


def test_a_got_instance_stands_at_the_top_or_under_its_name() -> None:
    unwrap = INSTANCE.api.read.unwrap
    assert unwrap is not None
    assert unwrap(GOT) == unwrap({"instance": GOT}) == GOT
    nothing: list[Any] = [{}, None, "", [], {"instance": {}}]
    assert [unwrap(answer) for answer in nothing] == [None] * 5


def test_an_instance_is_known_again_by_name_product_and_cluster() -> None:
    spec = {"name": "trainer", "product": {"gpu": "RTX 4090", "id": "4090.16c62g"}, "cluster": "us-ca-nas-2"}
    live = parse()
    assert INSTANCE.api.matches(spec, live)
    assert INSTANCE.api.matches({"name": "trainer"}, live)
    assert INSTANCE.api.matches(spec, INSTANCE.api.read.parse(without("productId", "clusterId")))
    for change in ({"name": "other"}, {"product": {"id": "26"}}, {"cluster": "5"}):
        assert not INSTANCE.api.matches({**spec, **change}, live)


def test_a_subscription_cannot_be_deleted_and_says_until_when() -> None:
    assert INSTANCE.api.deletion_refusal is not None
    assert INSTANCE.api.deletion_refusal(parse()) == ""
    assert "ends on 2026-09-21" in INSTANCE.api.deletion_refusal(INSTANCE.api.read.parse(GOT))
    assert "ends;" in INSTANCE.api.deletion_refusal(parse(billingMode="monthly"))
    assert "ends;" in INSTANCE.api.deletion_refusal(parse(billingMode="monthly", endTime="9" * 30))


def echoed(sent: dict[str, Any]) -> dict[str, Any]:
    """What the service would list of an instance that was created so (gpu-instance-list-instances)."""
    ports = [port.split("/") for port in sent.get("ports", "").split(",") if port]
    mounts = [
        {"type": "network", "size": "10", "id": mount["Id"], "mountPath": mount["mountPoint"]}
        for mount in sent.get("networkStorages", [])
    ]
    return {
        "id": "i-1",
        "name": sent["name"],
        "clusterId": sent["clusterId"],
        "status": "running",
        "imageUrl": sent["imageUrl"],
        "imageAuthId": sent.get("imageAuthId", ""),
        "command": sent.get("command", ""),
        "entrypoint": sent.get("entrypoint", ""),
        "gpuNum": str(sent["gpuNum"]),
        "portMappings": [{"port": int(number), "type": kind} for number, kind in ports],
        "productId": sent["productId"],
        "rootfsSize": sent["rootfsSize"],
        "volumeMounts": mounts,
        "envs": sent.get("envs", []),
        "kind": sent["kind"],
        "billingMode": sent["billingMode"],
        "network": {"id": sent.get("networkId", ""), "ip": ""},
    }


SPECS = st.fixed_dictionaries(
    {
        "name": st.text(min_size=1, max_size=9),
        "type": st.just("gpu"),
        "product": st.just({"id": "4090.16c62g"}),
        "cluster": st.just("us-ca-nas-2"),
        "image": st.text(min_size=1, max_size=9),
        "gpuCount": st.integers(1, 8),
        "rootDiskGb": st.integers(10, 6144),
        "registryAuth": st.sampled_from(["", "auth-1"]),
        "command": st.text(max_size=9),
        "entrypoint": st.text(max_size=9),
        "env": st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=9), max_size=4),
        "ports": st.sets(
            st.builds(lambda port, of: f"{port}/{of}", st.integers(1, 65535), st.sampled_from(["http", "tcp"]))
        ).map(sorted),
        "networkStorages": st.dictionaries(
            st.text("abc", min_size=1).map(lambda path: f"/{path}"), st.just("storage-1"), max_size=3
        ).map(lambda paths: [{"storage": paths[path], "mountPath": path} for path in sorted(paths)]),
        "vpc": st.sampled_from(["", "net-1"]),
        "billingMode": st.sampled_from(["onDemand", "monthly", "spot"]),
    }
)


@given(SPECS)
def test_what_was_created_is_read_as_it_was_declared(spec: dict[str, Any]) -> None:
    made = INSTANCE.api.create.request(Target("", {**spec, "months": 1}))
    live = INSTANCE.api.read.parse(echoed(dict(made.body or {})))
    found = {**live.values, "ports": sorted(live.values["ports"])}
    assert found == {**spec, "power": "running"}
    assert INSTANCE.api.matches(spec, live)


JSON = trees(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    st.sampled_from(["id", "type", "port", "endpoint", "key", "value", "state", "mountPath", "ip"]),
    size=4,
)


@given(st.dictionaries(st.sampled_from(sorted(GOT)) | st.text(max_size=8), JSON))
def test_reading_never_raises(item: dict[str, Any]) -> None:
    live = INSTANCE.api.read.parse(item)
    assert live.phase in Phase
    assert live.values["power"] in {"running", "stopped"}
    assert INSTANCE.api.deletion_refusal is not None
    INSTANCE.api.deletion_refusal(live)
