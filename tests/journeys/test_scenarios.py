"""Scenarios of the simulator: the result of an apply in each, and its messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from histories import Chapter, End, History
from outsiders import ids_in
from playing import play
from rig import Rig

from novita_infra.applying.events import Progressed, Result
from novita_infra.cli.commands.main.apply import exit_code_of
from novita_infra.kinds.toolkit.image_pulls import REMEDY
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR
from novita_infra.simulator import Fault, Trouble, scenario_of
from novita_infra.simulator.scenarios.model import start_scenario
from novita_infra.simulator.world.engine.settings import Timings
from novita_infra.simulator.world.market import catalogue
from novita_infra.views.content.events import event_line
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.text.result import result_lines
from novita_infra.views.formats.text.state import record_lines

pytestmark = pytest.mark.slow

HERE = "us-dallas-nas-2"
MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "cluster": HERE}
WORKERS = {"min": 1, "max": 2, "idleTimeout": 60, "maxConcurrency": 1, "requestTimeout": 60}
ENDPOINT: dict[str, Any] = {
    "product": {"gpu": "RTX 4090"},
    "image": "ubuntu:22.04",
    "ports": ["80/http"],
    "healthPath": "/",
    "workers": WORKERS,
    "scaling": {"type": "queue", "value": 1},
}
FLEET: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("NetworkStorage", "data", {"cluster": HERE, "sizeGb": 10}),
    ("VPC", "net", {"cluster": HERE}),
    ("RegistryAuth", "hub", {"username": "u", "password": "p"}),
    ("Template", "base", {"image": "ubuntu:22.04", "rootDiskGb": 60}),
    ("ImagePrewarm", "warm", {"cluster": HERE, "image": "pytorch/pytorch:2.4.0"}),
    ("Instance", "a", {**MACHINE, "networkStorages": [{"storage": "data", "mountPath": "/data"}]}),
    ("Instance", "b", {**MACHINE, "vpc": "net"}),
    ("Endpoint", "api", ENDPOINT),
)
"""One of every kind."""
AGAIN = "Next: novita-infra apply .   (it continues from here)"


def a_day(folder: Path, scenario: str, *, seed: int = 0) -> Rig:
    rig = Rig(folder, seed=seed, environ={}, scenario=scenario, timings=Timings())
    rig.declare(*FLEET)
    return rig


def text_of(result: Result) -> str:
    """What the person reads at the end."""
    return plain(result_lines(result, again="novita-infra apply ."))


def notes(rig: Rig) -> list[str]:
    return [event.note for event in rig.events if isinstance(event, Progressed) and event.note]


def made(rig: Rig) -> int:
    """How many machines there ever were."""
    rig.world.advance()
    return len(rig.world.instances)


@pytest.mark.parametrize("seed", range(4))
def test_lost_answers_cost_nothing_and_are_reported(seed: int, tmp_path: Path) -> None:
    rig = a_day(tmp_path, "lost-answers", seed=seed)
    assert text_of(rig.apply()).startswith("Apply complete: 8 created.")
    rig.assert_converged()
    found = [note for note in notes(rig) if note.startswith("what it made was found: ")]
    assert {note.rpartition(" ")[2] for note in found} <= set(rig.live_ids())
    lost = [note for note in notes(rig) if note not in found]
    assert len(lost) == len(found)
    for note in lost:
        assert ": no answer: the connection was reset; looking for what it made for up to 1 min 30 s" in note
    assert made(rig) == 2


def test_lists_that_lag_make_nothing_twice_and_lose_nothing(tmp_path: Path) -> None:
    rig = a_day(tmp_path, "stale-reads")
    assert text_of(rig.apply()).startswith("Apply complete: 8 created.")
    rig.assert_nothing_lost()
    writes = {name: count for name, count in rig.world.calls.items() if name.endswith((".create", ".save"))}
    assert writes.pop("instances.create") == 2
    assert set(writes.values()) == {1}  # also where the answer holds no id and no list shows the object yet
    rig.clock.run(rig.clock.sleep(30))
    rig.assert_converged()


@pytest.mark.parametrize("per_cent", [50, 100])
def test_a_deleted_object_in_a_stale_list_is_not_adopted(per_cent: int, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("VPC", "net", {"cluster": HERE}))
    rig.apply()
    rig.world.faults.add(Fault(kind=Trouble.STALE, operation="*.list", seconds=20, per_cent=per_cent, count=None))
    rig.declare(("VPC", "net", {"cluster": "us-ca-nas-2"}))
    rig.apply()
    rig.declare(("VPC", "net", {"cluster": HERE}))
    rig.apply()
    rig.assert_nothing_lost()
    rig.world.faults.clear()
    rig.assert_converged()


@pytest.mark.parametrize("at", [0, 2, 4, 6, 8])
@pytest.mark.parametrize("how", ["kill before", "kill after"])
def test_killed_while_lists_are_stale_nothing_is_lost_or_created_twice(how: str, at: int) -> None:
    killed = Chapter(fleet=FLEET, end=End(how=how, at=at, writes=True))
    play(History(seed=0, scenario="stale-reads", chapters=(killed, Chapter(fleet=FLEET)), short=True))
    play(History(seed=0, scenario="stale-reads", chapters=(killed, Chapter(fleet=FLEET[3:5])), short=True))


def test_stock_gone_after_the_plan_blocks_one_step_and_names_the_next(tmp_path: Path) -> None:
    rig = a_day(tmp_path, "calm")
    plan = rig.plan()
    catalogue.set_stock(rig.world, products="*", clusters="*", places=0)
    result = rig.apply(review=plan, expect_success=False)
    assert exit_code_of(result) == EXIT_BLOCKED
    text = text_of(result)
    assert text.startswith("Apply did not finish: 5 of 8 steps done, 3 failed.")
    assert f"INSUFFICIENT_RESOURCE: no RTX 4090 24GB is free in {HERE}" in text
    assert "try again later, or ask for another product or cluster" in text
    assert AGAIN in text
    rig.assert_nothing_lost()
    catalogue.set_stock(rig.world, products="*", clusters="*", places=None)
    assert text_of(rig.apply()).startswith("Apply complete: 3 created.")
    rig.assert_converged()


def test_no_stock_of_any_wish_names_what_was_tried(tmp_path: Path) -> None:
    rig = a_day(tmp_path, "calm")
    rig.declare(("Instance", "a", {**MACHINE, "product": {"anyOf": [{"gpu": "H100"}, {"gpu": "L40S"}]}}))
    plan = rig.plan()
    catalogue.set_stock(rig.world, products="*", clusters="*", places=0)
    result = rig.apply(review=plan, expect_success=False)
    assert exit_code_of(result) == EXIT_BLOCKED
    assert "INSUFFICIENT_RESOURCE" in text_of(result)
    assert rig.state().records == {}


def test_stock_that_comes_later_is_waited_for_where_the_manifest_says_so(tmp_path: Path) -> None:
    rig = a_day(tmp_path, "stock-later")
    rig.declare(("Instance", "a", MACHINE), a={"waitForCapacity": "30m"})
    began = rig.clock.now()
    assert text_of(rig.apply()).startswith("Apply complete: 1 created.")
    assert 600 <= rig.clock.now() - began < 720
    assert [note for note in notes(rig) if "INSUFFICIENT_RESOURCE" in note]
    rig.assert_converged()


def test_without_that_the_same_command_does_it_when_there_is_stock(tmp_path: Path) -> None:
    rig = a_day(tmp_path, "stock-later")
    assert rig.plan().code == EXIT_BLOCKED
    rig.clock.run(rig.clock.sleep(600))
    assert text_of(rig.apply()).startswith("Apply complete: 8 created.")
    rig.assert_converged()


def test_a_sold_out_offer_leads_to_the_next_in_the_same_run(tmp_path: Path) -> None:
    rig = a_day(tmp_path, "first-choice-gone")
    wishes = [{"id": "4090.16c62g", "cluster": HERE}, {"gpu": "L40S", "cluster": HERE}]
    rig.declare(("Instance", "a", {"product": {"anyOf": wishes}, "image": "ubuntu:22.04"}))
    assert text_of(rig.apply()).startswith("Apply complete: 1 created.")
    shown = plain(record_lines(rig.record("instance.a")))
    assert f'passed over: {{cluster: "{HERE}", product: "4090.16c62g"}}: INSUFFICIENT_RESOURCE' in shown
    choice = rig.record("instance.a").choice
    assert choice["took"] == {"product": "L40S.16c96g", "cluster": HERE}
    assert choice["passed"] == [
        {
            "offer": {"product": "4090.16c62g", "cluster": HERE},
            "reason": f"INSUFFICIENT_RESOURCE: no RTX 4090 24GB is free in {HERE}",
        }
    ]
    rig.assert_converged()


def test_a_service_that_refuses_every_third_call_is_no_failure(tmp_path: Path) -> None:
    rig = a_day(tmp_path, "rate-limited")
    assert text_of(rig.apply()).startswith("Apply complete: 8 created.")
    assert made(rig) == 2
    rig.assert_converged()
    rig.destroy()
    assert rig.live_ids() == []


def test_a_slow_pull_is_waited_for_by_the_next_run(tmp_path: Path) -> None:
    rig = a_day(tmp_path, "slow-pull")
    rig.declare(("Instance", "a", MACHINE), a={"timeouts": {"create": "5m"}})
    result = rig.apply(expect_success=False)
    assert exit_code_of(result) == EXIT_ERROR
    id = rig.record("instance.a").id
    text = text_of(result)
    assert (
        f"{id} is still pulling after 300 s; it is recorded in the state, and the next run waits for it again" in text
    )
    assert "(longer: lifecycle.timeouts)" in text
    assert AGAIN in text
    for _ in range(4):
        result = rig.apply(expect_success=False)
        if result.succeeded:
            break
    assert result.succeeded
    assert rig.record("instance.a").id == id
    assert made(rig) == 1
    rig.assert_converged()


def test_an_image_of_many_gigabytes_is_within_the_default_time(tmp_path: Path) -> None:
    rig = a_day(tmp_path, "slow-pull")
    assert text_of(rig.apply()).startswith("Apply complete: 8 created.")
    rig.assert_converged()


def test_a_failed_pull_is_reported_and_corrected_by_the_next_run(tmp_path: Path) -> None:
    rig = a_day(tmp_path, "pull-fails")
    result = rig.apply(expect_success=False)
    assert exit_code_of(result) == EXIT_ERROR
    text, broken = text_of(result), rig.record("instance.a").id
    assert f"{broken} failed: ImagePullFailed: image ubuntu:22.04 cannot be pulled: manifest unknown" in text
    assert f"{rig.record('image_prewarm.warm').id} failed: pull pytorch/pytorch:2.4.0: manifest unknown" in text
    advised = {end.step.address.type for end in result.ends if REMEDY in end.reason}
    assert advised == {"instance", "image_prewarm", "endpoint"}
    assert f"ImagePullFailed: image {ENDPOINT['image']} cannot be pulled" in text
    assert AGAIN in text
    rig.assert_nothing_lost()
    rig.world.unpullable = ()
    (change,) = [item for item in rig.plan().plan.changes if str(item.address) == "instance.a"]
    assert change.why.startswith("it failed: ImagePullFailed: image ubuntu:22.04 cannot be pulled")
    rig.declare(*(item for item in FLEET if item[0] != "Endpoint"))  # its workers do not pull again by themselves
    rig.apply()
    rig.assert_converged()
    assert rig.record("instance.a").id != broken


def test_a_status_that_nobody_knows_is_shown_and_waited_through(tmp_path: Path) -> None:
    rig = a_day(tmp_path, "new-status")
    assert text_of(rig.apply()).startswith("Apply complete: 8 created.")
    seen = {event.status for event in rig.events if isinstance(event, Progressed) and event.step.address.name == "a"}
    assert "provisioning" in seen
    lines = [plain([event_line(event)]) for event in rig.events]
    assert [line for line in lines if "instance.a: create: provisioning after " in line]
    rig.assert_converged()
    rig.declare(*FLEET[:5], ("Instance", "b", {**MACHINE, "vpc": "net", "command": "sleep 1"}), FLEET[7])
    rig.apply()
    rig.assert_converged()


@pytest.mark.parametrize("seed", range(5))
def test_chaos_ends_well_once_it_is_over(seed: int, tmp_path: Path) -> None:
    rig = a_day(tmp_path, "chaos", seed=seed)
    for _ in range(4):
        result = rig.apply(expect_success=False)
        assert result.succeeded or AGAIN in text_of(result)
        rig.clock.run(rig.clock.sleep(300))
    rig.world.faults.clear()
    for happening in list(rig.world.scenario_events):
        rig.world.scenario_events.remove(happening)
    catalogue.set_stock(rig.world, products="*", clusters="*", places=None)
    rig.apply()
    assert rig.plan().empty
    strangers = [machine.id for machine in rig.world.instances if machine.name.startswith("not-yours")]
    assert len(strangers) == 2  # which are left alone
    ours = ids_in(rig.world).keys() - set(strangers)
    assert ours == {record.id for record in rig.state().records.values()}


def test_a_change_of_another_person_ends_the_wait_for_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", MACHINE))
    rig.apply()
    call = {"do": "call", "operation": "instances.stop", "each": {"kind": "instances"}, "body": {"instanceId": "$id"}}
    event = {"upon": "instances.get", "nth": 1, **call}
    start_scenario(
        rig.world, scenario_of({"name": "beaten to it", "says": "Someone stops it first.", "events": [event]})
    )
    rig.declare(("Instance", "a", {**MACHINE, "power": "stopped"}))
    began = rig.clock.now()
    rig.apply()
    assert rig.clock.now() - began < 60
    rig.assert_converged()
