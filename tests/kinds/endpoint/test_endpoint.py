"""Endpoint: wrapped to create, flat and in full to update, and ready only when its workers are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.kinds.call import Target
from novita_infra.kinds.endpoint import ENDPOINT as KIND
from novita_infra.kinds.field import By, Replaces
from novita_infra.model.addresses import Address
from novita_infra.model.resources import Live, LiveWorker, Phase
from novita_infra.model.values import Ref, Secret, Spec

WORKERS = {"min": 1, "max": 3, "idleTimeout": 60, "maxConcurrency": 8, "requestTimeout": 600}
SPEC: Spec = {
    "name": "api",
    "appName": "chat",
    "product": {"gpu": "RTX 4090", "id": "SL-serverless-3"},
    "gpuCount": 1,
    "workers": WORKERS,
    "minCudaVersion": "12.4",
    "ports": ["8000/http"],
    "scaling": {"type": "queue", "value": 10},
    "image": "docker.io/me/chat:1",
    "registryAuth": "auth-1",
    "command": "serve",
    "rootDiskGb": 50,
    "networkStorages": [{"storage": "ns-1", "mountPath": "/data"}],
    "localStorage": {"sizeGb": 30, "mountPath": "/scratch"},
    "cluster": "us-ca-nas-2",
    "env": {"B": "2", "A": "1"},
    "healthPath": "/health",
}

SETTINGS = {
    "clusterID": "us-ca-nas-2",
    "workerConfig": {
        "minNum": 1,
        "maxNum": 3,
        "freeTimeout": 60,
        "maxConcurrent": 8,
        "gpuNum": 1,
        "requestTimeout": 600,
        "cudaVersion": "12.4",
    },
    "ports": [{"port": "8000"}],
    "policy": {"type": "queue", "value": 10},
    "image": {"image": "docker.io/me/chat:1", "authId": "auth-1", "command": "serve"},
    "volumeMounts": [
        {"type": "network", "id": "ns-1", "mountPath": "/data"},
        {"type": "local", "size": 30, "mountPath": "/scratch"},
    ],
    "envs": [{"key": "A", "value": "1"}, {"key": "B", "value": "2"}],
    "healthy": {"path": "/health"},
}

ITEM: dict[str, Any] = {
    "id": "ep-1",
    "name": "api",
    "appName": "chat",
    "url": "https://chat.us-ca.serverless.novita.ai",
    "state": {"state": "serving", "error": "", "message": ""},
    "workerConfig": {
        "minNum": 1,
        "maxNum": 3,
        "freeTimeout": "60",
        "maxConcurrent": "8",
        "gpuNum": 1,
        "requestTimeout": 600,
        "cudaVersion": "12.4",
    },
    "policy": {"type": "queue", "value": "10"},
    "image": {"image": "docker.io/me/chat:1", "authId": "auth-1", "command": "serve"},
    "rootfsSize": 50,
    "volumeMounts": [
        {"type": "network", "id": "ns-1", "size": 0, "mountPath": "/data"},
        {"type": "local", "id": "", "size": 30, "mountPath": "/scratch"},
    ],
    "envs": [{"key": "A", "value": "1"}, {"key": "B", "value": "2"}],
    "ports": [{"port": 8000}],
    "workers": [{"id": "w-1", "state": {"state": "running", "error": "", "message": ""}, "healthy": True}],
    "products": [{"id": "SL-serverless-3"}],
    "healthy": {"path": "/health", "initialDelay": 10, "period": 5},
    "clusterID": "us-ca-nas-2",
    "log": "/log",
}


def worker(state: str, *, healthy: bool = True, error: str = "", message: str = "", **more: Any) -> dict[str, Any]:
    return {"id": "w-2", "state": {"state": state, "error": error, "message": message}, "healthy": healthy, **more}


def read(**changes: Any) -> Live:
    return KIND.api.read.parse({**ITEM, **changes})


# --- requests -------------------------------------------------------------------------------------------------------


def test_a_create_is_wrapped_and_not_sent_twice() -> None:
    request = KIND.api.create.request(Target("", SPEC))
    assert (request.method, request.path) == ("POST", "/gpu-instance/openapi/v1/endpoint/create")
    own = {"name": "api", "appName": "chat", "products": [{"id": "SL-serverless-3"}], "rootfsSize": 50}
    cluster = {"clusterIDs": ["us-ca-nas-2"]}  # beside `clusterID`, because sources disagree on the name
    assert request.body == {"endpoint": {**own, **cluster, **SETTINGS}}
    assert not request.repeatable


def test_a_create_of_the_least_spec_sends_what_the_reference_requires() -> None:
    least = {name: SPEC[name] for name in ("product", "workers", "ports", "scaling", "image", "healthPath")}
    request = KIND.api.create.request(Target("", {"name": "api", **least}))
    assert request.body == {
        "endpoint": {
            "name": "api",
            "products": [{"id": "SL-serverless-3"}],
            "rootfsSize": 100,
            "workerConfig": {
                "minNum": 1,
                "maxNum": 3,
                "freeTimeout": 60,
                "maxConcurrent": 8,
                "gpuNum": 1,
                "requestTimeout": 600,
            },
            "ports": [{"port": "8000"}],
            "policy": {"type": "queue", "value": 10},
            "image": {"image": "docker.io/me/chat:1"},
            "volumeMounts": [],
            "envs": [],
            "healthy": {"path": "/health"},
        }
    }


def test_an_update_is_flat_in_full_and_leaves_out_what_cannot_change() -> None:
    request = KIND.call("update").request(Target("ep-1", {**SPEC, "image": "docker.io/me/chat:2"}, read()))
    assert request.path == "/gpu-instance/openapi/v1/endpoint/update"
    image = {"image": "docker.io/me/chat:2", "authId": "auth-1", "command": "serve"}
    assert request.body == {"id": "ep-1", "name": "api", **SETTINGS, "image": image}
    assert request.repeatable


def test_an_update_repeats_what_is_live_and_not_declared() -> None:
    request = KIND.call("update").request(Target("ep-1", {"image": "docker.io/me/chat:2"}, read()))
    image = {"image": "docker.io/me/chat:2", "authId": "auth-1", "command": "serve"}
    assert request.body == {"id": "ep-1", "name": "api", **SETTINGS, "image": image}


def test_an_update_clears_what_is_declared_empty() -> None:
    empty: Spec = {"env": {}, "networkStorages": [], "localStorage": {}, "registryAuth": "", "command": ""}
    body = KIND.call("update").request(Target("ep-1", {**SPEC, **empty}, read())).body
    assert body is not None
    assert (body["envs"], body["volumeMounts"]) == ([], [])
    assert body["image"] == {"image": "docker.io/me/chat:1", "authId": "", "command": ""}


def test_a_delete_gives_the_id_under_both_names() -> None:
    request = KIND.api.delete.request(Target("ep-1", {}))
    assert request.path == "/gpu-instance/openapi/v1/endpoint/delete"
    assert request.body == {"name": "ep-1", "id": "ep-1"}
    assert request.repeatable


def test_one_endpoint_is_got_by_its_id_wrapped_or_bare() -> None:
    assert KIND.api.read.get is not None
    assert KIND.api.read.unwrap is not None
    request = KIND.api.read.get("ep-1")
    assert (request.path, request.query) == ("/gpu-instance/openapi/v1/endpoint", {"id": "ep-1"})
    assert KIND.api.read.unwrap({"endpoint": ITEM}) == ITEM
    assert KIND.api.read.unwrap(ITEM) == ITEM
    empty: list[Any] = [{"endpoint": {}}, {"endpoint": None}, {}, None, []]
    assert [KIND.api.read.unwrap(answer) for answer in empty] == [None] * 5


@pytest.mark.parametrize(
    ("answer", "expected"), [({"id": "ep-1"}, "ep-1"), ({"endpoint": {"id": "ep-1"}}, "ep-1"), ({}, ""), (None, "")]
)
def test_the_new_id_is_in_the_answer(answer: Any, expected: str) -> None:
    assert KIND.api.new_id(answer) == expected


def test_a_mended_image_gets_in_though_the_workers_never_became_ready() -> None:
    assert {Phase.CHANGING, Phase.FAILED} <= KIND.call("update").allowed_phases


# --- reading --------------------------------------------------------------------------------------------------------


def test_the_documented_item_is_read_in_the_manifests_shape_numbers_as_text_included() -> None:
    found = read()
    assert found.values == {**SPEC, "product": {"id": "SL-serverless-3"}}
    assert (found.id, found.name, found.phase, found.status, found.trouble) == (
        "ep-1",
        "api",
        Phase.READY,
        "serving",
        "",
    )
    assert found.outputs == {
        "id": "ep-1",
        "url": "https://chat.us-ca.serverless.novita.ai",
        "appName": "chat",
        "state": "serving",
        "workers": 1,
        "readyWorkers": 1,
    }


def test_what_is_not_set_is_read_as_empty_and_what_is_not_sent_is_left_out() -> None:
    found = read(volumeMounts=None, envs=None, image={"image": "nginx"}, clusterID="")
    assert (found.values["networkStorages"], found.values["localStorage"], found.values["env"]) == ([], {}, {})
    assert (found.values["registryAuth"], found.values["command"]) == ("", "")
    assert "cluster" not in found.values
    assert KIND.api.read.parse({"id": "ep-1"}).values == {}


def test_older_answers_with_lists_for_objects_and_ports_as_text_are_read_the_same() -> None:
    older = read(
        workerConfig=[ITEM["workerConfig"]], policy=[ITEM["policy"]], image=[ITEM["image"]], ports=[{"port": "8000"}]
    )
    assert older.values == read().values


def test_a_cluster_is_read_under_either_name() -> None:
    one, several = {"clusterID": "us-ca-nas-2"}, {"clusterIDs": ["us-ca-nas-2", "as-sgp-2"]}
    rest = {name: value for name, value in ITEM.items() if name != "clusterID"}
    for item in (one, several, {**several, **one}, {**several, "clusterID": ""}, {**one, "clusterIDs": None}):
        assert KIND.api.read.parse({**rest, **item}).values["cluster"] == "us-ca-nas-2"


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        ("serving", Phase.READY),
        ("running", Phase.READY),
        ("creating", Phase.CHANGING),
        ("pending", Phase.CHANGING),
        ("updating", Phase.CHANGING),
        ("stopped", Phase.STOPPED),
        ("failed", Phase.FAILED),
        ("error", Phase.FAILED),
        ("terminating", Phase.LEAVING),
        ("deleting", Phase.LEAVING),
        ("removed", Phase.GONE),
        ("hibernating", Phase.CHANGING),
    ],
)
def test_every_state_has_a_phase_and_an_unknown_one_keeps_waiting(state: str, phase: Phase) -> None:
    assert read(state={"state": state}).phase is phase


@pytest.mark.parametrize(
    ("workers", "phase"),
    [
        ([], Phase.CHANGING),
        ([worker("pulling", healthy=False)], Phase.CHANGING),
        ([worker("running", healthy=False)], Phase.CHANGING),
        ([worker("removed")], Phase.CHANGING),
        ([worker("running", drain=True)], Phase.CHANGING),
        ([worker("running")], Phase.READY),
        ([worker("removed"), worker("running"), worker("pulling")], Phase.READY),
    ],
)
def test_a_serving_endpoint_is_ready_when_its_least_workers_run_and_are_healthy(workers: Any, phase: Phase) -> None:
    assert read(workers=workers).phase is phase


def test_an_endpoint_that_scales_to_zero_is_ready_without_workers() -> None:
    assert read(workers=[], workerConfig={**ITEM["workerConfig"], "minNum": 0}).phase is Phase.READY


def test_a_failure_tells_what_the_workers_say_too() -> None:
    found = read(
        state={"state": "failed", "error": "ImagePull", "message": "cannot start"},
        workers=[worker("waiting", error="ImagePullBackOff", message="no such tag"), worker("removed", error="old")],
    )
    assert found.phase is Phase.FAILED
    assert found.trouble == "ImagePull: cannot start; worker w-2: ImagePullBackOff: no such tag"


def test_a_worker_that_cannot_start_is_reported_while_the_endpoint_waits() -> None:
    found = read(workers=[worker("waiting", healthy=False, message="no such tag")])
    assert (found.phase, found.trouble) == (Phase.CHANGING, "worker w-2: no such tag")


def test_what_is_wrong_with_several_workers_alike_is_said_once() -> None:
    crowd = [worker("failed", healthy=False, error="OutOfMemory", id=f"w-{number}") for number in range(5)]
    found = read(workers=[*crowd, worker("failed", healthy=False, error="Other", id="w-9")])
    assert found.trouble == "workers w-0, w-1, w-2 and 2 more: OutOfMemory; worker w-9: Other"


FAILED: dict[str, Any] = {"healthy": False, "error": "ImagePullFailed"}


@pytest.mark.parametrize(
    ("workers", "stuck"),
    [
        ([worker("failed", **FAILED)], True),
        ([worker("Error", **FAILED), worker("CrashLoop", **FAILED), worker("removed")], True),
        ([], False),
        ([worker("removed", **FAILED)], False),
        ([worker("failed", healthy=False)], False),
        ([worker("failed", healthy=True, error="late")], False),
        ([worker("creating", **FAILED)], False),
        ([worker("failed", **FAILED), worker("creating", healthy=False)], False),
        ([worker("failed", **FAILED), worker("running")], False),
    ],
)
def test_an_endpoint_is_stuck_when_each_of_its_workers_failed_for_a_reason(workers: Any, stuck: bool) -> None:
    found = read(state={"state": "creating", "error": "", "message": ""}, workers=workers)
    assert (found.phase, found.stuck) == (Phase.CHANGING, stuck)


@pytest.mark.parametrize("state", ["stopped", "failed", "deleting"])
def test_an_endpoint_that_is_not_on_its_way_is_not_stuck(state: str) -> None:
    assert not read(state={"state": state}, workers=[worker("failed", **FAILED)]).stuck


def test_the_logs_of_workers_in_trouble_come_first_and_those_of_good_ones_not_at_all() -> None:
    workers = [
        worker("running", log="/log/good"),
        worker("creating", healthy=False, log="/log/new"),
        worker("failed", **FAILED, log="/log/bad"),
        worker("failed", **FAILED),
    ]
    assert read(workers=workers).logs.explaining == ("/log/bad", "/log/new", "/log")
    assert read(workers=[], log=None).logs.explaining == ()


def test_an_answer_without_the_request_timeout_agrees_with_any() -> None:
    agrees = KIND.field("workers").compared
    assert callable(agrees)
    older = {name: value for name, value in SPEC["workers"].items() if name != "requestTimeout"}
    assert agrees(SPEC["workers"], older)
    assert not agrees(SPEC["workers"], {**older, "max": 4})
    assert not agrees(SPEC["workers"], None)


def test_only_the_id_of_the_product_counts() -> None:
    agrees = KIND.field("product").compared
    assert callable(agrees)
    assert agrees({"gpu": "RTX 4090", "id": "SL-serverless-3"}, {"id": "SL-serverless-3"})
    assert not agrees({"id": "SL-serverless-3"}, {"id": "SL-serverless-4"})
    assert not agrees({"id": "SL-serverless-3"}, None)


def test_the_app_name_tells_endpoints_apart_and_else_the_name_and_the_product() -> None:
    assert KIND.api.matches(SPEC, read())
    assert not KIND.api.matches({**SPEC, "appName": "other"}, read())
    assert not KIND.api.matches({**SPEC, "name": "other"}, read())
    assert KIND.api.matches({"name": "api", "product": {"id": "SL-serverless-3"}}, read())
    assert not KIND.api.matches({"name": "api", "product": {"id": "SL-serverless-4"}}, read())


def test_three_fields_replace_and_all_others_are_updated() -> None:
    assert {item.name for item in KIND.fields if isinstance(item.change, Replaces)} == {
        "appName",
        "product",
        "rootDiskGb",
    }
    assert all(item.change == By("update") for item in KIND.fields if not isinstance(item.change, Replaces))


# --- inheriting, checking, choosing ---------------------------------------------------------------------------------


def test_the_cluster_comes_from_the_first_declared_storage() -> None:
    assert KIND.resolution.inherit is not None
    data = Ref(Address("network_storage", "data"))
    mounts = [{"storage": "ns-9", "mountPath": "/old"}, {"storage": data, "mountPath": "/data"}]
    asked: list[tuple[str, Any]] = []

    def lookup(prefix: str, value: Any) -> Spec | None:
        asked.append((prefix, value))
        return {"cluster": "us-ca-nas-2", "sizeGb": 10} if value == data else None

    assert KIND.resolution.inherit({"networkStorages": mounts}, lookup) == {
        "networkStorages": mounts,
        "cluster": "us-ca-nas-2",
    }
    assert asked == [("network_storage", "ns-9"), ("network_storage", data)]


def test_a_declared_cluster_is_kept_and_none_is_made_up() -> None:
    assert KIND.resolution.inherit is not None
    declared: Spec = {"cluster": "5", "networkStorages": [{"storage": "ns-1", "mountPath": "/data"}]}
    assert KIND.resolution.inherit(declared, lambda *_: {"cluster": "other"}) == declared
    assert KIND.resolution.inherit({"networkStorages": []}, lambda *_: None) == {"networkStorages": []}


@pytest.mark.parametrize(
    ("changes", "path", "summary"),
    [
        ({"workers": {**WORKERS, "min": 4}}, ("workers", "min"), "min 4 is more than max 3"),
        ({"ports": ["2222/http"]}, ("ports", 0), "port 2222 is kept by the platform"),
        ({"ports": ["65536/http"]}, ("ports", 0), "port 65536 does not exist"),
        ({"cluster": None}, ("networkStorages",), "network storages need a cluster"),
        (
            {"localStorage": {"sizeGb": 30, "mountPath": "/data"}},
            ("networkStorages", 0, "mountPath"),
            "/data is mounted twice",
        ),
        ({"env": {"A=B": "1"}}, ("env", "A=B"), "this is no name of a variable"),
    ],
)
def test_what_the_schema_cannot_see_is_a_fault_at_its_place(changes: Spec, path: Any, summary: str) -> None:
    assert KIND.resolution.check is not None
    assert [(fault.path, fault.summary) for fault in KIND.resolution.check({**SPEC, **changes})] == [(path, summary)]


def test_a_good_spec_has_no_faults_even_where_values_are_not_known_yet() -> None:
    assert KIND.resolution.check is not None
    later = Ref(Address("instance", "trainer"), "port")
    unknown: Spec = {"ports": [later], "workers": later, "env": {"K": Secret("x", "env:K")}, "cluster": later}
    assert not [*KIND.resolution.check(SPEC)]
    assert not [*KIND.resolution.check({**SPEC, **unknown})]
    assert not [*KIND.resolution.check({})]


LIMITS = {
    "minGPUNum": 1,
    "maxGPUNum": 2,
    "minWorkerNum": 0,
    "maxWorkerNum": 5,
    "minFreeTimeout": 5,
    "maxFreeTimeout": 3600,
    "minConcurrencyNum": 1,
    "maxConcurrencyNum": 100,
    "minRequestTimeout": 1,
    "maxRequestTimeout": 3600,
    "minRootfsSize": 10,
    "maxRootfsSize": 100,
    "minLocalVolumeSize": 30,
    "maxLocalVolumeSize": 30,
    "minQueueWaitTime": 1,
    "maxQueueWaitTime": 60,
    "minRequestNum": 1,
    "maxRequestNum": 10,
    "cudaVersionList": ["11.8", "12.4", "12.6"],
}
CATALOGUE = Catalogue(
    clusters=(Cluster(id="us-ca-nas-2", name="US-CA-NAS-2 (California)", network_storage=True, vpc=True),),
    serverless=(
        Product(id="SL-serverless-3", name="RTX 4090 24GB", available=True, price=60000),
        Product(id="SL-serverless-4", name="RTX 4090 24GB", available=True, price=50000),
        Product(id="SL-serverless-5", name="H100 SXM 80GB", available=False, price=300000),
    ),
    endpoint_limits=LIMITS,
)


def choose(changes: Spec, live: Live | None = None) -> tuple[Spec, Any]:
    assert KIND.resolution.resolve is not None
    return KIND.resolution.resolve({**SPEC, **changes}, CATALOGUE, live)


def test_a_product_is_chosen_from_the_serverless_catalogue_and_the_cluster_by_its_name() -> None:
    chosen, faults = choose({"product": {"gpu": "rtx 4090"}, "cluster": "California"})
    assert chosen["product"] == {"gpu": "rtx 4090", "id": "SL-serverless-4"}
    assert chosen["cluster"] == "us-ca-nas-2"
    assert faults == ()


def test_a_live_product_stays_while_it_satisfies_the_wish() -> None:
    assert choose({"product": {"gpu": "RTX 4090"}}, read())[0]["product"]["id"] == "SL-serverless-3"
    assert choose({"product": {"gpu": "H100"}}, read())[0]["product"]["id"] == "SL-serverless-5"


def test_a_product_given_by_id_is_believed() -> None:
    assert choose({"product": {"id": "SL-new"}})[0]["product"] == {"id": "SL-new"}


def test_unknown_products_and_clusters_are_faults() -> None:
    _, faults = choose({"product": {"gpu": "RTX 4096"}, "cluster": "mars"})
    assert [(fault.path, fault.summary) for fault in faults] == [
        (("cluster",), 'no cluster "mars"'),
        (("product", "gpu"), 'no product "RTX 4096"'),
    ]


@pytest.mark.parametrize(
    ("changes", "path", "hint"),
    [
        ({"gpuCount": 3}, ("gpuCount",), "1 to 2 is possible"),
        ({"workers": {**WORKERS, "max": 6}}, ("workers", "max"), "0 to 5 is possible"),
        ({"workers": {**WORKERS, "idleTimeout": 4}}, ("workers", "idleTimeout"), "5 to 3600 is possible"),
        (
            {"workers": {**SPEC["workers"], "maxConcurrency": 101}},
            ("workers", "maxConcurrency"),
            "1 to 100 is possible",
        ),
        (
            {"workers": {**SPEC["workers"], "requestTimeout": 9999}},
            ("workers", "requestTimeout"),
            "1 to 3600 is possible",
        ),
        ({"rootDiskGb": 200}, ("rootDiskGb",), "10 to 100 is possible"),
        ({"localStorage": {"sizeGb": 31, "mountPath": "/s"}}, ("localStorage", "sizeGb"), "30 to 30 is possible"),
        ({"scaling": {"type": "queue", "value": 61}}, ("scaling", "value"), "1 to 60 is possible"),
        ({"scaling": {"type": "concurrency", "value": 11}}, ("scaling", "value"), "1 to 10 is possible"),
    ],
)
def test_the_accounts_limits_bind_and_are_reported(changes: Spec, path: Any, hint: str) -> None:
    _, faults = choose(changes)
    assert [(fault.path, fault.hint) for fault in faults] == [(path, hint)]


def test_a_cuda_version_that_no_machine_has_is_a_fault() -> None:
    _, faults = choose({"minCudaVersion": "12.60"})
    assert [(fault.path, fault.hint) for fault in faults] == [(("minCudaVersion",), 'did you mean "12.6"?')]


def test_a_value_of_the_live_endpoint_is_not_checked_again() -> None:
    assert choose({"rootDiskGb": 200}, read(rootfsSize=200))[1] == ()
    assert (
        choose({"minCudaVersion": "10.0"}, read(workerConfig={**ITEM["workerConfig"], "cudaVersion": "10.0"}))[1] == ()
    )


def test_any_cuda_version_will_do() -> None:
    assert choose({"minCudaVersion": "any"})[1] == ()


def test_limits_that_the_service_does_not_tell_bind_nothing() -> None:
    assert KIND.resolution.resolve is not None
    known = Catalogue(clusters=CATALOGUE.clusters, serverless=CATALOGUE.serverless)
    assert KIND.resolution.resolve({**SPEC, "rootDiskGb": 9999}, known, None)[1] == ()


ADA = Product(id="SL-serverless-6", name="RTX 6000 Ada 48GB", available=True, price=70000)


def resolved(product: Spec, *serverless: Product, recorded: Spec | None = None, now: Live | None = None) -> Any:
    assert KIND.resolution.resolve is not None
    catalogue = replace(CATALOGUE, serverless=serverless or (*CATALOGUE.serverless, ADA))
    return KIND.resolution.resolve({**SPEC, "product": product}, catalogue, now, recorded)


def test_a_name_of_several_products_chooses_none_unless_the_cheapest_is_declared() -> None:
    _, (error,) = resolved({"gpu": "RTX"})
    prices = "RTX 4090 24GB (from $0.50/h per GPU), RTX 6000 Ada 48GB ($0.70/h per GPU)"
    assert (error.path, error.summary) == (("product", "gpu"), f'"RTX" may be any of several products: {prices}')
    chosen, errors = resolved({"gpu": "RTX", "choose": "cheapest"})
    assert (chosen["product"]["id"], errors) == ("SL-serverless-4", ())


def test_a_changed_catalogue_replaces_no_product() -> None:
    recorded = {**SPEC, "product": {"gpu": "RTX", "id": "SL-serverless-3"}}
    for listed in ((CATALOGUE.serverless[2], ADA), (CATALOGUE.serverless[2],), CATALOGUE.serverless):
        chosen, errors = resolved({"gpu": "RTX"}, *listed, recorded=recorded, now=read())
        assert (chosen["product"]["id"], errors) == ("SL-serverless-3", ())


def test_a_choice_stands_beside_a_name() -> None:
    assert KIND.resolution.check is not None
    found = [item.path for item in KIND.resolution.check({**SPEC, "product": {"id": "x", "choose": "cheapest"}})]
    assert found == [("product", "choose")]


def test_an_endpoint_is_charged_for_the_workers_that_exist() -> None:
    assert KIND.machine
    workers = [
        {"id": "w-1", "state": {"state": "running"}, "healthy": True},
        {"id": "w-2", "state": {"state": "removed"}},
    ]
    live = KIND.api.read.parse(
        {
            "id": "e",
            "workers": workers,
            "workerConfig": {"minNum": 0, "maxNum": 3, "gpuNum": 2},
            "products": [{"id": "p"}],
        }
    )
    assert live.workers == (LiveWorker("w-1", "running", ready=True, failed=False),)
    assert KIND.machine.charged(live)["workers"] == {"min": 1, "max": 1}
    assert KIND.machine.product(live) == "2 x p"
