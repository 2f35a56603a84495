"""Where nobody can tell which of two objects a create made, none is taken and none is bought: a person decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.model.clock import GRACE, moment
from novita_infra.model.durations import in_words
from novita_infra.planning.plan.changes import Action
from novita_infra.refresh.observing import LOOKS_BACK
from novita_infra.simulator import Fault, Position, Trouble, scenario_of
from novita_infra.simulator.scenarios.events import on_event
from novita_infra.simulator.scenarios.model import start_scenario
from novita_infra.simulator.world.engine.records import ScenarioEvent
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.text.result import result_lines

HERE = "us-dallas-nas-2"
MACHINE: dict[str, Any] = {"product": {"gpu": "L40S"}, "image": "ubuntu:22.04", "cluster": HERE}
WHAT_TO_DO = "could each be what it made; look at them, import the right one with `novita-infra import "
NETWORK = ("VPC", "it", {"cluster": HERE})
STORAGE = ("NetworkStorage", "data", {"cluster": HERE, "sizeGb": 10})
TWIN = ("networks.create", {"clusterId": HERE, "name": "it"})


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, environ={})


def call(rig: Rig, operation: str, body: dict[str, Any]) -> None:
    """Somebody else's call."""
    on_event(rig.world, ScenarioEvent(id="", scenario="", act={"do": "call", "operation": operation, "body": body}), "")


def test_a_run_that_finds_two_objects_stops_and_names_both(rig: Rig) -> None:
    operation, body = TWIN
    event = {"upon": operation, "nth": 1, "do": "call", "operation": operation, "body": body}
    start_scenario(rig.world, scenario_of({"name": "twins", "says": "Somebody makes the same.", "events": [event]}))
    rig.world.faults.add(Fault(kind=Trouble.LOST, operation=operation, position=Position.AFTER))
    rig.declare(NETWORK)
    result = rig.apply(expect_success=False)
    ids = rig.live_ids()
    assert len(ids) == 2
    message = plain(result_lines(result, again="novita-infra apply"))
    assert WHAT_TO_DO in message
    assert all(id in message for id in ids)
    (change,) = rig.plan().plan.changes
    assert change.action is Action.REFUSED
    (problem,) = rig.plan().problems
    assert WHAT_TO_DO in problem.summary
    assert all(id in problem.summary for id in ids)


@pytest.mark.parametrize("text", ["OK", "null", "created"])
@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        NETWORK[::2],
        STORAGE[::2],
        ("Instance", MACHINE),
        ("RegistryAuth", {"username": "u", "password": "p"}),
        ("Template", {"name": "t", "image": "ubuntu:22.04", "rootDiskGb": 20}),
        ("ImagePrewarm", {"image": "ubuntu:22.04", "cluster": HERE}),
    ],
)
def test_a_text_in_place_of_an_answer_is_no_id(rig: Rig, kind: str, spec: dict[str, Any], text: str) -> None:
    rig.declare((kind, "it", spec))
    rig.world.faults.add(Fault(kind=Trouble.TEXT, operation="*.create", message=text))
    rig.apply()
    rig.assert_converged()
    (record,) = rig.state().records.values()
    assert rig.live_ids() == [record.id]


def test_the_right_one_is_taken_in_as_the_message_says(rig: Rig) -> None:
    rig.declare(NETWORK)
    assert rig.crash(at_write=0, after_effect=True)
    call(rig, *TWIN)
    (problem,) = rig.plan().problems
    assert "`novita-infra import vpc.it ID`" in problem.summary
    ours, _ = (item.id for item in rig.world.networks)
    rig.take_in("vpc.it", ours)
    assert rig.plan().empty
    assert rig.record("vpc.it").id == ours


def test_what_a_person_leaves_of_the_two_is_taken_in(rig: Rig) -> None:
    rig.declare(NETWORK)
    assert rig.crash(at_write=0, after_effect=True)
    call(rig, *TWIN)
    assert rig.plan().problems
    ours, theirs = (item.id for item in rig.world.networks)
    call(rig, "networks.delete", {"networkId": theirs})
    rig.apply()
    rig.assert_converged()
    assert rig.live_ids() == [ours]


@pytest.mark.parametrize("marked", [True, False])
def test_the_owner_mark_decides_between_two_objects_and_without_it_the_run_stops(marked: bool, rig: Rig) -> None:
    head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}, "ownerMarks": marked}
    rig.write("novita-infra.yaml", head)
    rig.declare(("Instance", "it", MACHINE))
    assert rig.crash(at_write=0, after_effect=True)
    (ours,) = rig.live_ids()
    assert ("NOVITA_INFRA_OWNER" in str(list(rig.world.instances))) == marked
    body = {"name": "it", "kind": "gpu", "productId": "L40S.16c96g", "gpuNum": 1, "rootfsSize": 60}
    call(rig, "instances.create", {**body, "imageUrl": "ubuntu:22.04", "clusterId": HERE})
    assert len(rig.live_ids()) == 2
    if not marked:
        (problem,) = rig.plan().problems
        assert WHAT_TO_DO in problem.summary
        return
    rig.apply()
    assert rig.record("instance.it").id == ours
    assert rig.plan().empty


def test_a_person_hears_once_what_is_looked_for_and_for_how_long(rig: Rig) -> None:
    rig.declare(NETWORK, ("VPC", "other", {"cluster": HERE}))
    assert rig.crash(at_write=0, after_effect=True)
    assert rig.messages == []
    lost = [str(address) for address, record in rig.state().records.items() if not record.id]
    until = moment(rig.clock.now() + sum(LOOKS_BACK))
    rig.plan()
    for_what = "an earlier call got no answer; looking for what it did"
    message = [f"{', '.join(lost)}: {for_what} until {until} (at most {in_words(sum(LOOKS_BACK))})"]
    assert rig.messages == message
    rig.apply()
    rig.messages.clear()
    rig.plan()
    assert rig.messages == []


def test_a_person_hears_why_a_list_that_may_lag_is_read_again(rig: Rig) -> None:
    rig.declare(STORAGE)
    rig.apply()
    call(rig, "storages.delete", {"storageId": rig.record("network_storage.data").id})
    rig.plan()
    (message,) = rig.messages
    assert message.startswith("network_storage.data: not in the list, which may lag; reading it again until ")
    rig.messages.clear()
    rig.clock.run(rig.clock.sleep(GRACE))
    rig.plan()
    assert rig.messages == []
