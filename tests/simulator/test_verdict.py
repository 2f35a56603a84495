"""The verdict on a run: what it made, what nobody knows of, what was made twice, and what it cost."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.simulator import Fault, Position, Trouble, scenario_named, scenario_of
from novita_infra.simulator.http.lost_answers import LostAnswer
from novita_infra.simulator.verdict import judge, take_baseline, usd_text, verdict_json


def names(things: Any) -> list[tuple[str, str]]:
    return [(thing.kind, thing.name) for thing in things]


def test_what_is_on_no_record_is_an_orphan(cloud: Any) -> None:
    beginning = take_baseline(cloud.world)
    storage = cloud.storage()
    cloud.storage(name="forgotten")
    verdict = judge(cloud.world, beginning, on_record={storage})
    assert names(verdict.made) == [("storages", "data"), ("storages", "forgotten")]
    assert names(verdict.orphans) == [("storages", "forgotten")]
    assert not verdict.clean


def test_without_books_orphans_are_not_known_and_that_is_said(cloud: Any) -> None:
    beginning = take_baseline(cloud.world)
    cloud.storage()
    verdict = judge(cloud.world, beginning, on_record=None)
    assert verdict.orphans is None
    assert verdict_json(verdict)["orphans"] is None


def test_a_create_that_is_repeated_after_a_lost_answer_is_a_double(cloud: Any, a_machine: Any) -> None:
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


def test_two_alike_that_are_both_on_record_were_wanted(cloud: Any) -> None:
    beginning = take_baseline(cloud.world)
    ids = {cloud.storage(), cloud.storage()}
    verdict = judge(cloud.world, beginning, on_record=ids)
    assert (verdict.orphans, verdict.doubles, verdict.clean) == ((), (), True)


def test_what_was_there_before_and_what_others_make_is_not_the_runs(make_cloud: Any) -> None:
    cloud = make_cloud(scenario=scenario_named("foreign-owner"))
    beginning = take_baseline(cloud.world)
    cloud.pass_(1000)
    assert len(cloud.objects("storages")) > 2
    verdict = judge(cloud.world, beginning, on_record=())
    assert (verdict.made, verdict.orphans, verdict.doubles) == ((), (), ())


def test_what_is_on_its_way_out_is_not_counted(cloud: Any) -> None:
    beginning = take_baseline(cloud.world)
    machine, endpoint = cloud.running(), cloud.endpoint()
    cloud.pass_(100)
    cloud.post("gpu/instance/delete", {"instanceId": machine})
    cloud.post("endpoint/delete", {"id": endpoint})
    assert judge(cloud.world, beginning, on_record=()).made == ()


def test_money_and_calls_are_those_of_the_run(cloud: Any) -> None:
    cloud.running()
    beginning = take_baseline(cloud.world)
    cloud.pass_(3600)
    cloud.get("clusters")
    verdict = judge(cloud.world, beginning, on_record=None)
    (meter,) = cloud.objects("meters")
    assert (verdict.spent, verdict.calls) == (meter["price"], {"clusters.list": 1})


def test_others_that_a_scenario_file_brings_are_told_apart_too(make_cloud: Any) -> None:
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
def test_money_is_shown_to_the_last_unit(amount: int, shown: str) -> None:
    assert usd_text(amount) == shown
