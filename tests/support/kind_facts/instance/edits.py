"""Every edit of an instance: of single fields (`fields`), of a template, of several at once, of one that is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edits import Edit, Resource

from kind_facts.common import AUTHS
from kind_facts.instance.fields import (
    CPU,
    EDIT,
    GPU,
    MIGRATE,
    MONTH,
    NEW,
    RENEWAL,
    START,
    STOP,
    STOPPED,
    UPGRADE,
    edits_of_single_fields,
)


def edits() -> Iterator[Edit]:
    """Every edit of an instance."""
    yield from edits_of_single_fields()
    yield from _templates()
    yield from _data()
    yield from _times()
    yield from _stopped()
    yield from _several()
    yield from _cpu()


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


def _times() -> Iterator[Edit]:
    """`schedule` shows in `power`; `ttl` and `idle` show later, so they are edited together with the ports."""
    always, never = ({"schedule": {"running": f"{when} UTC"}} for when in ("daily 00:00-24:00", "sun 03:00-03:01"))
    stopped, running, field = {"power": "stopped"}, {"power": "running"}, ("schedule",)
    yield GPU.edit("add", {}, never, STOP, shows=stopped, fields=field)
    yield GPU.edit("change", never, always, START, shows=running, fields=field)
    yield GPU.edit("change back", always, never, STOP, shows=stopped, fields=field)
    yield GPU.edit("remove", never, {}, START, shows=running, fields=field)
    ports = {"ports": ["80/http"]}
    hours: dict[str, Any] = {"ttl": "3h", "idle": {"after": "2h", "do": "stop"}}
    days: dict[str, Any] = {"ttl": {"after": "3d", "hard": True}, "idle": {"after": "1d", "do": "stop"}}
    for name in ("ttl", "idle"):
        before, after = {name: hours[name]}, {name: days[name]}
        yield GPU.edit("add", {}, {**after, **ports}, EDIT, shows=ports, fields=(name,))
        yield GPU.edit("change", before, {**after, **ports}, EDIT, shows=ports, fields=(name,))
        yield GPU.edit("remove", before, ports, EDIT, shows=ports, fields=(name,))
    yield GPU.refused("with power", always, {**always, "power": "running"})
    yield GPU.refused("with a schedule", always, {**always, "idle": hours["idle"]})


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
