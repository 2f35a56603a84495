"""Scenarios as values: what they choose on top of a profile."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.simulator import PROFILES, scenario_of

CLUSTERS = "/gpu-instance/openapi/v1/clusters"


def with_quirks(**quirks: Any) -> Any:
    return scenario_of({"name": "x", "says": "x", "quirks": quirks})


@pytest.mark.parametrize("profile", PROFILES)
def test_a_scenario_chooses_quirks_on_top_of_a_profile(make_cloud: Any, profile: str) -> None:
    for chosen in (True, False):
        scenario = with_quirks(empty_bodies=chosen, storage_id_bare=chosen, endpoint_pause=0)
        cloud = make_cloud(quirks=PROFILES[profile], scenario=scenario)
        assert cloud.world.quirks.name == profile
        answer = cloud.send("POST", "gpu/instance/delete", json={"instanceId": cloud.machine()})
        assert (answer.status_code, answer.content) == (200, b"" if chosen else b"{}")
        body = {"clusterId": "us-ca-nas-2", "storageName": "data", "storageSize": 10}
        made = cloud.post("networkstorage/create", body)
        assert isinstance(made, str if chosen else dict)
        assert [cloud.endpoint(), cloud.endpoint()]


def test_a_web_filter_refuses_the_agents_of_a_scenario_before_the_service(make_cloud: Any) -> None:
    cloud = make_cloud(scenario=with_quirks(filtered_agents=["Python-urllib*", "curl/*"]))
    for agent, passes in (("Python-urllib/3.12", False), ("CURL/8.5.0", False), ("novita-infra/1.0", True), ("", True)):
        answer = cloud.send("GET", CLUSTERS, headers={"User-Agent": agent})
        assert answer.status_code == (200 if passes else 403)
        if not passes:
            assert (answer.text, answer.headers["content-type"]) == ("error code: 1010", "text/plain; charset=utf-8")
    filtered = {"User-Agent": "curl/8", "Authorization": "Bearer wrong"}
    assert cloud.send("GET", CLUSTERS, headers=filtered).text == "error code: 1010"
    assert cloud.world.calls["clusters.list"] == 2  # the others have not come to the service
    assert cloud.send("GET", "/_sim/state", headers={"User-Agent": "curl/8"}).status_code == 200
