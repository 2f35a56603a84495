"""Faults: before and after the effect, with counts, patterns and stale lists."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from novita_infra.simulator import Fault, Position, Trouble, open_world
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.lost_answers import LostAnswer

WISH = {"clusterId": "us-ca-nas-2", "storageName": "d", "storageSize": 10}


def test_a_status_fault_before_the_effect_prevents_it(cloud: Any) -> None:
    cloud.world.faults.add(Fault(kind=Trouble.STATUS, operation="storages.create", status=503))
    assert cloud.refused("POST", "networkstorage/create", json=WISH) == (503, "SERVICE_NOT_AVAILABLE")
    assert cloud.objects("storages") == []
    cloud.post("networkstorage/create", WISH)


def test_a_status_fault_after_the_effect_keeps_it(cloud: Any) -> None:
    cloud.world.faults.add(Fault(operation="storages.create", status=500, position=Position.AFTER))
    assert cloud.refused("POST", "networkstorage/create", json=WISH) == (500, "UNKNOWN")
    assert len(cloud.objects("storages")) == 1


def test_a_fault_with_429_may_have_a_retry_after_header(cloud: Any) -> None:
    cloud.world.faults.add(Fault(status=429, retry_after="7", count=2))
    first = cloud.send("GET", "clusters")
    assert (first.status_code, first.headers["Retry-After"], first.json()["reason"]) == (
        429,
        "7",
        "RATE_LIMIT_EXCEEDED",
    )
    cloud.world.faults.add(Fault(status=429))
    assert cloud.send("GET", "clusters").status_code == 429
    assert "Retry-After" not in cloud.send("GET", "clusters").headers
    assert cloud.send("GET", "clusters").status_code == 200


@pytest.mark.parametrize(("position", "made"), [(Position.BEFORE, 0), (Position.AFTER, 1)])
def test_a_lost_answer_fault_raises_inside_the_process(cloud: Any, position: Position, made: int) -> None:
    cloud.world.faults.add(Fault(kind=Trouble.LOST, operation="storages.create", position=position))
    with pytest.raises(LostAnswer):
        cloud.send("POST", "networkstorage/create", json=WISH)
    assert len(cloud.objects("storages")) == made


def test_a_truncated_answer_fault_keeps_the_effect_and_breaks_the_json(cloud: Any) -> None:
    cloud.world.faults.add(Fault(kind=Trouble.TRUNCATED, operation="storages.create"))
    answer = cloud.send("POST", "networkstorage/create", json=WISH)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"."):
        answer.json()
    assert len(cloud.objects("storages")) == 1


def test_a_slow_fault_waits_in_real_time(cloud: Any) -> None:
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    cloud.app = build_app(cloud.world, latency=0.1, wait=wait)
    cloud.world.faults.add(Fault(kind=Trouble.SLOW, seconds=2, operation="clusters.list"))
    cloud.world.faults.add(Fault(kind=Trouble.SLOW, seconds=3, position=Position.AFTER))
    cloud.get("clusters")
    cloud.get("clusters")
    assert waits == [2.1, 3, 0.1]


def test_faults_match_by_operation_method_and_path(cloud: Any) -> None:
    faults = cloud.world.faults
    faults.add(Fault(operation="*.list", path="*/networks", count=None))
    assert cloud.send("GET", "networks").status_code == 503
    assert cloud.send("GET", "clusters").status_code == 200
    faults.clear()
    faults.add(Fault(method="POST", count=None))
    assert cloud.send("GET", "networks").status_code == 200
    assert cloud.send("POST", "networkstorage/create", json=WISH).status_code == 503


def test_a_fault_can_skip_requests_and_strike_by_percentage(cloud: Any) -> None:
    cloud.world.faults.add(Fault(skip=2, count=1))
    assert [cloud.send("GET", "clusters").status_code for _ in range(4)] == [200, 200, 503, 200]
    cloud.world.faults.add(Fault(per_cent=30, count=None))
    struck = [cloud.send("GET", "clusters").status_code == 503 for _ in range(100)]
    assert 10 < sum(struck) < 50


def test_faults_strike_the_same_requests_with_the_same_seed(make_cloud: Any) -> None:
    def run(seed: int) -> list[int]:
        cloud = make_cloud(seed=seed)
        cloud.world.faults.add(Fault(per_cent=50, count=None))
        return [cloud.send("GET", "clusters").status_code for _ in range(30)]

    assert run(1) == run(1) != run(2)


def test_two_faults_strike_two_requests(cloud: Any) -> None:
    cloud.world.faults.add(Fault(status=500))
    cloud.world.faults.add(Fault(status=502))
    assert [cloud.send("GET", "clusters").status_code for _ in range(3)] == [500, 502, 200]


def test_a_stale_fault_lists_the_past(cloud: Any) -> None:
    old = cloud.machine(name="old")
    cloud.world.faults.add(Fault(kind=Trouble.STALE, operation="instances.list", seconds=30, count=None))
    cloud.pass_(100)
    new = cloud.machine(name="new")
    cloud.pass_(10)

    def listed() -> list[tuple[str, str]]:
        return [(one["name"], one["status"]) for one in cloud.get("gpu/instances")["instances"]]

    assert listed() == [("old", "running")]
    assert cloud.status(new) == "pulling"
    cloud.pass_(25)
    assert listed() == [("old", "running"), ("new", "creating")]
    cloud.post("gpu/instance/delete", {"instanceId": old})
    cloud.pass_(20)
    assert cloud.status(old) == "gone"
    assert [name for name, _ in listed()] == ["old", "new"]
    cloud.pass_(31)
    assert listed() == [("new", "running")]
    cloud.world.faults.clear()


def test_a_stale_fault_leaves_lists_of_other_types_alone(cloud: Any) -> None:
    cloud.world.faults.add(Fault(kind=Trouble.STALE, operation="instances.list", seconds=30, count=None))
    cloud.machine()
    assert cloud.get("gpu/instances")["total"] == 0
    key = cloud.storage()
    assert cloud.get("networkstorages/list")["data"][0]["storageId"] == key


def test_faults_are_added_and_cleared_over_http(cloud: Any) -> None:
    fault = {"kind": "status", "operation": "clusters.list", "status": 429, "retryAfter": "1", "count": 0}
    assert cloud.post("/_sim/faults", [fault, {"kind": "slow", "seconds": 0}]) == {"active": 2}
    assert [cloud.send("GET", "clusters").status_code for _ in range(3)] == [429, 429, 429]
    assert cloud.send("DELETE", "/_sim/faults").json() == {"active": 0}
    assert cloud.send("GET", "clusters").status_code == 200
    for wrong in ({"kind": "weird"}, {"status": 200}, {"sort": 1}, 5, [5]):
        assert cloud.refused("POST", "/_sim/faults", json=wrong) == (400, "VALIDATOR_PARAM")
    assert cloud.refused("POST", "/_sim/faults", content=b"{") == (400, "REQUEST")


def test_the_control_routes_show_the_world_and_advance_its_time(cloud: Any) -> None:
    key = cloud.machine()
    before = cloud.get("/_sim/state")
    assert before["objects"]["instances"][0]["id"] == key
    assert before["calls"] == {"instances.create": 1}
    assert before["money"]["spent"] == 0
    moved = cloud.post("/_sim/advance", {"seconds": 3600})
    assert moved["now"] == before["now"] + 3600 == cloud.clock()
    after = cloud.get("/_sim/state")
    assert after["objects"]["instances"][0]["status"] == "running"
    assert after["money"]["balance"] + after["money"]["spent"] == before["money"]["balance"]
    assert after["money"]["spent"] > 0
    assert cloud.refused("POST", "/_sim/advance", json={"seconds": -1}) == (400, "VALIDATOR_PARAM")


def test_the_world_advances_over_a_clock_that_cannot_be_moved(make_cloud: Any) -> None:
    world = open_world(None, now=lambda: 1000.0)

    async def move() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(build_app(world)), base_url="http://sim") as client:
            return await client.post("/_sim/advance", json={"seconds": 5})

    assert asyncio.run(move()).json() == {"now": 1005.0}
