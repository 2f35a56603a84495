"""Saved images: jobs on running machines. They end by themselves, and are only forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edits import Edit, Fate, Resource, Subject
from hypothesis import strategies as st

from kind_facts.common import AUTHS, MACHINE, attribute, auth, deletes, named
from kind_facts.facts import Fleet, FleetPart, KindFacts, OutsiderCalls
from novita_infra.simulator import World

MACHINES: tuple[Resource, ...] = tuple(("Instance", name, MACHINE) for name in ("trainer", "other"))
SAVED = Subject(
    kind="saved_image",
    base={"instance": "trainer", "image": "docker.io/team/model:1"},
    create=("jobs.save_image",),
    without={"registryAuth": ""},
    around=MACHINES,
)


def _edits() -> Iterator[Edit]:
    """Another image is another job. What only a job needs while it runs changes nothing afterwards."""
    yield from SAVED.required("image", "docker.io/team/model:1", "docker.io/team/model:2", *SAVED.create)
    yield SAVED.refused("without a tag", {}, {"image": "docker.io/team/model"})
    yield SAVED.edit("change", {}, {"instance": "other"}, fate=Fate.FOUND)
    yield SAVED.refused("remove", {}, {"instance": None})
    around = (*MACHINES, *AUTHS)
    yield SAVED.edit("add", {}, {"registryAuth": "a"}, fate=Fate.FOUND, around=around)
    yield SAVED.edit("change", {"registryAuth": "a"}, {"registryAuth": "b"}, fate=Fate.FOUND, around=around)
    yield SAVED.edit("remove", {"registryAuth": "a"}, {"registryAuth": None}, fate=Fate.FOUND, around=around)
    changes = {"instance": "other", "image": "docker.io/team/model:2", "registryAuth": "a"}
    yield SAVED.edit("replaced", {}, changes, *SAVED.create, around=around)


def _specs(fleet: Fleet) -> dict[str, dict[str, Any]]:
    machines, auths = fleet.running, fleet.names["registry_auth"]
    specs = {}
    for name in fleet.choose("saved_image", "a") if machines else ():
        spec: dict[str, Any] = {"instance": fleet.draw(st.sampled_from(machines)), "image": "docker.io/team/model:1"}
        fleet.set_some(spec, **({"registryAuth": auths} if auths else {}))
        specs[name] = spec
    return specs


def _create(name: str, spec: Mapping[str, Any], apart: bool) -> tuple[str, dict[str, Any]]:
    """Others save machines of their own, of which there are none."""
    del apart
    return "jobs.save_image", {"instanceId": f"theirs-{name}", "image": spec.get("image", "docker.io/theirs:1")}


def _instance(world: World, item: Any) -> str:
    return named(world.instances, item.instance)


FACTS = KindFacts(
    kind="SavedImage",
    example_edit={"image": "registry.example.com/team/model:2"},
    slow=("create", "replace: create"),
    table="jobs",
    edits=tuple(_edits()),
    completes=True,
    needed_once=("instance", "registryAuth"),
    sights={"instance": _instance, "image": attribute("image"), "registryAuth": auth},
    outsiders=OutsiderCalls(create=_create, delete=deletes("jobs.break", "jobId"), marked=False),
    fleet=FleetPart(order=6, specs=_specs),
    given={
        "saving": ("/job/save/image", {"instanceId": "$instance", "image": "docker.io/team/model:1"}, 60, "jobs"),
        "saves": ("/job/save/image", {"instanceId": "$instance", "image": "docker.io/team/model:1"}, 0, "jobs"),
    },
    operations={"create": "save_image", "delete": "break"},
)
