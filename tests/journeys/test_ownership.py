"""Ids that are swapped or doubled between records, environments and projects: no object of others is touched."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.applying.events import Outcome
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems
from novita_infra.model.records import Record
from novita_infra.planning.options import Refresh
from novita_infra.planning.plan.changes import Action

HERE = "us-dallas-nas-2"
FLEET: list[tuple[str, str, dict[str, Any]]] = [
    ("Template", "base", {"image": "ubuntu:22.04", "rootDiskGb": 60}),
    ("Template", "other", {"image": "ubuntu:22.04", "rootDiskGb": 60}),
    ("NetworkStorage", "data", {"cluster": HERE, "sizeGb": 10}),
    ("NetworkStorage", "more", {"cluster": HERE, "sizeGb": 10}),
    ("VPC", "net", {"cluster": HERE}),
]
CHANGED = [
    (kind, name, {**spec, **({"rootDiskGb": 70} if kind == "Template" else {"sizeGb": 20} if "sizeGb" in spec else {})})
    for kind, name, spec in FLEET
]
PLACES = [("rig", "dev"), ("rig", "prod"), ("third", "default")]


class Places:
    """Two environments of one project, and another project, in one account."""

    def __init__(self, folder: Path) -> None:
        self.rigs: list[Rig] = []
        for project, environment in PLACES:
            rig = Rig(folder / project, environ={})
            if self.rigs:
                rig.world, rig.clock = self.rigs[0].world, self.rigs[0].clock
            rig.environment = environment if environment != "default" else ""
            head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": project}}
            rig.write("novita-infra.yaml", {**head, "environments": {"dev": {}, "prod": {}}})
            rig.declare(*FLEET)
            rig.apply(create_anyway=("*",))  # the same names, in the same place
            self.rigs.append(rig)

    def owned(self) -> list[dict[Address, str]]:
        """The ids of each place, before anything is swapped."""
        return [{address: record.id for address, record in rig.state().records.items()} for rig in self.rigs]


def _put(rig: Rig, address: Address, record: Record) -> None:
    state = rig.state()
    rig.store().save(replace(state, records={**state.records, address: record}))


def _look(rig: Rig, ids: set[str]) -> dict[str, str]:
    """What the account holds under these ids."""
    tables = rig.world.tables.values()
    return {item.id: repr(item) for table in tables for item in table if getattr(item, "id", None) in ids}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_no_swapped_or_doubled_id_touches_an_object_of_others(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    places = Places(tmp_path)
    owned = places.owned()
    at = dice.randrange(len(PLACES))
    rig = places.rigs[at]
    address = dice.choice(list(owned[at]))
    record = rig.state().records[address]
    sources = [
        (place, other)
        for place, ids in enumerate(owned)
        for other in ids
        if other.type == address.type and (place, other) != (at, address)
        if not (address.type == "vpc" and place not in {at, 1 - at})  # nothing names the owner of an unmarked one there
        if not (address.type == "network_storage" and (place == 2) != (at == 2))
    ]
    if not sources:
        sources = [(at, dice.choice([item for item in owned[at] if item.type == "template"]))]
        address = dice.choice([item for item in owned[at] if item.type == "template" and item != sources[0][1]])
        record = rig.state().records[address]
    place, other = dice.choice(sources)
    theirs = owned[place][other]
    if dice.random() < 0.5 and place == at:  # swapped, and not only doubled
        _put(rig, other, replace(rig.state().records[other], id=record.id))
    how = dice.choice(["id", "retired"])
    put = replace(record, id=theirs) if how == "id" else replace(record, retired=(theirs,))
    _put(rig, address, put)
    before = _look(rig, {theirs})
    assert before
    calls = sum(rig.world.calls.values())
    for wish in ("change", "destroy", "replace"):
        rig.declare(*(CHANGED if wish == "change" else FLEET))
        options: dict[str, Any] = {"destroys": wish == "destroy"}
        if wish == "replace":
            options["replaces"] = (str(address),)
        review = rig.plan(**options)
        if {item.address: item for item in review.plan.changes}[address].action is Action.NONE:
            continue
        assert review.code == EXIT_REFUSED, (wish, how, str(address), str(other), review.problems)
        assert any(theirs in item.summary for item in review.problems), review.problems
        with pytest.raises((AssertionError, Problems)):
            rig.apply(**options)
    assert _look(rig, {theirs}) == before
    assert sum(rig.world.calls.values()) > calls


@pytest.mark.parametrize("wish", ["change", "destroy", "replace", "create-first"])
@pytest.mark.parametrize("refresh", [Refresh.NONE, Refresh.CHANGED])
def test_an_object_that_the_plan_does_not_read_is_checked_before_the_call(
    refresh: Refresh, wish: str, tmp_path: Path
) -> None:
    places = Places(tmp_path)
    dev, _, third = places.rigs
    address = Address("template", "base")
    theirs = third.state().records[address].id
    _put(dev, address, replace(dev.state().records[address], id=theirs))
    before, live_before = _look(dev, {theirs}), dev.live_ids()
    lifecycles = {"base": {"createBeforeDestroy": True}} if wish == "create-first" else {}
    dev.declare(*(CHANGED if wish == "change" else FLEET), **lifecycles)
    options: dict[str, Any] = {"destroys": wish == "destroy", "refresh": refresh}
    if wish in {"replace", "create-first"}:
        options["replaces"] = (str(address),)
    if refresh is Refresh.NONE:
        result = dev.apply(**options, expect_success=False)
        failed = {end.step.address: end for end in result.ends if end.outcome is Outcome.FAILED}
        assert failed[address].code == EXIT_REFUSED, result.ends
        assert "project third" in failed[address].reason
        assert set(dev.live_ids()) <= set(live_before)
    else:
        assert dev.plan(**options).code == EXIT_REFUSED
    assert before
    assert _look(dev, {theirs}) == before
