"""What holds for any fleet: it reaches any other, survives any crash, and any one lost answer costs nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from draws import draws
from fleets import Resource, fleets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rig import Rig

from novita_infra.simulator import PROFILES, Fault, Position, Trouble

pytestmark = pytest.mark.slow

PROPERTY = settings(
    max_examples=draws(40), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
CREATES = "*.create"


@contextmanager
def a_rig(seed: int = 0, *, profile: str = "live") -> Iterator[Rig]:
    with tempfile.TemporaryDirectory() as folder:
        yield Rig(Path(folder), seed=seed, environ={}, quirks=PROFILES[profile])


@PROPERTY
@given(fleets(), fleets())
def test_any_fleet_reaches_any_other(first: list[Resource], second: list[Resource]) -> None:
    with a_rig() as rig:
        rig.declare(*first)
        rig.apply()
        rig.assert_converged()
        rig.declare(*second)
        rig.apply()
        rig.assert_converged()


OTHERS = ("documented", "strict")
FEWER = settings(PROPERTY, max_examples=draws(6))
SOME = fleets().filter(bool)
"""Manifests that declare something; to take everything away is what destroy is for."""


@pytest.mark.parametrize("profile", OTHERS)
@FEWER
@given(SOME, SOME)
def test_any_fleet_reaches_any_other_however_the_documents_are_read(
    profile: str, first: list[Resource], second: list[Resource]
) -> None:
    with a_rig(profile=profile) as rig:
        rig.declare(*first)
        rig.apply()
        rig.assert_converged()
        rig.declare(*second)
        rig.apply()
        rig.assert_converged()
        rig.destroy()
        assert rig.live_ids() == []


@pytest.mark.parametrize("profile", OTHERS)
@FEWER
@given(SOME, SOME, st.integers(0, 25), st.booleans())
def test_killed_at_any_write_it_converges_however_the_documents_are_read(
    profile: str, first: list[Resource], second: list[Resource], at_write: int, after_effect: bool
) -> None:
    with a_rig(profile=profile) as rig:
        rig.declare(*first)
        rig.apply()
        rig.declare(*second)
        rig.crash(at_write=at_write, after_effect=after_effect)
        rig.apply()
        rig.assert_converged()


@pytest.mark.parametrize("profile", OTHERS)
@FEWER
@given(SOME, st.integers(0, 25), st.sampled_from([Trouble.LOST, Trouble.STATUS, Trouble.TRUNCATED, Trouble.TEXT]))
def test_one_lost_answer_costs_nothing_however_the_documents_are_read(
    profile: str, fleet: list[Resource], skip: int, kind: Trouble
) -> None:
    with a_rig(profile=profile) as rig:
        rig.declare(*fleet)
        rig.world.faults.add(Fault(kind=kind, method="POST", position=Position.AFTER, status=502, skip=skip))
        rig.apply(expect_success=False)
        rig.assert_nothing_lost()
        rig.world.faults.clear()
        rig.apply()
        rig.assert_converged()


@PROPERTY
@given(fleets(), fleets(), st.integers(0, 60))
def test_stopped_after_any_event_and_run_again_it_converges(
    first: list[Resource], second: list[Resource], stop_at: int
) -> None:
    with a_rig() as rig:
        rig.declare(*first)
        rig.apply()
        rig.declare(*second)
        rig.events.clear()
        rig.apply(stop_when=lambda _: len(rig.events) > stop_at, expect_success=False)
        rig.apply()
        rig.assert_converged()


@PROPERTY
@given(fleets(), fleets(), st.integers(0, 25), st.booleans())
def test_killed_at_any_write_and_run_again_it_converges(
    first: list[Resource], second: list[Resource], at_write: int, after_effect: bool
) -> None:
    with a_rig() as rig:
        rig.declare(*first)
        rig.apply()
        rig.declare(*second)
        rig.crash(at_write=at_write, after_effect=after_effect)
        rig.apply()
        rig.assert_converged()


@settings(PROPERTY, max_examples=draws(15))
@given(
    st.lists(fleets(), min_size=2, max_size=3),
    st.sets(st.sampled_from("abc")),
    st.integers(0, 25),
    st.booleans(),
    st.booleans(),
)
def test_killed_during_create_first_and_changed_again_it_converges(
    fleets: list[list[Resource]], names: set[str], at_write: int, after_effect: bool, killed: bool
) -> None:
    first = {name: {"createBeforeDestroy": True} for name in names}
    with a_rig() as rig:
        rig.declare(*fleets[0])
        rig.apply()
        rig.declare(*fleets[1], **first)
        if killed:
            rig.crash(at_write=at_write, after_effect=after_effect)
        else:
            rig.events.clear()
            rig.apply(stop_when=lambda _: len(rig.events) > at_write, expect_success=False)
        rig.declare(*fleets[-1], **first)
        rig.apply()
        rig.assert_converged()


@PROPERTY
@given(
    fleets(),
    fleets(),
    st.integers(0, 25),
    st.sampled_from([Position.BEFORE, Position.AFTER]),
    st.sampled_from([Trouble.LOST, Trouble.STATUS, Trouble.TRUNCATED, Trouble.TEXT]),
)
def test_any_one_lost_answer_leaves_no_orphan_and_no_double(
    first: list[Resource], second: list[Resource], skip: int, position: Position, kind: Trouble
) -> None:
    with a_rig() as rig:
        rig.declare(*first)
        rig.apply()
        rig.declare(*second)
        rig.world.faults.add(Fault(kind=kind, method="POST", position=position, status=502, skip=skip))
        rig.apply(expect_success=False)
        rig.assert_nothing_lost()
        rig.world.faults.clear()
        rig.apply()
        rig.assert_converged()


@PROPERTY
@given(fleets(), st.integers(0, 25), st.booleans())
def test_a_destroy_killed_at_any_write_is_completed_by_the_next(
    fleet: list[Resource], at_write: int, after_effect: bool
) -> None:
    with a_rig() as rig:
        rig.declare(*fleet)
        rig.apply()
        rig.crash(at_write=at_write, after_effect=after_effect, destroys=True)
        rig.destroy()
        assert rig.live_ids() == []
        assert rig.state().records == {}
