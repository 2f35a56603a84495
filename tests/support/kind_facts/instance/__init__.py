"""Instances: what they show, how random fleets declare them, what others do to them. Their edits are in `edits`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from kind_facts.common import ELSEWHERE, IMAGES, attribute, auth, deletes, env, more_env, named, storages, to
from kind_facts.facts import Fleet, FleetPart, KindFacts, OutsiderCalls
from kind_facts.instance.edits import edits
from novita_infra.simulator import World

MONTH = 30 * 86_400


def _ports(_: World, item: Any) -> list[str]:
    return sorted(f"{port['port']}/{port['type']}" for port in item.ports)


def _months(world: World, item: Any) -> int:
    """Those that were paid for, which are those until its end."""
    paid = sum(payment.months for payment in world.payments if payment.owner == item.id)
    assert paid == (round((item.ends - item.created) / MONTH) if item.billing == "monthly" else 0)
    return paid


def _tools(_: World, item: Any) -> list[dict[str, Any]]:
    return [{"name": tool["name"], "port": int(tool["port"]), "type": tool["type"]} for tool in item.tools]


def _renewal(_: World, item: Any) -> dict[str, Any]:
    return {"enabled": True, "months": item.renews} if item.renews else {"enabled": False}


def _migration(_: World, item: Any) -> dict[str, Any]:
    return {"enabled": True, "systemDisk": item.migrates_disk} if item.migrates else {"enabled": False}


def _specs(fleet: Fleet) -> dict[str, dict[str, Any]]:
    specs: dict[str, dict[str, Any]] = {}
    for name in fleet.choose("instance", "abc"):
        specs[name] = _spec(fleet, list(specs))
    return specs


def _spec(fleet: Fleet, earlier: list[str]) -> dict[str, Any]:
    """`earlier` are the names of the machines that it may refer to."""
    products = [{"gpu": "RTX 4090"}, {"gpu": "L40S"}, {"anyOf": [{"gpu": "H100"}, {"gpu": "RTX 4090"}]}]
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
    sights={
        "name": attribute("name"),
        "type": attribute("kind"),
        "product": attribute("product"),
        "gpuCount": attribute("gpus"),
        "cluster": attribute("cluster"),
        "image": attribute("image"),
        "registryAuth": auth,
        "registryLogin": attribute("login"),
        "command": attribute("command"),
        "entrypoint": attribute("entrypoint"),
        "env": env,
        "ports": _ports,
        "tools": _tools,
        "rootDiskGb": attribute("rootfs"),
        "localStorage": lambda _, item: {"mountPath": item.local} if item.local else {},
        "networkStorages": storages("path"),
        "vpc": lambda world, item: named(world.networks, item.network),
        "billingMode": attribute("billing"),
        "months": _months,
        "autoRenew": _renewal,
        "autoMigrate": _migration,
        "minCudaVersion": attribute("cuda"),
        "power": lambda _, item: {"running": "running", "exited": "stopped"}.get(item.status, item.status),
        # The first container still exists: nothing that it wrote is lost.
        "keepData": lambda _, item: item.container == 1,
    },
    by_hand={
        "command": ("command", to("by hand")),
        "entrypoint": ("entrypoint", to("/by-hand")),
        "env": ("envs", more_env),
        "ports": ("ports", to([{"port": 9000, "type": "http"}])),
        "rootDiskGb": ("rootfs", to(70)),
    },
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
