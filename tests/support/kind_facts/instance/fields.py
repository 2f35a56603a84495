"""Each field of an instance by itself: where it shows in the world, what it is when undeclared, and its edits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from edits import Edit, Subject

from kind_facts.common import (
    AUTHS,
    NETWORKS,
    OTHER_PLACE,
    PLACE,
    STORAGES,
    attribute,
    auth,
    env,
    more_env,
    named,
    storages,
    to,
)
from kind_facts.facts import Hand, Sight
from novita_infra.simulator import World

MONTH_SECONDS = 30 * 86_400


def _ports(_: World, item: Any) -> list[str]:
    return sorted(f"{port['port']}/{port['type']}" for port in item.ports)


def _months(world: World, item: Any) -> int:
    """Those that were paid for, which are those until its end."""
    paid = sum(payment.months for payment in world.payments if payment.owner == item.id)
    assert paid == (round((item.ends - item.created) / MONTH_SECONDS) if item.billing == "monthly" else 0)
    return paid


def _tools(_: World, item: Any) -> list[dict[str, Any]]:
    return [{"name": tool["name"], "port": int(tool["port"]), "type": tool["type"]} for tool in item.tools]


def _renewal(_: World, item: Any) -> dict[str, Any]:
    return {"enabled": True, "months": item.renews} if item.renews else {"enabled": False}


def _migration(_: World, item: Any) -> dict[str, Any]:
    return {"enabled": True, "systemDisk": item.migrates_disk} if item.migrates else {"enabled": False}


SIGHTS: Final[Mapping[str, Sight]] = {
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
}
BY_HAND: Final[Mapping[str, tuple[str, Hand]]] = {
    "command": ("command", to("by hand")),
    "entrypoint": ("entrypoint", to("/by-hand")),
    "env": ("envs", more_env),
    "ports": ("ports", to([{"port": 9000, "type": "http"}])),
    "rootDiskGb": ("rootfs", to(70)),
}
GPU = Subject(
    kind="instance",
    base={"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"},
    create=("instances.delete", "instances.create"),
    without={
        "name": "it",
        "gpuCount": 1,
        "registryAuth": "",
        "command": "",
        "entrypoint": "",
        "env": {},
        "ports": [],
        "tools": [],
        "networkStorages": [],
        "vpc": "",
        "billingMode": "onDemand",
        "autoRenew": {"enabled": False},
        "autoMigrate": {"enabled": False},
        "power": "running",
    },
)
CPU = Subject(
    kind="instance",
    base={"product": {"cpu": "CPU 2C 4GB"}, "image": "ubuntu:22.04"},
    create=GPU.create,
    without=GPU.without,
)
NEW = GPU.create
UPGRADE = "instances.upgrade"
EDIT = "instances.edit"
START = "instances.start"
STOP = "instances.stop"
MIGRATE = "instances.set_auto_migrate"
RENEWAL = "instances.set_auto_renew"
STOPPED = {"power": "stopped"}
MONTH = {"billingMode": "monthly", "months": 1}


def edits_of_single_fields() -> Iterator[Edit]:
    """The edits of each field by itself."""
    yield from _identity()
    yield from _container()
    yield from _machine()
    yield from _mounts()
    yield from _billing()
    yield from _migration_and_power()


def _identity() -> Iterator[Edit]:
    yield from GPU.three("name", "other", "another", *NEW)
    small, large = {"cpu": "CPU 2C 4GB"}, {"gpu": "L40S"}
    yield GPU.edit("add", {}, {"type": "cpu", "product": small}, *NEW, shows=_cpu_shows())
    by_id = {"type": "gpu", "product": {"id": "L40S.16c96g"}}
    cpu_by_id = {"type": "cpu", "product": {"id": "cpu.2c4g"}}
    yield GPU.edit("change", by_id, cpu_by_id, *NEW, shows=_cpu_shows())
    back = {"type": "gpu", "product": "L40S.16c96g", "rootDiskGb": 60}
    yield GPU.edit("change back", cpu_by_id, by_id, *NEW, shows=back)
    yield GPU.edit("remove", {"type": "cpu", "product": small}, {"product": large}, *NEW, shows=back)
    yield GPU.left("remove", {"type": "gpu"})
    yield GPU.refused("against the product", {}, {"type": "cpu"})
    product = {"product": large}
    yield GPU.edit("to another name", {}, product, *NEW, shows={"product": "L40S.16c96g"})
    yield GPU.edit("to an id", {}, {"product": {"id": "26"}}, *NEW, shows={"product": "26"})
    twin = {"product": {"id": "4090.16c96g.v2"}}
    yield GPU.edit("to another of its name", {}, twin, *NEW, shows={"product": "4090.16c96g.v2"})
    several = {"product": {"anyOf": [{"gpu": "L40S"}, {"gpu": "A6000"}]}}
    yield GPU.edit("to any of several", {}, several, *NEW, shows={"product": "L40S.16c96g"})
    yield GPU.edit("to a CPU", {}, {"product": small}, *NEW, shows=_cpu_shows())
    yield GPU.refused("to an unknown name", {}, {"product": {"gpu": "RTX 9999"}})
    yield GPU.refused("remove", product, {"product": None})
    yield from GPU.three("gpuCount", 2, 4, *NEW)
    yield GPU.refused("too many", {}, {"gpuCount": 9})
    yield from GPU.two("cluster", PLACE, OTHER_PLACE, *NEW)
    name = {"cluster": "US-CA-02 (California)"}
    yield GPU.edit("to a name", {"cluster": PLACE}, name, *NEW, shows={"cluster": OTHER_PLACE})
    yield GPU.refused("to an unknown name", {"cluster": PLACE}, {"cluster": "mars"})


def _cpu_shows() -> dict[str, Any]:
    return {"type": "cpu", "product": "cpu.2c4g", "rootDiskGb": 30}


def _container() -> Iterator[Edit]:
    yield from GPU.required("image", "ubuntu:22.04", "ubuntu:24.04", UPGRADE)
    yield from GPU.three("registryAuth", "a", "b", UPGRADE, around=AUTHS)
    ref = {"registryAuth": "${registry_auth.b.id}"}
    yield GPU.edit("to an expression", {"registryAuth": "a"}, ref, UPGRADE, shows={"registryAuth": "b"}, around=AUTHS)
    old, new = ({"username": "u", "password": {"fromEnv": name}} for name in ("OLD", "NEW"))
    yield GPU.edit("add", {}, {"registryLogin": old}, *NEW, shows={"registryLogin": "u:old-secret"})
    login = {"registryLogin": "u:new-secret"}
    yield GPU.edit("change", {"registryLogin": old}, {"registryLogin": new}, *NEW, shows=login)
    yield GPU.left("remove", {"registryLogin": old})
    saved = {"registryAuth": "a"}
    yield GPU.edit("to a saved one", {"registryLogin": old}, saved, UPGRADE, shows=saved, around=AUTHS)
    yield GPU.refused("two at once", {"registryLogin": old}, {**saved, "registryLogin": old}, around=AUTHS)
    for field in ("command", "entrypoint"):
        yield from GPU.three(field, "sleep 1", "sleep 2", UPGRADE)
    yield from GPU.three("env", {"A": "1", "B": "2"}, {"A": "3"}, UPGRADE)
    secret = {"env": {"A": {"fromEnv": "NEW"}}}
    shown = {"env": {"A": "new-secret"}}
    yield GPU.edit("to a secret", {"env": {"A": "1"}}, secret, UPGRADE, shows=shown)
    yield GPU.edit("of a secret", {"env": {"A": {"fromEnv": "OLD"}}}, secret, UPGRADE, shows=shown)
    yield GPU.edit("of a secret's name", {"env": {"B": {"fromEnv": "NEW"}}}, secret, UPGRADE, shows=shown)
    yield from GPU.three("ports", ["80/http"], ["22/tcp", "80/http"], EDIT)
    yield GPU.edit("to another type", {"ports": ["80/http"]}, {"ports": ["80/tcp"]}, EDIT)
    yield GPU.refused("to a reserved one", {"ports": ["80/http"]}, {"ports": ["2222/tcp"]})
    jupyter = [{"name": "Jupyter", "port": port, "type": "http"} for port in (8888, 8889)]
    yield from GPU.three("tools", jupyter[:1], jupyter[1:], *NEW)


def _machine() -> Iterator[Edit]:
    yield GPU.edit("add more", {}, {"rootDiskGb": 80}, EDIT)
    yield GPU.edit("add less", {}, {"rootDiskGb": 50}, *NEW)
    yield GPU.edit("grow", {"rootDiskGb": 80}, {"rootDiskGb": 100}, EDIT)
    yield GPU.edit("shrink", {"rootDiskGb": 100}, {"rootDiskGb": 80}, *NEW)
    yield GPU.left("remove", {"rootDiskGb": 80})
    yield from GPU.two("localStorage", {"mountPath": "/a"}, {"mountPath": "/b"}, *NEW)
    yield from GPU.two("minCudaVersion", "12.4", "12.6", *NEW)


def _mounts() -> Iterator[Edit]:
    here = {"cluster": PLACE}
    first, second = ([{"storage": name, "mountPath": "/d"}] for name in ("data", "more"))
    title = "networkStorages"
    for edit in GPU.three(title, first, second, UPGRADE, around=STORAGES):
        yield _in(edit, PLACE)
    moved = [{"storage": "data", "mountPath": "/e"}]
    yield GPU.edit("to another path", {**here, title: first}, {**here, title: moved}, UPGRADE, around=STORAGES)
    both = [*first, {"storage": "more", "mountPath": "/m"}]
    yield GPU.edit("to one more", {**here, title: first}, {**here, title: both}, UPGRADE, around=STORAGES)
    away, shown = {"cluster": OTHER_PLACE}, {"cluster": PLACE, title: first}
    fields = (title, "cluster")
    yield GPU.edit("from another cluster", away, {title: first}, *NEW, shows=shown, fields=fields, around=STORAGES)
    for edit in GPU.three("vpc", "net", "mesh", *NEW, around=NETWORKS):
        yield _in(edit, PLACE)


def _in(edit: Edit, cluster: str) -> Edit:
    return replace(edit, before={**edit.before, "cluster": cluster}, after={**edit.after, "cluster": cluster})


def _billing() -> Iterator[Edit]:
    convert, renew = "instances.convert", "instances.renew"
    hourly, spot = {"billingMode": "onDemand"}, {"billingMode": "spot"}
    yield GPU.edit("add monthly", {}, MONTH, convert)
    yield GPU.edit("add spot", {}, spot, *NEW)
    yield GPU.edit("onDemand to monthly", hourly, {**MONTH, "months": 3}, convert)
    yield GPU.edit("onDemand to spot", hourly, spot, *NEW)
    yield GPU.edit("spot to onDemand", spot, hourly, *NEW)
    yield GPU.edit("spot to monthly", spot, MONTH, *NEW)
    yield GPU.refused("monthly to onDemand", MONTH, hourly)
    yield GPU.refused("monthly to spot", MONTH, spot)
    yield GPU.refused("remove monthly", MONTH, {})
    yield GPU.edit("remove spot", spot, {}, *NEW)
    yield GPU.left("remove onDemand", hourly)
    poor = {"product": {"gpu": "RTX 6000 Ada"}}
    yield GPU.refused("to one that the product has not", poor, {**poor, **MONTH}, fields=("billingMode",))
    yield GPU.edit("grow", MONTH, {**MONTH, "months": 4}, renew)
    yield GPU.refused("shrink", {**MONTH, "months": 4}, MONTH)
    yield GPU.refused("add", {}, {"months": 1})
    yield GPU.refused("remove", MONTH, {"billingMode": "monthly"})
    renews = [{"autoRenew": {"enabled": True, "months": months}} for months in (1, 6)]
    yield GPU.edit("add", MONTH, {**MONTH, **renews[0]}, RENEWAL)
    yield GPU.edit("change", {**MONTH, **renews[0]}, {**MONTH, **renews[1]}, RENEWAL)
    off = {"autoRenew": {"enabled": False}}
    yield GPU.edit("off", {**MONTH, **renews[0]}, {**MONTH, **off}, RENEWAL)
    yield GPU.edit("remove", {**MONTH, **renews[1]}, MONTH, RENEWAL)
    yield GPU.refused("without a subscription", {}, renews[0])
    yield GPU.refused("of a monthly one", MONTH, {**MONTH, "name": "other"})
    yield GPU.refused("of a monthly one", MONTH, {**MONTH, "gpuCount": 2})


def _migration_and_power() -> Iterator[Edit]:
    with_disk, without = ({"enabled": True, "systemDisk": disk} for disk in (True, False))
    yield from GPU.three("autoMigrate", with_disk, without, MIGRATE)
    off = {"autoMigrate": {"enabled": False}}
    yield GPU.edit("off", {"autoMigrate": with_disk}, off, MIGRATE)
    running = {"power": "running"}
    yield GPU.edit("add", {}, STOPPED, STOP)
    yield GPU.edit("running to stopped", running, STOPPED, STOP)
    yield GPU.edit("stopped to running", STOPPED, running, START)
    yield GPU.edit("remove", STOPPED, {}, START)
