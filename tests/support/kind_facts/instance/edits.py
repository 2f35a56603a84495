"""Every edit of an instance: of each field by itself, of several at once, and of a machine that is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from edits import Edit, Resource, Subject

from kind_facts.common import AUTHS, NETWORKS, OTHER_PLACE, PLACE, STORAGES

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


def edits() -> Iterator[Edit]:
    """Every edit of an instance."""
    yield from _identity()
    yield from _container()
    yield from _machine()
    yield from _mounts()
    yield from _billing()
    yield from _migration_and_power()
    yield from _templates()
    yield from _data()
    yield from _stopped()
    yield from _several()
    yield from _cpu()


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


def _templates() -> Iterator[Edit]:
    one: Resource = ("Template", "one", {"image": "debian:11", "rootDiskGb": 60, "command": "sleep 1"})
    full = {
        "image": "debian:12",
        "rootDiskGb": 80,
        "command": "sleep 2",
        "entrypoint": "/init",
        "ports": ["80/http"],
        "env": {"A": "1", "B": "2"},
        "registryAuth": "a",
    }
    two: Resource = ("Template", "two", full)
    around = (*AUTHS, one, two)
    bare = {"image": None}
    uses = {**bare, "template": "one"}
    over = {**uses, "image": "ubuntu:24.04"}
    yield GPU.edit("add over a template", uses, over, UPGRADE, around=(one,))
    given = {"image": "debian:11"}
    yield GPU.edit("remove over a template", over, uses, UPGRADE, shows=given, around=(one,))
    plain = {"image": "debian:11", "command": "sleep 1"}
    field = ("template",)
    yield GPU.edit("add", {}, {**bare, "template": "one"}, UPGRADE, shows=plain, fields=field, around=around)
    to_two = {**bare, "template": "one"}, {**bare, "template": "two"}
    yield GPU.edit("change", *to_two, UPGRADE, EDIT, shows=full, fields=field, around=around)
    gone = {name: GPU.without.get(name, "ubuntu:22.04") for name in full if name != "rootDiskGb"}
    yield GPU.edit("remove", {**bare, "template": "two"}, {}, UPGRADE, EDIT, shows=gone, fields=field, around=around)
    own = {"env": {"A": "mine"}, "command": "sleep 9"}
    yield GPU.edit(
        "under fields of its own",
        own,
        {**own, **bare, "template": "two"},
        UPGRADE,
        EDIT,
        shows={**full, "command": "sleep 9", "env": {"A": "mine", "B": "2"}},
        fields=field,
        around=around,
    )
    cuda: Resource = ("Template", "cuda", {**one[2], "minCudaVersion": "12.4"})
    shown = {**plain, "minCudaVersion": "12.4"}
    yield GPU.edit("add a CUDA", {}, {**bare, "template": "cuda"}, *NEW, shows=shown, fields=field, around=(cuda,))
    offered = {**bare, "template": {"id": "102"}}
    of_offered: dict[str, Any] = {
        "image": "vllm/vllm-openai:v0.8.5",
        "command": "--model Qwen/Qwen2.5-7B-Instruct",
        "ports": ["8000/http"],
        "rootDiskGb": 100,
    }
    yield GPU.edit("add by id", {}, offered, UPGRADE, EDIT, shows=of_offered, fields=field)
    newer: Resource = ("Template", "one", {**one[2], "image": "debian:12"})
    yield GPU.edit(
        "of the template itself",
        uses,
        uses,
        "templates.update",
        UPGRADE,
        shows={"image": "debian:12"},
        fields=field,
        around=(one,),
        instead=(newer,),
    )
    yield GPU.refused("unknown", {}, {"template": "nobody"})


def _data() -> Iterator[Edit]:
    """`keepData` is about how an upgrade is made, so it is seen only together with one."""
    newer = {"image": "ubuntu:24.04"}
    lost, kept = ({**newer, "keepData": keep} for keep in (False, True))
    for title, before, after in (
        ("add false", {}, lost),
        ("add true", {}, kept),
        ("change to false", {"keepData": True}, lost),
        ("change to true", {"keepData": False}, kept),
        ("remove", {"keepData": False}, newer),
    ):
        shows = {**newer, "keepData": after.get("keepData", True)}
        yield GPU.edit(title, before, after, UPGRADE, shows=shows, fields=("keepData",))
    yield GPU.edit(
        "false without an upgrade",
        {"keepData": False},
        {"keepData": False, "ports": ["80/http"]},
        EDIT,
        shows={"ports": ["80/http"]},
        fields=("keepData",),
    )


def _stopped() -> Iterator[Edit]:
    newer, ports = {"image": "ubuntu:24.04"}, {"ports": ["80/http"]}
    yield GPU.edit("when stopped", STOPPED, {**STOPPED, **newer}, START, UPGRADE, STOP)
    yield GPU.edit("when stopped", {**STOPPED, "env": {"A": "1"}}, STOPPED, START, UPGRADE, STOP)
    lost = {**STOPPED, **newer, "keepData": False}
    yield GPU.edit("when stopped", STOPPED, lost, START, UPGRADE, STOP)
    yield GPU.edit("when stopped", STOPPED, {**STOPPED, **ports}, EDIT)
    yield GPU.edit("when stopped", STOPPED, {**STOPPED, "rootDiskGb": 80}, EDIT)
    yield GPU.edit("when stopped", STOPPED, {**STOPPED, **newer, **ports}, START, UPGRADE, EDIT, STOP)
    yield GPU.edit("when stopped", STOPPED, {**STOPPED, **MONTH}, "instances.convert")
    longer = {**STOPPED, **MONTH, "months": 2}
    yield GPU.edit("when stopped", {**STOPPED, **MONTH}, longer, "instances.renew")
    renews = {"autoRenew": {"enabled": True, "months": 2}}
    yield GPU.edit("when stopped", {**STOPPED, **MONTH}, {**STOPPED, **MONTH, **renews}, RENEWAL)
    migrates = {"autoMigrate": {"enabled": True, "systemDisk": True}}
    yield GPU.edit("when stopped", STOPPED, {**STOPPED, **migrates}, MIGRATE)
    yield GPU.edit("when stopped", STOPPED, {**STOPPED, "name": "other"}, *NEW, STOP)
    yield GPU.edit("and started", STOPPED, newer, START, UPGRADE)
    yield GPU.edit("and stopped", {}, {**newer, **STOPPED}, UPGRADE, STOP)
    yield GPU.edit("and started", STOPPED, ports, START, EDIT)
    yield GPU.edit("and stopped", {}, {**ports, **STOPPED}, EDIT, STOP)


def _several() -> Iterator[Edit]:
    newer, ports = {"image": "ubuntu:24.04"}, {"ports": ["80/http"]}
    disk, migrates = {"rootDiskGb": 80}, {"autoMigrate": {"enabled": True, "systemDisk": True}}
    upgrade = {**newer, "env": {"A": "1"}, "command": "sleep 1", "entrypoint": "/init", "registryAuth": "a"}
    yield GPU.edit("one upgrade", {}, upgrade, UPGRADE, around=AUTHS)
    yield GPU.edit("one edit", {}, {**ports, **disk}, EDIT)
    yield GPU.edit("two calls", {}, {**newer, **disk}, UPGRADE, EDIT)
    every = {**newer, **ports, **migrates, **STOPPED}
    yield GPU.edit("four calls", {}, every, UPGRADE, EDIT, MIGRATE, STOP)
    renews = {"autoRenew": {"enabled": True, "months": 2}}
    yield GPU.edit("converted", {}, {**MONTH, **renews}, "instances.convert", RENEWAL)
    yield GPU.edit("renewed", MONTH, {**MONTH, "months": 2, **renews}, "instances.renew", RENEWAL)
    yield GPU.edit("replaced", {}, {"name": "other", **newer, **ports}, *NEW)
    yield GPU.edit("replaced", {}, {"name": "other", **migrates, **STOPPED}, *NEW, MIGRATE, STOP)
    yield GPU.edit("spot to monthly", {"billingMode": "spot"}, {**MONTH, **renews, **ports}, *NEW)
    yield GPU.refused("all or nothing", {**MONTH, "months": 2}, {**MONTH, **ports})


def _cpu() -> Iterator[Edit]:
    yield CPU.edit("of a CPU", {}, {"image": "ubuntu:24.04", "env": {"A": "1"}}, UPGRADE)
    yield CPU.edit("of a CPU", {}, {"ports": ["80/http"]}, EDIT)
    yield CPU.edit("of a CPU", {}, STOPPED, STOP)
    yield CPU.edit("of a CPU", {}, {"autoMigrate": {"enabled": True, "systemDisk": False}}, MIGRATE)
    larger = {"product": {"cpu": "CPU 4C 8GB"}}
    yield CPU.edit("of a CPU", {}, larger, *NEW, shows={"product": "cpu.4c8g", "rootDiskGb": 40})
    refused: list[dict[str, Any]] = [
        {"rootDiskGb": 80},
        {"gpuCount": 2},
        {"minCudaVersion": "12.4"},
        {"billingMode": "spot"},
        {"months": 1},
        {"autoRenew": {"enabled": True}},
    ]
    for fields in refused:
        yield CPU.refused("of a CPU", {}, fields)
