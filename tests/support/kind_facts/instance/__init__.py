"""Instances: how random fleets declare them, and what others do to them.

`fields` has each field by itself, `edits` those of several together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from kind_facts.common import ELSEWHERE, IMAGES, deletes
from kind_facts.facts import Fleet, FleetPart, KindFacts, OutsiderCalls
from kind_facts.instance.edits import edits
from kind_facts.instance.fields import BY_HAND, SIGHTS


def _specs(fleet: Fleet) -> dict[str, dict[str, Any]]:
    specs: dict[str, dict[str, Any]] = {}
    for name in fleet.choose("instance", "abc"):
        specs[name] = _spec(fleet, list(specs))
    fleet.running = [name for name, spec in specs.items() if spec.get("power") != "stopped"]
    return specs


def _spec(fleet: Fleet, earlier: list[str]) -> dict[str, Any]:
    """`earlier` are the names of the machines that it may refer to."""
    products = [
        {"gpu": "RTX 4090"},
        {"gpu": "L40S"},
        {"anyOf": [{"gpu": "H100"}, {"gpu": "RTX 4090"}]},
        {"minGpuMemoryGb": 40, "maxPricePerHour": 0.6, "choose": "cheapest"},
    ]
    spec: dict[str, Any] = {"product": fleet.draw(st.sampled_from(products))}
    auths, networks, mounted = (fleet.names[kind_type] for kind_type in ("registry_auth", "vpc", "network_storage"))
    if fleet.names["template"] and fleet.flag():
        spec["template"] = fleet.names["template"][0]
    else:
        spec["image"] = fleet.draw(st.sampled_from(IMAGES))
    fleet.set_some(
        spec,
        command=["sleep 1", "sleep 2"],
        ports=[["80/http"], ["80/http", "22/tcp"]],
        rootDiskGb=[60, 80],
        power=["running", "stopped"],
        env=[{"A": "1"}, {"A": "2", "B": "3"}, *({"A": f"${{instance.{name}.id}}"} for name in earlier)],
        autoMigrate=[{"enabled": True}, {"enabled": False}],
        **({"registryAuth": auths} if auths else {}),
        **({"vpc": networks} if networks else {}),
        **({"networkStorages": [[{"storage": name, "mountPath": "/d"}] for name in mounted]} if mounted else {}),
    )
    return spec


def _create(name: str, spec: Mapping[str, Any], apart: bool) -> tuple[str, dict[str, Any]]:
    cluster = ELSEWHERE if apart else spec.get("cluster", ELSEWHERE)
    image, disk = spec.get("image", "ubuntu:22.04"), spec.get("rootDiskGb", 60)
    body = {"name": name, "kind": "gpu", "productId": "L40S.16c96g", "gpuNum": 1, "rootfsSize": disk}
    return "instances.create", {**body, "imageUrl": image, "clusterId": cluster}


def _edit(id: str, pick: int) -> tuple[str, dict[str, Any]]:
    match pick % 3:
        case 0:
            return "instances.edit", {"instanceId": id, "ports": [{"port": 9999, "type": "tcp"}]}
        case 1:
            return "instances.stop", {"instanceId": id}
        case _:
            return "instances.start", {"instanceId": id}


GIVEN = {
    "name": "worker",
    "productId": "4090.16c62g",
    "gpuNum": 1,
    "rootfsSize": 60,
    "imageUrl": "docker.io/team/train:1",
    "ports": "8888/http",
    "envs": [{"key": "MODE", "value": "fast"}],
    "command": "run",
    "entrypoint": "",
    "clusterId": "us-ca-nas-2",
    "kind": "gpu",
    "billingMode": "onDemand",
}
MOUNTS = {
    "networkStorages": [{"Id": "$storage", "mountPoint": "/data"}],
    "networkId": "$network",
    "imageAuthId": "$auth",
}
_MAKE = "/gpu/instance/create"
FACTS = KindFacts(
    kind="Instance",
    example_edit={"ports": ["9000/http", "9001/tcp"]},
    slow=("create", "start", "upgrade", "stop", "delete", "replace: create", "replace: delete"),
    table="instances",
    edits=tuple(edits()),
    sights=SIGHTS,
    by_hand=BY_HAND,
    outsiders=OutsiderCalls(create=_create, delete=deletes("instances.delete", "instanceId"), edit=_edit),
    fleet=FleetPart(order=5, specs=_specs, wished={"a": "trainer"}),
    given={
        "instance": (_MAKE, GIVEN, 200, "instances"),
        "stopped": (_MAKE, GIVEN, 200, "instances"),
        "mounted": (_MAKE, GIVEN | MOUNTS, 200, "instances"),
        "monthly": (_MAKE, GIVEN | {"billingMode": "monthly", "month": 1}, 200, "instances"),
    },
    afterwards={"stopped": [("/gpu/instance/stop", {"instanceId": "$stopped"})]},
    operations={"setAutoRenew": "set_auto_renew", "setAutoMigrate": "set_auto_migrate"},
    chosen="cluster",
    disk="rootDiskGb",
)
