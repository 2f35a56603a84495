"""What holds for any two fleets: nothing that is ready loses its data unasked, and a part is done like the whole."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fleets import Resource, fleets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from outsiders import PREFIXES
from rig import Rig

from novita_infra.planning.plan import Action
from novita_infra.resources import Address

PROPERTY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _disks(rig: Rig) -> dict[str, object]:
    """What holds data, by address: the storage, or the machine with how often its container was made anew."""
    rig.world.advance()
    found: dict[str, object] = {}
    for address, record in rig.state().records.items():
        if address.kind == "network_storage":
            found[str(address)] = record.id if rig.world.storages.get(record.id) else None
        if address.kind == "instance":
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
            after, declared = _disks(rig), {f"{PREFIXES[kind]}.{name}" for kind, name, _ in second}
            lost = {name for name in before if name in declared and after[name] != before[name]}
            gone = {name for name in before if name.startswith("network_storage.") and name not in declared}
            assert named == lost | gone
            return
        rig.apply(plan=plan)
        after = _disks(rig)
        for name, disk in before.items():
            if name in after or name.startswith("network_storage."):
                assert after[name] == disk


@PROPERTY
@given(fleets(), fleets(), st.integers(0, 11), st.integers(0, 11))
def test_what_is_left_out_stays_as_it_is_and_the_rest_is_done(
    first: list[Resource], second: list[Resource], one: int, other: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), environ={})
        rig.declare(*first)
        rig.apply()
        rig.declare(*second)
        known = sorted({*_addresses(first), *_addresses(second)}, key=str)
        excludes = tuple(str(known[pick % len(known)]) for pick in (one, other))
        plan = rig.plan(excludes=excludes)
        left = {str(item.address) for item in plan.left}
        touched = {str(change.address) for change in plan.changes if change.action is not Action.NONE}
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
@given(fleets(), st.integers(0, 11))
def test_anything_can_be_made_anew(fleet: list[Resource], pick: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), environ={})
        rig.declare(*fleet)
        rig.apply()
        address = str(sorted(_addresses(fleet), key=str)[pick % len(fleet)])
        first = rig.record(address).id
        rig.apply(replaces=(address,))
        assert rig.record(address).id != first
        rig.assert_converged()


def _addresses(fleet: list[Resource]) -> set[Address]:
    return {Address(PREFIXES[kind], name) for kind, name, _ in fleet}
