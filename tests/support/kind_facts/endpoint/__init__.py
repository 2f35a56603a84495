"""Serverless endpoints: most fields are edited with one update that sends everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edits import Edit, Subject
from hypothesis import strategies as st

from kind_facts.common import (
    AUTHS,
    IMAGES,
    OTHER_PLACE,
    PLACE,
    STORAGES,
    attribute,
    auth,
    deletes,
    env,
    more_env,
    storages,
    to,
)
from kind_facts.facts import Fleet, FleetPart, KindFacts, OutsiderCalls
from novita_infra.simulator import World

WORKERS = {"min": 1, "max": 3, "idleTimeout": 60, "maxConcurrency": 8, "requestTimeout": 600}
ENDPOINT = Subject(
    kind="endpoint",
    base={
        "product": {"gpu": "RTX 4090"},
        "image": "nginx:1.27",
        "ports": ["80/http"],
        "healthPath": "/",
        "workers": WORKERS,
        "scaling": {"type": "queue", "value": 10},
    },
    create=("endpoints.delete", "endpoints.create"),
    without={
        "name": "it",
        "gpuCount": 1,
        "registryAuth": "",
        "command": "",
        "networkStorages": [],
        "localStorage": {},
        "env": {},
    },
)


def _edits() -> Iterator[Edit]:
    update = "endpoints.update"
    yield from ENDPOINT.three("name", "other", "another", update)
    yield from ENDPOINT.two("appName", "chat", "talk", *ENDPOINT.create)
    product = {"product": {"gpu": "L40S"}}
    yield ENDPOINT.edit("to another name", {}, product, *ENDPOINT.create, shows={"product": "SL-serverless-3"})
    by_id = {"product": {"id": "SL-serverless-2"}}
    yield ENDPOINT.edit("to an id", {}, by_id, *ENDPOINT.create, shows={"product": "SL-serverless-2"})
    yield ENDPOINT.refused("remove", {}, {"product": None})
    yield from ENDPOINT.three("gpuCount", 2, 4, update)
    yield ENDPOINT.refused("too many", {}, {"gpuCount": 9})
    numbers: dict[str, int] = {"min": 2, "max": 5, "idleTimeout": 30, "maxConcurrency": 4, "requestTimeout": 60}
    for key, number in numbers.items():
        yield ENDPOINT.edit(f"of {key}", {}, {"workers": {**WORKERS, key: number}}, update)
    yield ENDPOINT.edit("to none", {}, {"workers": {**WORKERS, "min": 0}}, update)
    yield ENDPOINT.edit("from none", {"workers": {**WORKERS, "min": 0}}, {"workers": WORKERS}, update)
    yield ENDPOINT.refused("more than max", {}, {"workers": {**WORKERS, "min": 9}})
    yield ENDPOINT.refused("remove", {}, {"workers": None})
    yield from ENDPOINT.two("minCudaVersion", "12.4", "12.6", update)
    yield ENDPOINT.refused("to an unknown one", {}, {"minCudaVersion": "99.9"})
    yield from ENDPOINT.required("ports", ["80/http"], ["8000/http"], update)
    yield ENDPOINT.edit("of the type", {}, {"scaling": {"type": "concurrency", "value": 10}}, update)
    yield from ENDPOINT.required("scaling", {"type": "queue", "value": 10}, {"type": "queue", "value": 20}, update)
    yield from ENDPOINT.required("image", "nginx:1.27", "nginx:1.28", update)
    yield from ENDPOINT.three("registryAuth", "a", "b", update, around=AUTHS)
    yield from ENDPOINT.three("command", "serve one", "serve two", update)
    yield from ENDPOINT.two("rootDiskGb", 120, 150, *ENDPOINT.create)
    yield ENDPOINT.edit("shrink", {"rootDiskGb": 150}, {"rootDiskGb": 120}, *ENDPOINT.create)
    yield from _mounts()
    yield from ENDPOINT.two("cluster", PLACE, OTHER_PLACE, update)
    yield from ENDPOINT.three("env", {"A": "1", "B": "2"}, {"A": "3"}, update)
    yield ENDPOINT.edit(
        "of a secret",
        {"env": {"A": {"fromEnv": "OLD"}}},
        {"env": {"A": {"fromEnv": "NEW"}}},
        update,
        shows={"env": {"A": "new-secret"}},
    )
    yield from ENDPOINT.required("healthPath", "/", "/health", update)
    several = {"image": "nginx:1.28", "env": {"A": "1"}, "ports": ["8000/http"], "healthPath": "/health"}
    yield ENDPOINT.edit("one update", {}, several, update)
    yield ENDPOINT.edit("replaced", {}, {**several, "appName": "chat"}, *ENDPOINT.create)


def _mounts() -> Iterator[Edit]:
    update = "endpoints.update"
    first, second = ([{"storage": name, "mountPath": "/d"}] for name in ("data", "more"))
    here: dict[str, Any] = {"cluster": PLACE}
    mounts = [{**here, "networkStorages": mounts} for mounts in (first, second)]
    for title, before, after in (
        ("add", here, mounts[0]),
        ("change", mounts[0], mounts[1]),
        ("remove", mounts[1], here),
    ):
        yield ENDPOINT.edit(title, before, after, update, around=STORAGES)
    yield ENDPOINT.edit(
        "into its cluster", {}, {"networkStorages": first}, update,
        shows={"networkStorages": first, **here}, around=STORAGES,
    )  # fmt: skip
    disks = [{"sizeGb": size, "mountPath": "/scratch"} for size in (30, 50)]
    yield from ENDPOINT.three("localStorage", disks[0], disks[1], update)
    both = {**mounts[0], "localStorage": disks[0]}
    yield ENDPOINT.edit("one update", here, both, update, around=STORAGES)


def _workers(_: World, item: Any) -> dict[str, int]:
    return {
        "min": item.workers_min,
        "max": item.workers_max,
        "idleTimeout": item.free_timeout,
        "maxConcurrency": item.concurrency,
        "requestTimeout": item.request_timeout,
    }


def _disk(_: World, item: Any) -> dict[str, Any]:
    local = [mount for mount in item.mounts if mount["type"] == "local"]
    return {"sizeGb": local[0]["size"], "mountPath": local[0]["mountPath"]} if local else {}


def _specs(fleet: Fleet) -> dict[str, dict[str, Any]]:
    auths, mounted, specs = fleet.names["registry_auth"], fleet.names["network_storage"], {}
    for name in fleet.choose("endpoint", "a"):
        spec: dict[str, Any] = {
            "product": {"gpu": "RTX 4090"},
            "image": fleet.draw(st.sampled_from(IMAGES)),
            "ports": ["80/http"],
            "healthPath": "/",
            "workers": {"min": 0, "max": 2, "idleTimeout": 60, "maxConcurrency": 1, "requestTimeout": 60},
            "scaling": {"type": "queue", "value": fleet.draw(st.sampled_from([1, 5]))},
        }
        fleet.set_some(spec, env=[{"A": "1"}, {"A": "2"}], **({"registryAuth": auths} if auths else {}))
        if mounted and fleet.flag():
            spec["networkStorages"] = [{"storage": mounted[0], "mountPath": "/d"}]
            spec["cluster"] = fleet.place
        specs[name] = spec
    return specs


def _create(name: str, spec: Mapping[str, Any], apart: bool) -> tuple[str, dict[str, Any]]:
    del apart
    body = {
        "name": name,
        "rootfsSize": 100,
        "workerConfig": {"minNum": 0, "maxNum": 2, "freeTimeout": 60, "maxConcurrent": 1, "gpuNum": 1},
        "ports": [{"port": 80}],
        "policy": {"type": "queue", "value": 1},
        "image": {"image": spec.get("image", "ubuntu:22.04")},
        "products": [{"id": "SL-serverless-1"}],
        "volumeMounts": [],
        "healthy": {"path": "/"},
    }
    return "endpoints.create", {"endpoint": body}


GIVEN = {
    "name": "api",
    "appName": "api-of-tests",
    "workerConfig": {
        "minNum": 1,
        "maxNum": 3,
        "freeTimeout": 60,
        "maxConcurrent": 4,
        "gpuNum": 1,
        "requestTimeout": 600,
        "cudaVersion": "12.4",
    },
    "ports": [{"port": "8000"}],
    "policy": {"type": "queue", "value": 30},
    "image": {"image": "docker.io/team/serve:1", "authId": "", "command": "serve"},
    "products": [{"id": "SL-serverless-1"}],
    "rootfsSize": 100,
    "volumeMounts": [{"type": "local", "size": 30, "mountPath": "/cache"}],
    "envs": [{"key": "MODE", "value": "fast"}],
    "healthy": {"path": "/health"},
}
FACTS = KindFacts(
    kind="Endpoint",
    example_edit={"scaling": {"type": "queue", "value": 33}},
    slow=("create", "delete", "replace: create", "replace: delete"),
    table="endpoints",
    edits=tuple(_edits()),
    sights={
        "name": attribute("name"),
        "appName": attribute("app_name"),
        "product": attribute("product"),
        "gpuCount": attribute("gpus"),
        "workers": _workers,
        "minCudaVersion": attribute("cuda"),
        "ports": lambda _, item: [f"{item.port}/http"],
        "scaling": lambda _, item: {"type": item.policy, "value": item.policy_value},
        "image": attribute("image"),
        "registryAuth": auth,
        "command": attribute("command"),
        "rootDiskGb": attribute("rootfs"),
        "networkStorages": storages("mountPath"),
        "localStorage": _disk,
        "cluster": attribute("cluster"),
        "env": env,
        "healthPath": attribute("health"),
    },
    by_hand={
        "gpuCount": ("gpus", to(3)),
        "minCudaVersion": ("cuda", to("11.8")),
        "command": ("command", to("by hand")),
        "env": ("envs", more_env),
        "localStorage": ("mounts", to([{"type": "local", "id": "", "size": 40, "mountPath": "/by-hand"}])),
    },
    outsiders=OutsiderCalls(create=_create, delete=deletes("endpoints.delete", "name")),
    fleet=FleetPart(order=6, specs=_specs),
    given={"endpoint": ("/endpoint/create", {"endpoint": GIVEN}, 100, "endpoints")},
    chosen="appName",
    disk="rootDiskGb",
)
