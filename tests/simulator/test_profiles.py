"""The profile decides the behaviour where the documents and the live service disagree."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from novita_infra.simulator import PROFILES
from novita_infra.simulator.world.cloud.lifecycles import image_bytes


@pytest.fixture
def documented(make_cloud: Any) -> Any:
    return make_cloud(quirks=PROFILES["documented"])


@pytest.fixture
def strict(make_cloud: Any) -> Any:
    return make_cloud(quirks=PROFILES["strict"])


def test_the_profile_decides_the_status_of_absent_objects(cloud: Any, documented: Any, strict: Any) -> None:
    for path, query, live in (
        ("gpu/instance", {"instanceId": "x"}, 404),
        ("template", {"templateId": "x"}, 400),
        ("network", {"networkId": "x"}, 400),
        ("endpoint", {"id": "x"}, 400),
    ):
        status, reason = strict.refused("GET", path, params=query)
        assert status == 404
        assert reason.endswith("_NOT_FOUND")
        assert cloud.refused("GET", path, params=query) == (live, reason)
        assert documented.refused("GET", path, params=query) == (400, reason)


def test_the_live_profile_answers_404_for_a_deleted_instance_in_every_call(cloud: Any) -> None:
    key = cloud.machine()
    cloud.post("gpu/instance/delete", {"instanceId": key})
    cloud.pass_(60)
    gone = (404, "RESOURCE_NOT_FOUND")
    assert cloud.refused("GET", "gpu/instance", params={"instanceId": key}) == gone
    assert cloud.refused("GET", "/openapi/v1/metrics/gpu/instance", params={"instanceId": key}) == gone
    for call in ("start", "stop", "restart", "delete", "edit", "migrate"):
        assert cloud.refused("POST", f"gpu/instance/{call}", json={"instanceId": key}) == gone
    body = {"instanceId": key, "image": "docker.io/team/saved:1"}
    assert cloud.refused("POST", "job/save/image", json=body) == gone


def test_the_profile_decides_whether_prices_are_text_or_numbers(cloud: Any, documented: Any) -> None:
    assert isinstance(cloud.get("products")["data"][0]["price"], str)
    assert isinstance(documented.get("products")["data"][0]["price"], int)


def test_the_profile_decides_the_answer_of_creating_a_storage(documented: Any, strict: Any) -> None:
    changes = {"clusterId": "us-ca-nas-2", "storageName": "d", "storageSize": 10}
    assert isinstance(documented.post("networkstorage/create", changes), str)
    assert strict.post("networkstorage/create", changes)["storageName"] == "d"


def test_the_profile_decides_whether_an_empty_storage_list_is_null(cloud: Any, documented: Any) -> None:
    assert cloud.get("networkstorages/list")["data"] is None
    assert documented.get("networkstorages/list")["data"] == []


def test_the_profile_decides_the_key_and_the_id_of_networks(cloud: Any, documented: Any, strict: Any) -> None:
    changes = {"clusterId": "us-ca-nas-2", "name": "n"}
    assert cloud.post("network/create", changes) == {}
    (made,) = documented.post("network/create", changes)["network"]
    assert made["state"] == [{"state": "creating", "error": ""}]
    assert documented.get("network", networkId=made["Id"]) == {"network": [made]}
    assert set(cloud.get("networks")) == {"networks", "total"}
    assert set(documented.get("networks")) == {"network", "total"}
    (made,) = strict.post("network/create", changes)["network"]
    assert isinstance(strict.get("network", networkId=made["Id"])["network"], dict)


def test_the_profile_decides_whether_passwords_are_masked(cloud: Any, documented: Any) -> None:
    for one in (cloud, documented):
        one.auth()
    assert cloud.get("repository/auths")["data"][0]["password"] == "******"
    assert documented.get("repository/auths")["data"][0]["password"] == "p"


@pytest.mark.parametrize(("profile", "first"), [("live", 0), ("documented", 0), ("strict", 1)])
def test_the_profile_decides_the_number_of_the_first_page(make_cloud: Any, profile: str, first: int) -> None:
    cloud = make_cloud(quirks=PROFILES[profile])
    keys = [cloud.machine() for _ in range(3)]
    pages = [cloud.get("gpu/instances", pageSize=2, pageNum=first + more)["instances"] for more in (0, 1, 2)]
    assert [[one["id"] for one in page] for page in pages] == [keys[:2], keys[2:], []]


def test_the_strict_profile_limits_the_page_size(strict: Any) -> None:
    for _ in range(101):
        strict.machine()
    answer = strict.get("gpu/instances", pageSize=1000, pageNum=1)
    assert (len(answer["instances"]), answer["total"]) == (100, 101)


def test_only_the_live_profile_has_the_status_pending(cloud: Any, documented: Any) -> None:
    assert cloud.status(cloud.machine()) == "pending"
    key = documented.machine()
    assert documented.status(key) == "toCreate"
    assert documented.get("gpu/instances", status="toCreate")["total"] == 1


def test_only_the_live_profile_has_an_empty_billing_mode(cloud: Any, documented: Any) -> None:
    changes = {"kind": "cpu", "productId": "cpu.4c8g", "imageUrl": "a:1"}
    modes = [one.instance(one.post("gpu/instance/create", changes)["id"])["billingMode"] for one in (cloud, documented)]
    assert modes == ["", "onDemand"]


def test_the_profile_decides_whether_the_node_is_a_list(cloud: Any, documented: Any) -> None:
    assert isinstance(cloud.instance(cloud.machine())["node"], dict)
    assert isinstance(documented.instance(documented.machine())["node"], list)


def test_only_lists_of_the_live_profile_have_the_times_of_instances(cloud: Any, documented: Any) -> None:
    names = ("createdAt", "lastStartedAt", "lastStoppedAt", "releaseDataAt")
    for one, listed in ((cloud, True), (documented, False)):
        key = one.running()
        one.post("gpu/instance/stop", {"instanceId": key})
        one.pass_(60)
        (row,), whole = one.get("gpu/instances")["instances"], one.instance(key)
        created, started, stopped = (int(whole[name]) for name in names[:3])
        assert 0 < created < started < stopped
        kept_until = stopped + whole["keepDataDay"] * 86_400
        assert whole.get("releaseDataAt") == (str(kept_until) if listed else None)
        assert [row.get(name) for name in names] == [whole.get(name) if listed else None for name in names]


def test_only_the_live_profile_answers_the_page_of_templates(cloud: Any, documented: Any) -> None:
    for query, size, number in (({}, 20, 0), ({"pageSize": 5, "pageNum": 2}, 5, 2)):
        answer = cloud.get("templates", channel="private", **query)
        assert (answer["pageSize"], answer["pageNum"]) == (size, number)
        assert set(documented.get("templates", channel="private", **query)) == {"template", "total"}


def test_ports_of_endpoints_are_numbers_in_a_get_and_text_in_a_list(make_cloud: Any) -> None:
    for profile in PROFILES.values():
        one = make_cloud(quirks=profile)
        key = one.endpoint()
        assert one.get("endpoint", id=key)["endpoint"]["ports"] == [{"port": 8000}]
        assert one.get("endpoints")["endpoints"][0]["ports"] == [{"port": "8000"}]


def test_only_the_live_profile_accepts_missing_required_fields(cloud: Any, documented: Any) -> None:
    body = {"imageUrl": "a:2"}
    cloud.post("gpu/instance/upgrade", body | {"instanceId": cloud.running()})
    assert documented.refused_field("gpu/instance/upgrade", body | {"instanceId": documented.running()}) == "envs"


def test_only_the_live_profile_accepts_numbers_as_text(cloud: Any, documented: Any, a_machine: Any) -> None:
    assert cloud.post("gpu/instance/create", a_machine(gpuNum="2"))
    assert documented.refused_field("gpu/instance/create", a_machine(gpuNum="2")) == "gpuNum"
    key = documented.storage(size=10)
    documented.post("networkstorage/update", {"storageId": key, "storageName": "d", "storageSize": "20"})


def test_the_strict_profile_refuses_unknown_fields_and_parameters(cloud: Any, strict: Any, a_machine: Any) -> None:
    assert cloud.post("gpu/instance/create", a_machine(region="x"))
    assert strict.refused_field("gpu/instance/create", a_machine(region="x")) == "region"
    assert strict.refused("GET", "clusters", params={"page": 1}) == (400, "VALIDATOR_PARAM")


def test_the_strict_profile_leaves_an_upgraded_machine_stopped(strict: Any) -> None:
    key = strict.running()
    strict.post("gpu/instance/stop", {"instanceId": key})
    strict.pass_(10)
    body = {"instanceId": key, "imageUrl": "a:2", "envs": [], "command": "", "entrypoint": "", "save": True}
    strict.post("gpu/instance/upgrade", body | {"networkVolume": {"volumeMounts": []}})
    strict.pass_(100)
    assert strict.status(key) == "exited"
    assert strict.instance(key)["imageUrl"] == "a:2"


WILD = [
    ("GET", "networkstorages", {}, {}),
    ("GET", "instance/metrics", {"instance_id": "INSTANCE"}, {}),
    ("GET", "metrics/gpu/instance", {"instanceId": "INSTANCE"}, {}),
    ("GET", "endpoint", {"endpoint_id": "ENDPOINT"}, {}),
    ("POST", "networkstorage/delete", {}, {"id": "STORAGE"}),
    ("POST", "image/prewarm/edit", {}, {"task_id": "PREWARM", "id": "PREWARM", "note": "x"}),
    ("POST", "image/prewarm/delete", {}, {"task_id": "PREWARM"}),
    ("POST", "job/break", {}, {"job_id": "JOB"}),
    ("POST", "endpoint/delete", {}, {"endpoint_id": "ENDPOINT"}),
    (
        "POST",
        "endpoint/update",
        {},
        {
            "endpoint_id": "ENDPOINT",
            "workerConfig": [{"minNum": 1, "maxNum": 1, "freeTimeout": 9, "maxConcurrent": 1, "gpuNum": 1}],
            "ports": {"port": "80"},
            "policy": [{"type": "queue", "value": 1}],
            "image": [{"image": "a:1"}],
        },
    ),
]


@pytest.mark.parametrize(("method", "path", "query", "body"), WILD, ids=lambda value: str(value)[:24])
def test_the_profile_decides_whether_requests_of_existing_clients_are_accepted(
    make_cloud: Any, method: str, path: str, query: dict[str, Any], body: dict[str, Any]
) -> None:
    for profile, granted in (("live", True), ("strict", False)):
        cloud = make_cloud(quirks=PROFILES[profile])
        key = cloud.running()
        job = cloud.post("job/save/image", {"instanceId": key, "image": "a/b:1"})["jobId"]
        storage = cloud.post(
            "networkstorage/create", {"clusterId": "us-ca-nas-2", "storageName": "d", "storageSize": 10}
        )
        names = {
            "INSTANCE": key,
            "JOB": job,
            "STORAGE": storage if isinstance(storage, str) else storage["storageId"],
            "PREWARM": cloud.prewarm(),
            "ENDPOINT": cloud.endpoint(),
        }
        sent = {name: names.get(str(value), value) for name, value in body.items()}
        asked = {name: names.get(str(value), value) for name, value in query.items()}
        answer = cloud.send(method, path, params=asked, json=sent if method == "POST" else None)
        assert (answer.status_code == 200) is granted, answer.text


def seconds_until(cloud: Any, reached: Callable[[], bool]) -> int:
    """The seconds until that holds, in steps of five."""
    for passed in range(0, 3600, 5):
        if reached():
            return passed
        cloud.pass_(5)
    raise AssertionError("never")


@pytest.mark.parametrize(("profile", "least", "most"), [("live", 120, 180), ("documented", 5, 10), ("strict", 5, 10)])
def test_the_profile_decides_how_long_a_delete_takes(make_cloud: Any, profile: str, least: int, most: int) -> None:
    cloud = make_cloud(quirks=PROFILES[profile], timings=None)
    key = cloud.running()
    cloud.post("gpu/instance/delete", {"instanceId": key})
    assert least <= seconds_until(cloud, lambda: cloud.status(key) in {"removed", "gone"}) <= most


def is_served(cloud: Any, key: str) -> bool:
    return bool(cloud.get("endpoint", id=key)["endpoint"]["workers"][0]["healthy"])


def test_a_cold_start_of_a_large_image_takes_seven_minutes_in_the_profile_live(make_cloud: Any) -> None:
    cloud = make_cloud(quirks=PROFILES["live"], timings=None)
    sizes = {f"team/model:{number}": image_bytes(cloud.world, f"team/model:{number}") for number in range(60)}
    by_size = sorted(sizes, key=sizes.__getitem__)
    took = []
    for image in (by_size[0], by_size[-1]):
        key = cloud.endpoint(image={"image": image, "authId": "", "command": ""})
        took.append(seconds_until(cloud, partial(is_served, cloud, key)))
    assert took[0] <= 90
    assert 380 <= took[1] <= 440


def test_an_account_with_the_former_id_of_a_product_still_works(
    make_cloud: Any, a_machine: Any, tmp_path: Path
) -> None:
    first = make_cloud(tmp_path / "sim.db")
    key = first.running(productId="3090.16c92g", rootfsSize=50)
    record = first.world.instances.get(key)
    record.product = "3090.10c46g"
    first.world.instances.touch(record)
    first.world.close()
    cloud = make_cloud(tmp_path / "sim.db")
    assert cloud.instance(key)["productId"] == "3090.10c46g"
    assert cloud.instance(key)["productName"] == "RTX 3090 24GB"
    for path in ("stop", "start", "delete"):
        cloud.post(f"gpu/instance/{path}", {"instanceId": key})
        cloud.pass_(100)
    assert cloud.status(key) == "gone"
    asked = a_machine(productId="3090.10c46g", rootfsSize=50)
    assert cloud.send("POST", "gpu/instance/create", json=asked).status_code == 400


@pytest.mark.parametrize(("seconds", "status"), [(1, 200), (1000, 200), (1001, 400), (3600, 400), (0, 400)])
def test_a_worker_may_be_idle_for_up_to_a_thousand_seconds(
    make_cloud: Any, an_endpoint: Any, seconds: int, status: int
) -> None:
    cloud = make_cloud(quirks=PROFILES["live"])
    body = {"endpoint": an_endpoint()}
    body["endpoint"]["workerConfig"]["freeTimeout"] = seconds
    answer = cloud.send("POST", "endpoint/create", json=body)
    assert answer.status_code == status
    assert cloud.get("endpoint/limit")["maxFreeTimeout"] == 1000
    if status == 400:
        assert answer.json()["metadata"]["field"] == "workerConfig.freeTimeout"
