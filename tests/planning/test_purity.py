"""Planning is a function of what was seen: no clock, no disk, no network, and no order of anything."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from draws import draws
from fleets import Resource, fleets
from hypothesis import HealthCheck, given, settings
from rig import Rig

from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.plan.review import Review
from novita_infra.planning.planner import make_review

pytestmark = pytest.mark.slow

OUTSIDE = ("open", "os.", "socket.", "subprocess.", "time.", "pathlib.", "shutil.", "tempfile.")
_watching: list[list[str]] = []


def _heard(event: str, _: tuple[object, ...]) -> None:
    if _watching and event.startswith(OUTSIDE):
        _watching[-1].append(event)


@cache
def listen() -> None:
    """Installs the hook, which remains and costs time at every event of the process: not while tests are collected."""
    sys.addaudithook(_heard)


@contextmanager
def nothing_outside() -> Iterator[None]:
    """Fails where anything outside of the process is touched."""
    listen()
    _watching.append([])
    try:
        yield
    finally:
        heard = _watching.pop()
    assert not heard, heard


def planned(inputs: PlanInputs) -> Review:
    with nothing_outside():
        return make_review(inputs)


def other_way_round(inputs: PlanInputs) -> PlanInputs:
    """The same, with everything that has an order in another one."""
    config, world, catalogue = inputs.config, inputs.world, inputs.world.catalogue
    return replace(
        inputs,
        config=replace(
            config,
            declared=tuple(reversed(config.declared)),
            outputs=dict(reversed(list(config.outputs.items()))),
        ),
        world=replace(
            world,
            existing=dict(reversed(list(world.existing.items()))),
            catalogue=replace(
                catalogue,
                clusters=tuple(reversed(catalogue.clusters)),
                gpu=tuple(reversed(catalogue.gpu)),
                cpu=tuple(reversed(catalogue.cpu)),
                serverless=tuple(reversed(catalogue.serverless)),
            ),
        ),
        kinds=dict(reversed(list(inputs.kinds.items()))),
    )


def test_the_hook_hears_a_file_that_is_opened() -> None:
    listen()
    heard: list[str] = []
    _watching.append(heard)
    Path(__file__).read_bytes()
    _watching.pop()
    assert "open" in heard


@settings(
    max_examples=draws(25), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(fleets(), fleets())
def test_the_same_inputs_give_the_same_plan_in_any_order(before: list[Resource], after: list[Resource]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), environ={})
        rig.declare(*before)
        rig.apply()
        rig.declare(*after)
        seen = rig.see()
    first = planned(seen)
    assert planned(seen) == first
    assert planned(other_way_round(seen)) == first
