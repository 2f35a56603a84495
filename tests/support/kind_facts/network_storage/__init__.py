"""Network storages: named, of a size that grows, in one cluster, without an owner mark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edits import Edit, Subject

from kind_facts.common import ELSEWHERE, MACHINE, OTHER_PLACE, PLACE, attribute, deletes
from kind_facts.facts import Fleet, FleetPart, KindFacts, OutsiderCalls

STORAGE = Subject(
    kind="network_storage",
    base={"cluster": PLACE, "sizeGb": 10},
    create=("storages.delete", "storages.create"),
    without={"name": "it"},
)


def _edits() -> Iterator[Edit]:
    update = "storages.update"
    yield from STORAGE.three("name", "other", "another", update)
    yield STORAGE.edit("grow", {"sizeGb": 10}, {"sizeGb": 20}, update)
    yield STORAGE.refused("shrink", {"sizeGb": 20}, {"sizeGb": 10})
    yield STORAGE.refused("below the least", {}, {"sizeGb": 9})
    yield STORAGE.refused("remove", {}, {"sizeGb": None})
    yield STORAGE.edit("one update", {}, {"name": "other", "sizeGb": 20}, update)
    yield STORAGE.refused("all or nothing", {"sizeGb": 20}, {"name": "other", "sizeGb": 10})
    mounts = {**MACHINE, "networkStorages": [{"storage": "it", "mountPath": "/data"}]}
    yield from STORAGE.found(PLACE, OTHER_PLACE, *STORAGE.create, beside=("Instance", "by", mounts))
    yield STORAGE.edit("to a name", {}, {"cluster": "Singapore"}, *STORAGE.create, shows={"cluster": "as-sgp-2"})
    yield STORAGE.refused("to one without storages", {}, {"cluster": "us-ca-6"})
    smaller = {"cluster": OTHER_PLACE, "sizeGb": 20, "name": "other"}
    yield STORAGE.edit("replaced", {"sizeGb": 10}, smaller, *STORAGE.create)


def _specs(fleet: Fleet) -> dict[str, dict[str, Any]]:
    place = fleet.place
    return {name: {"cluster": place, "sizeGb": 10} for name in fleet.choose("network_storage", "ab")}


def _create(name: str, spec: Mapping[str, Any], apart: bool) -> tuple[str, dict[str, Any]]:
    cluster = ELSEWHERE if apart else spec.get("cluster", ELSEWHERE)
    return "storages.create", {"clusterId": cluster, "storageName": name, "storageSize": 10}


FACTS = KindFacts(
    kind="NetworkStorage",
    example_edit={"sizeGb": 600},
    table="storages",
    edits=tuple(_edits()),
    sights={"name": attribute("name"), "sizeGb": attribute("size"), "cluster": attribute("cluster")},
    outsiders=OutsiderCalls(
        create=_create,
        delete=deletes("storages.delete", "storageId"),
        edit=lambda id, _: ("storages.update", {"storageId": id, "storageName": "renamed"}),
        marked=False,
    ),
    fleet=FleetPart(order=1, specs=_specs, wished={"a": "data"}),
    given={
        "storage": (
            "/networkstorage/create",
            {"clusterId": "us-ca-nas-2", "storageName": "data", "storageSize": 50},
            0,
            "storages",
        )
    },
    has_status=False,
    disk="sizeGb",
)
