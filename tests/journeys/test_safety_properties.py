"""Properties of any two fleets: no data is lost without permission, and a part is applied like the whole."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from draws import draws
from fleets import Resource, fleets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kind_facts import TYPES
from rig import Rig

from novita_infra.model.addresses import Address
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.review import Review

pytestmark = pytest.mark.slow

PROPERTY = settings(
    max_examples=draws(25), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

_ONLY = "model_access_policy."
"""The kind of which an owner, the key, has one: nothing can replace it."""


def _touched(review: Review) -> set[str]:
    """The resources that a plan changes."""
    return {str(change.address) for change in review.plan.changes if change.action is not Action.NONE}


def _disks(rig: Rig) -> dict[str, object]:
    """What holds data, by address: the storage, or the machine with the number of its container."""
    rig.world.advance()
    found: dict[str, object] = {}
    for address, record in rig.state().records.items():
        if address.type == "network_storage":
            found[str(address)] = record.id if rig.world.storages.get(record.id) else None
        if address.type == "instance":
            machine = rig.world.instances.get(record.id)
            found[str(address)] = (record.id, machine.container) if machine else None
    return found


@PROPERTY
@given(fleets(), fleets())
def test_nothing_that_stays_declared_loses_its_data_unless_that_is_allowed(
    first: list[Resource], second: list[Resource]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), environ={})
        rig.declare(*first)
        rig.apply()
        before = _disks(rig)
        rig.declare(*second)
        plan = rig.plan(allow_data_loss=())
        if plan.problems:
            named = {problem.address for problem in plan.problems}
            rig.apply(allow_data_loss=tuple(named))  # the permission that was asked for is all that it takes
            rig.assert_converged()
            after, declared = _disks(rig), {f"{TYPES[kind]}.{name}" for kind, name, _ in second}
            lost = {name for name in before if name in declared and after[name] != before[name]}
            gone = {name for name in before if name.startswith("network_storage.") and name not in declared}
            assert named == lost | gone
            return
        rig.apply(review=plan)
        after = _disks(rig)
        for name, disk in before.items():
            if name in after or name.startswith("network_storage."):
                assert after[name] == disk


@PROPERTY
@given(fleets(), fleets(), st.integers(0, 11), st.integers(0, 11))
def test_excluded_resources_remain_and_the_others_are_applied(
    first: list[Resource], second: list[Resource], one: int, other: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), environ={})
        rig.declare(*first)
        rig.apply()
        rig.declare(*second)
        known = sorted({*_addresses(first), *_addresses(second)}, key=str)
        excludes = tuple(str(known[pick % len(known)]) for pick in (one, other))
        review = rig.plan(excludes=excludes)
        left = {str(item.address) for item in review.plan.selection.left_out}
        touched = {str(change.address) for change in review.plan.changes if change.action is not Action.NONE}
        assert not touched & {*left, *excludes}
        before = {str(address): record.id for address, record in rig.state().records.items()}
        rig.apply(excludes=excludes)
        after = {str(address): record.id for address, record in rig.state().records.items()}
        for name in {*left, *excludes}:
            assert after.get(name) == before.get(name)
        assert rig.plan(excludes=excludes).empty
        rig.apply()
        rig.assert_converged()


@PROPERTY
@given(fleets(), fleets(), st.tuples(st.integers(0, 11), st.integers(0, 11)), st.data())
def test_targets_are_applied_without_what_is_excluded(
    first: list[Resource], second: list[Resource], picks: tuple[int, int], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), environ={})
        rig.declare(*first)
        rig.apply()
        _declare_with_ties(rig, second, data)
        known = sorted({*_addresses(first), *_addresses(second)}, key=str)
        here = sorted(_addresses(second), key=str)
        target, excluded = str(here[picks[0] % len(here)]), str(known[picks[1] % len(known)])
        of_target = _touched(rig.plan(targets=(target,)))
        review = rig.plan(targets=(target,), excludes=(excluded,))
        left = {str(item.address) for item in review.plan.selection.left_out}
        assert _touched(review) <= of_target - {*left, excluded}
        before = {str(address): record.id for address, record in rig.state().records.items()}
        rig.apply(targets=(target,), excludes=(excluded,))
        after = {str(address): record.id for address, record in rig.state().records.items()}
        for name in {*left, excluded}:
            assert after.get(name) == before.get(name)
        assert rig.plan(targets=(target,), excludes=(excluded,)).empty
        rig.apply()
        rig.assert_converged()


@PROPERTY
@given(fleets(), st.integers(0, 11), st.data())
def test_a_target_in_an_empty_project_creates_only_its_dependencies(
    fleet: list[Resource], pick: int, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), environ={})
        _declare_with_ties(rig, fleet, data)
        needs = _needs(rig)
        target = sorted(needs, key=str)[pick % len(needs)]
        review = rig.plan(targets=(str(target),))
        acting = {change.address: change.action for change in review.plan.changes if change.action is not Action.NONE}
        assert acting == dict.fromkeys(_closure({target}, needs), Action.CREATE)


@PROPERTY
@given(fleets(), fleets(), st.integers(0, 11), st.data())
def test_a_target_makes_nothing_that_neither_it_nor_what_comes_along_needs(
    first: list[Resource], second: list[Resource], pick: int, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), environ={})
        rig.declare(*first)
        rig.apply()
        before = set(rig.state().records)
        _declare_with_ties(rig, second, data)
        needs = _needs(rig)
        target = sorted(needs, key=str)[pick % len(needs)]
        review = rig.plan(targets=(str(target),))
        acting = {change.address for change in review.plan.changes if change.action is not Action.NONE}
        assert acting - before <= _closure({target, *(acting & before)}, needs)
        rig.apply(targets=(str(target),))
        assert rig.plan(targets=(str(target),)).empty
        rig.apply()
        rig.assert_converged()


@PROPERTY
@given(fleets(), st.integers(0, 11))
def test_any_resource_can_be_replaced(fleet: list[Resource], pick: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), environ={})
        rig.declare(*fleet)
        rig.apply()
        address = str(sorted(_addresses(fleet), key=str)[pick % len(fleet)])
        if address.startswith(_ONLY):
            (problem,) = rig.plan(replaces=(address,)).problems
            assert "there is no other ModelAccessPolicy" in problem.summary
            return
        first = rig.record(address).id
        rig.apply(replaces=(address,))
        assert rig.record(address).id != first
        rig.assert_converged()


def _addresses(fleet: list[Resource]) -> set[Address]:
    return {Address(TYPES[kind], name) for kind, name, _ in fleet}


def _declare_with_ties(rig: Rig, fleet: list[Resource], data: st.DataObject) -> None:
    """Declares the fleet, in which some also depend on others, or are replaced after them, that stand before them."""
    rig.declare(*fleet)  # the project file
    documents = []
    for index, (kind, name, spec) in enumerate(fleet):
        earlier = [f"{TYPES[kind]}.{name}" for kind, name, _ in fleet[:index]]
        ties = data.draw(st.lists(st.sampled_from(earlier), max_size=2, unique=True)) if earlier else []
        replaceable = f"{TYPES[kind]}." != _ONLY
        how = data.draw(st.sampled_from(["dependsOn", "replaceTriggeredBy"] if replaceable else ["dependsOn"]))
        documents.append(
            {
                "apiVersion": "novita-infra/v1",
                "kind": kind,
                "metadata": {"name": name},
                "lifecycle": {how: ties} if ties else {},
                "spec": spec,
            }
        )
    rig.write("main.yaml", *documents)


def _needs(rig: Rig) -> dict[Address, frozenset[Address]]:
    """What each declared resource needs."""
    return {item.address: frozenset(item.needs) for item in rig.see().config.declared}


def _closure(addresses: Iterable[Address], needs: Mapping[Address, frozenset[Address]]) -> set[Address]:
    """These, and all that they need."""
    found: set[Address] = set()
    waiting = list(addresses)
    while waiting:
        address = waiting.pop()
        if address not in found:
            found.add(address)
            waiting += needs.get(address, ())
    return found
