"""Refusals of the live service that pass: an apply converges under them, and nothing is created twice."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.api.errors import Refused, Unauthorized
from novita_infra.simulator import LIVE
from novita_infra.simulator.world.cloud import instances

MACHINE: dict[str, Any] = {"product": {"gpu": "L40S"}, "image": "ubuntu:22.04"}
ENDPOINT: dict[str, Any] = {
    "product": {"gpu": "RTX 4090"},
    "image": "docker.io/team/serve:1",
    "ports": ["8000/http"],
    "healthPath": "/health",
    "workers": {"min": 0, "max": 1, "idleTimeout": 60, "maxConcurrency": 8, "requestTimeout": 600},
    "scaling": {"type": "queue", "value": 10},
}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, environ={})


def test_endpoints_that_are_created_at_once_keep_the_pace_of_the_service(rig: Rig) -> None:
    rig.declare(*(("Endpoint", f"e{number}", ENDPOINT) for number in range(5)))
    began = rig.clock.now()
    rig.apply()
    rig.assert_converged()
    created = sorted(endpoint.created for endpoint in rig.world.endpoints)
    assert all(after - before >= rig.world.quirks.endpoint_pause for before, after in pairwise(created))
    assert created[-1] - began < 120


def test_the_only_endpoint_is_replaced_although_the_cluster_is_not_active_at_first(rig: Rig) -> None:
    rig.declare(("Endpoint", "it", ENDPOINT))
    rig.apply()
    before = rig.record("endpoint.it").id
    rig.apply(replaces=("endpoint.it",))
    rig.assert_converged()
    assert rig.record("endpoint.it").id != before
    refusals = [event for event in rig.events if "cluster is not active" in getattr(event, "note", "")]
    assert refusals


@pytest.mark.parametrize("stopped", [True, False])
def test_a_power_change_that_somebody_made_meanwhile_is_no_failure(rig: Rig, stopped: bool) -> None:
    power = {True: "stopped", False: "running"}
    rig.declare(("Instance", "it", {**MACHINE, "power": power[not stopped]}))
    rig.apply()
    rig.declare(("Instance", "it", {**MACHINE, "power": power[stopped]}))
    review, id = rig.plan(), rig.record("instance.it").id
    (instances.stop if stopped else instances.start)(rig.world, id)
    rig.clock.run(rig.clock.sleep(2))
    rig.apply(review=review)
    rig.assert_converged()


def test_a_call_that_the_web_filter_refuses_is_not_reported_as_a_wrong_key(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, quirks=replace(LIVE, filtered_agents=("novita-infra/*",)))
    rig.declare(("Instance", "it", MACHINE))
    with pytest.raises(Refused) as refused:
        rig.plan()
    assert not isinstance(refused.value, Unauthorized)
    assert "the key may be right" in refused.value.advice
