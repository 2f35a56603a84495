"""Templates: every field is edited in place, and the readme carries the owner mark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edits import Edit, Subject
from hypothesis import strategies as st

from kind_facts.common import AUTHS, IMAGES, attribute, auth, before_mark, deletes, env, more_env, text, to
from kind_facts.facts import Fleet, FleetPart, KindFacts, OutsiderCalls
from novita_infra.simulator import World

TEMPLATE = Subject(
    kind="template",
    base={"image": "ubuntu:22.04", "rootDiskGb": 60},
    create=("templates.delete", "templates.create"),
    without={
        "name": "it",
        "readme": "",
        "registryAuth": "",
        "command": "",
        "entrypoint": "",
        "ports": [],
        "env": {},
        "minCudaVersion": "",
    },
)


def _edits() -> Iterator[Edit]:
    update = "templates.update"
    yield from TEMPLATE.three("name", "other", "another", update)
    yield from TEMPLATE.required("image", "ubuntu:22.04", "ubuntu:24.04", update)
    yield from TEMPLATE.three("readme", "# One", "# Two", update)
    yield from TEMPLATE.three("registryAuth", "a", "b", update, around=AUTHS)
    yield from TEMPLATE.three("command", "sleep 1", "sleep 2", update)
    yield from TEMPLATE.three("entrypoint", "/one", "/two", update)
    yield from TEMPLATE.required("rootDiskGb", 60, 80, update)
    yield TEMPLATE.edit("shrink", {"rootDiskGb": 80}, {"rootDiskGb": 60}, update)
    yield from TEMPLATE.three("ports", ["80/http"], ["22/tcp", "80/http"], update)
    yield from TEMPLATE.three("env", {"A": "1", "B": "2"}, {"A": "3"}, update)
    yield TEMPLATE.edit(
        "of a secret",
        {"env": {"A": {"fromEnv": "OLD"}}},
        {"env": {"A": {"fromEnv": "NEW"}}},
        update,
        shows={"env": {"A": "new-secret"}},
    )
    yield from TEMPLATE.three("minCudaVersion", "12.4", "12.6", update)
    several = {"image": "ubuntu:24.04", "readme": "# One", "ports": ["80/http"], "env": {"A": "1"}}
    yield TEMPLATE.edit("one update", {}, several, update)


def _ports(_: World, item: Any) -> list[str]:
    return sorted(f"{number}/{group['type']}" for group in item.ports for number in group["ports"])


def _specs(fleet: Fleet) -> dict[str, dict[str, Any]]:
    specs = {}
    for name in fleet.choose("template", "a"):
        spec: dict[str, Any] = {"image": fleet.draw(st.sampled_from(IMAGES)), "rootDiskGb": 60}
        auths = fleet.names["registry_auth"]
        fleet.set_some(spec, registryAuth=auths or ["none"], command=["sleep 1", "sleep 2"])
        if spec.get("registryAuth") == "none":
            del spec["registryAuth"]
        specs[name] = spec
    return specs


def _create(name: str, spec: Mapping[str, Any], apart: bool) -> tuple[str, dict[str, Any]]:
    del apart
    image, disk = spec.get("image", "ubuntu:22.04"), spec.get("rootDiskGb", 60)
    body = {"name": name, "type": "instance", "channel": "private", "image": image, "rootfsSize": disk}
    return "templates.create", {"template": body}


GIVEN = {
    "name": "notebook",
    "type": "instance",
    "channel": "private",
    "image": "docker.io/team/lab:1",
    "rootfsSize": 40,
    "readme": "for tests",
    "startCommand": "lab",
    "ports": [{"type": "http", "ports": [8888]}],
    "envs": [{"key": "MODE", "value": "lab"}],
    "minCudaVersion": "12.4",
}
FACTS = KindFacts(
    kind="Template",
    example_edit={"readme": "edited"},
    table="templates",
    edits=tuple(_edits()),
    sights={
        "name": attribute("name"),
        "image": attribute("image"),
        "readme": text("readme"),
        "registryAuth": auth,
        "command": attribute("command"),
        "entrypoint": attribute("entrypoint"),
        "rootDiskGb": attribute("rootfs"),
        "ports": _ports,
        "env": env,
        "minCudaVersion": attribute("cuda"),
    },
    by_hand={
        "readme": ("readme", before_mark),
        "command": ("command", to("by hand")),
        "entrypoint": ("entrypoint", to("/by-hand")),
        "ports": ("ports", to([{"type": "http", "ports": [9000]}])),
        "env": ("envs", more_env),
        "minCudaVersion": ("cuda", to("11.8")),
    },
    outsiders=OutsiderCalls(create=_create, delete=deletes("templates.delete", "templateId")),
    fleet=FleetPart(order=3, specs=_specs, wished={"a": "base"}),
    given={"template": ("/template/create", {"template": GIVEN}, 0, "templates")},
    has_status=False,
)
