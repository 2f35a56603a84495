"""Private networks: named, in one cluster, without an owner mark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edits import Edit, Subject

from kind_facts.common import ELSEWHERE, MACHINE, OTHER_PLACE, PLACE, attribute, deletes
from kind_facts.facts import Fleet, FleetPart, KindFacts, OutsiderCalls

VPC = Subject(
    kind="vpc", base={"cluster": PLACE}, create=("networks.delete", "networks.create"), without={"name": "it"}
)


def _edits() -> Iterator[Edit]:
    yield from VPC.three("name", "other", "another", "networks.update")
    yield VPC.refused("too long", {}, {"name": "n" * 31})
    yield from VPC.found(PLACE, OTHER_PLACE, *VPC.create, beside=("Instance", "by", {**MACHINE, "vpc": "it"}))
    yield VPC.refused("to one without networks", {}, {"cluster": "eu-de-1"})
    yield VPC.edit("replaced", {}, {"cluster": OTHER_PLACE, "name": "other"}, *VPC.create)


def _specs(fleet: Fleet) -> dict[str, dict[str, Any]]:
    return {name: {"cluster": fleet.place} for name in fleet.choose("vpc", "a")}


def _create(name: str, spec: Mapping[str, Any], apart: bool) -> tuple[str, dict[str, Any]]:
    cluster = ELSEWHERE if apart else spec.get("cluster", ELSEWHERE)
    return "networks.create", {"clusterId": cluster, "name": name}


FACTS = KindFacts(
    kind="VPC",
    example_edit={"name": "edited"},
    slow=("create", "replace: create"),
    table="networks",
    edits=tuple(_edits()),
    sights={"name": attribute("name"), "cluster": attribute("cluster")},
    outsiders=OutsiderCalls(
        create=_create,
        delete=deletes("networks.delete", "networkId"),
        edit=lambda id, _: ("networks.update", {"networkId": id, "name": "renamed"}),
        marked=False,
    ),
    fleet=FleetPart(order=2, specs=_specs, wished={"a": "net"}),
    given={"network": ("/network/create", {"clusterId": "us-ca-nas-2", "name": "net"}, 5, "networks")},
)
