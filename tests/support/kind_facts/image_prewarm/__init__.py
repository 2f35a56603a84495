"""Prewarms of images: only their note is edited, and it carries the owner mark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edits import Edit, Subject
from hypothesis import strategies as st

from kind_facts.common import (
    AUTHS,
    ELSEWHERE,
    IMAGES,
    OTHER_PLACE,
    PLACE,
    attribute,
    auth,
    before_mark,
    deletes,
    text,
)
from kind_facts.facts import Fleet, FleetPart, KindFacts, OutsiderCalls

PREWARM = Subject(
    kind="image_prewarm",
    base={"image": "ubuntu:22.04", "cluster": PLACE},
    create=("prewarms.delete", "prewarms.create"),
    without={"registryAuth": "", "products": [], "note": ""},
)


def _edits() -> Iterator[Edit]:
    yield from PREWARM.required("image", "ubuntu:22.04", "ubuntu:24.04", *PREWARM.create)
    yield from PREWARM.required("cluster", PLACE, OTHER_PLACE, *PREWARM.create)
    yield from PREWARM.three("registryAuth", "a", "b", *PREWARM.create, around=AUTHS)
    yield from PREWARM.three("products", ["26"], ["L40S.16c96g"], *PREWARM.create)
    by_name = {"products": ["L40S"]}
    yield PREWARM.edit("to a name", {"products": ["26"]}, by_name, *PREWARM.create, shows={"products": ["L40S.16c96g"]})
    yield PREWARM.refused("to an unknown name", {}, {"products": ["RTX 9999"]})
    yield from PREWARM.three("note", "one", "two", "prewarms.edit")
    yield PREWARM.edit("replaced", {}, {"note": "one", "image": "ubuntu:24.04"}, *PREWARM.create)


def _specs(fleet: Fleet) -> dict[str, dict[str, Any]]:
    auths, specs = fleet.names["registry_auth"], {}
    for name in fleet.choose("image_prewarm", "a"):
        spec: dict[str, Any] = {"cluster": fleet.place, "image": fleet.draw(st.sampled_from(IMAGES))}
        fleet.set_some(spec, note=["n", "m"], **({"registryAuth": auths} if auths else {}))
        specs[name] = spec
    return specs


def _create(name: str, spec: Mapping[str, Any], apart: bool) -> tuple[str, dict[str, Any]]:
    del name
    cluster = ELSEWHERE if apart else spec.get("cluster", ELSEWHERE)
    body = {"imageUrl": spec.get("image", "ubuntu:22.04"), "clusterId": cluster, "note": spec.get("note", "")}
    return "prewarms.create", body


FACTS = KindFacts(
    kind="ImagePrewarm",
    example_edit={"note": "edited"},
    slow=("create", "replace: create"),
    table="prewarms",
    edits=tuple(_edits()),
    sights={
        "image": attribute("image"),
        "cluster": attribute("cluster"),
        "registryAuth": auth,
        "products": lambda _, item: sorted(item.products),
        "note": text("note"),
    },
    by_hand={"note": ("note", before_mark)},
    outsiders=OutsiderCalls(
        create=_create,
        delete=deletes("prewarms.delete"),
        edit=lambda id, _: ("prewarms.edit", {"id": id, "note": "by hand"}),
    ),
    fleet=FleetPart(order=4, specs=_specs),
    given={
        "prewarm": (
            "/image/prewarm",
            {"imageUrl": "docker.io/team/train:1", "clusterId": "us-ca-nas-2", "productIds": ["26"], "note": "soon"},
            100,
            "prewarms",
        )
    },
)
