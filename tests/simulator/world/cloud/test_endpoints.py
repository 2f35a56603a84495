"""Endpoints of the simulator: the refusals of creates that only clients of the live service have met."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.simulator import PROFILES
from novita_infra.simulator.world.cloud.endpoints import REST


def create(cloud: Any, an_endpoint: Any) -> Any:
    return cloud.send("POST", "endpoint/create", json={"endpoint": an_endpoint()})


def test_a_create_soon_after_another_endpoint_create_is_throttled(cloud: Any, an_endpoint: Any) -> None:
    assert create(cloud, an_endpoint).status_code == 200
    cloud.pass_(1.4)
    assert cloud.refused("POST", "endpoint/create", json={"endpoint": an_endpoint()}) == (429, "RATE_LIMIT_EXCEEDED")
    cloud.pass_(0.2)
    assert create(cloud, an_endpoint).status_code == 200


@pytest.mark.parametrize("seconds_to_removal", [0, 7])
def test_a_create_after_the_last_endpoint_was_deleted_is_refused_for_8_to_80_s(
    cloud: Any, an_endpoint: Any, seconds_to_removal: float
) -> None:
    key, other = cloud.endpoint(), (cloud.pass_(2), cloud.endpoint())[1]
    cloud.pass_(2)
    cloud.post("endpoint/delete", {"name": key})
    assert create(cloud, an_endpoint).status_code == 200  # another one exists
    for id in (other, cloud.get("endpoints")["endpoints"][-1]["id"]):
        cloud.pass_(2)
        cloud.post("endpoint/delete", {"name": id})
    cloud.pass_(seconds_to_removal)
    answer = create(cloud, an_endpoint)
    assert (answer.status_code, answer.json()["message"]) == (400, "serverless cluster is not active")
    waited = seconds_to_removal
    while create(cloud, an_endpoint).status_code == 400:
        cloud.pass_(1)
        waited += 1
    assert REST[0] <= waited <= REST[1] + 1


def test_the_documented_profile_has_no_pause_between_endpoint_creates(make_cloud: Any, an_endpoint: Any) -> None:
    cloud = make_cloud(quirks=PROFILES["documented"])
    keys = [cloud.endpoint(), cloud.endpoint()]
    for key in keys:
        cloud.post("endpoint/delete", {"name": key})
    assert create(cloud, an_endpoint).status_code == 200
