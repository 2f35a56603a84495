"""The verdict on a run: its objects, orphans and duplicates, and its cost."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.simulator import Fault, Position, Trouble, scenario_named, scenario_of
from novita_infra.simulator.http.lost_answers import LostAnswer
from novita_infra.simulator.verdict import judge, take_baseline, usd_text, verdict_json


def names(things: Any) -> list[tuple[str, str]]:
    return [(thing.kind, thing.name) for thing in things]


def test_an_object_in_no_state_is_an_orphan(cloud: Any) -> None:
    beginning = take_baseline(cloud.world)
    storage = cloud.storage()
    cloud.storage(name="forgotten")
    verdict = judge(cloud.world, beginning, on_record={storage})
    assert names(verdict.made) == [("storages", "data"), ("storages", "forgotten")]
    assert names(verdict.orphans) == [("storages", "forgotten")]
    assert not verdict.clean


def test_a_verdict_without_a_state_has_no_orphans(cloud: Any) -> None:
    beginning = take_baseline(cloud.world)
    cloud.storage()
    verdict = judge(cloud.world, beginning, on_record=None)
    assert verdict.orphans is None
    assert verdict_json(verdict)["orphans"] is None


def test_a_create_repeated_after_a_lost_answer_is_a_duplicate(cloud: Any, a_machine: Any) -> None:
    beginning = take_baseline(cloud.world)
    cloud.world.faults.add(Fault(kind=Trouble.LOST, operation="instances.create", position=Position.AFTER))
    with pytest.raises(LostAnswer):
        cloud.post("gpu/instance/create", a_machine(name="trainer"))
    second = cloud.machine(name="trainer")
    cloud.machine(name="trainer", imageUrl="docker.io/other:1")
    verdict = judge(cloud.world, beginning, on_record=None)
    (double,) = verdict.doubles
    assert names(double) == [("instances", "trainer")] * 2
    assert second in {thing.id for thing in double}
    assert (verdict.calls, verdict.troubles) == ({"instances.create": 3}, 1)


def test_two_equal_objects_in_the_state_are_no_duplicates(cloud: Any) -> None:
    beginning = take_baseline(cloud.world)
    ids = {cloud.storage(), cloud.storage()}
    verdict = judge(cloud.world, beginning, on_record=ids)
    assert (verdict.orphans, verdict.doubles, verdict.clean) == ((), (), True)


def test_a_verdict_leaves_out_objects_of_others_and_earlier_ones(make_cloud: Any) -> None:
    cloud = make_cloud(scenario=scenario_named("foreign-owner"))
    beginning = take_baseline(cloud.world)
    cloud.pass_(1000)
    assert len(cloud.objects("storages")) > 2
    verdict = judge(cloud.world, beginning, on_record=())
    assert (verdict.made, verdict.orphans, verdict.doubles) == ((), (), ())


def test_a_verdict_leaves_out_objects_being_deleted(cloud: Any) -> None:
    beginning = take_baseline(cloud.world)
    machine, endpoint = cloud.running(), cloud.endpoint()
    cloud.pass_(100)
    cloud.post("gpu/instance/delete", {"instanceId": machine})
    cloud.post("endpoint/delete", {"id": endpoint})
    assert judge(cloud.world, beginning, on_record=()).made == ()


def test_a_verdict_has_money_and_calls_of_the_run_only(cloud: Any) -> None:
    cloud.running()
    beginning = take_baseline(cloud.world)
    cloud.pass_(3600)
    cloud.get("clusters")
    verdict = judge(cloud.world, beginning, on_record=None)
    (meter,) = cloud.objects("meters")
    assert (verdict.spent, verdict.calls) == (meter["price"], {"clusters.list": 1})


def test_a_verdict_leaves_out_objects_of_a_scenario_file(make_cloud: Any) -> None:
    body = {"clusterId": "us-dallas-nas-2", "storageName": "x", "storageSize": 10}
    event = {"upon": "storages.create", "do": "call", "operation": "storages.create", "body": body}
    cloud = make_cloud(scenario=scenario_of({"name": "mine", "says": "Mine.", "events": [event]}))
    beginning = take_baseline(cloud.world)
    own = cloud.storage()
    cloud.pass_(1)
    assert [thing.id for thing in judge(cloud.world, beginning, on_record=()).made] == [own]


@pytest.mark.parametrize(
    ("amount", "shown"), [(0, "0.00000"), (1, "0.00001"), (123_456, "1.23456"), (-100_000, "-1.00000")]
)
def test_a_verdict_shows_exact_money(amount: int, shown: str) -> None:
    assert usd_text(amount) == shown
