"""What is busy or in use may pass: it is asked for again within the step's time, and not for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.applying.events import Ended, Event, Outcome, Progressed, Started
from novita_infra.kinds import KINDS
from novita_infra.planning.options import RunLimits
from novita_infra.simulator import Fault, Trouble
from novita_infra.simulator.scenarios.events import on_event
from novita_infra.simulator.world.engine.records import ScenarioEvent
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.text.result import result_lines

HERE = "us-dallas-nas-2"
STAYS = ("VPC", "other", {"cluster": HERE})
MINUTE = 60.0


def storages(count: int) -> list[tuple[str, str, dict[str, Any]]]:
    return [("NetworkStorage", f"s{index}", {"cluster": HERE, "sizeGb": 10}) for index in range(count)]


def call(rig: Rig, operation: str, body: dict[str, Any]) -> None:
    """Somebody else's call."""
    act = {"do": "call", "operation": operation, "body": body}
    on_event(rig.world, ScenarioEvent(id="", scenario="", act=act), "")


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, environ={})


def refuse(rig: Rig, operation: str, *, count: int | None, retry_after: str = "") -> None:
    how: dict[str, Any] = {"status": 400, "reason": "NODE_STATUS", "retry_after": retry_after, "count": count}
    rig.world.faults.add(Fault(kind=Trouble.STATUS, operation=operation, **how))


def test_a_delete_waits_within_its_timeout_for_a_storage_in_use(rig: Rig) -> None:
    rig.declare(*storages(1), STAYS)
    rig.apply()
    storage = rig.record("network_storage.s0").id
    mount = {"Id": storage, "mountPoint": "/data"}
    body = {"name": "theirs", "kind": "gpu", "productId": "L40S.16c96g", "gpuNum": 1, "rootfsSize": 60}
    call(rig, "instances.create", {**body, "imageUrl": "u:1", "clusterId": HERE, "networkStorages": [mount]})
    (theirs,) = rig.world.instances
    rig.declare(STAYS)
    began = rig.clock.now()
    result = rig.apply(expect_success=False)
    bound = KINDS["network_storage"].timeouts.delete
    assert bound - MINUTE < rig.clock.now() - began <= bound
    message = plain(result_lines(result, again="novita-infra apply"))
    assert f"network_storage.s0: delete ({storage})" in message
    assert "IN_USE" in message
    assert rig.record("network_storage.s0").id == storage
    call(rig, "instances.delete", {"instanceId": theirs.id})
    rig.apply()
    rig.assert_converged()


def test_an_object_in_use_is_deleted_as_soon_as_it_is_free(rig: Rig) -> None:
    rig.declare(*storages(1), STAYS)
    rig.apply()
    refuse(rig, "storages.delete", count=5)
    rig.declare(STAYS)
    began = rig.clock.now()
    rig.apply()
    assert rig.clock.now() - began < MINUTE
    notes = [event.note for event in rig.events if isinstance(event, Progressed) and event.note]
    assert notes[0] == "NODE_STATUS: a fault of the simulator: tried again for up to 15 min until it passes"
    rig.assert_converged()


def test_the_wait_that_the_service_asks_for_is_kept(rig: Rig) -> None:
    rig.declare(*storages(1), STAYS)
    rig.apply()
    refuse(rig, "storages.delete", count=1, retry_after="45")
    rig.declare(STAYS)
    began = rig.clock.now()
    rig.apply()
    assert 45 <= rig.clock.now() - began < 55


def test_those_that_are_sent_away_together_do_not_come_back_together(rig: Rig) -> None:
    rig.declare(*storages(20), STAYS)
    rig.apply()
    refuse(rig, "storages.delete", count=20)
    rig.declare(STAYS)
    rig.apply(limits=RunLimits(max_calls=20))
    elapsed = {round(event.elapsed, 2) for event in rig.events if isinstance(event, Ended) and not event.reason}
    assert len(elapsed) > 5  # one, if they did: seen as gone by a few polls


@pytest.mark.parametrize("doing", ["create", "delete"])
def test_an_interrupted_run_does_not_wait_until_what_is_busy_is_free(doing: str, rig: Rig) -> None:
    declared = [STAYS, *storages(1)]
    rig.declare(*(declared[:1] if doing == "create" else declared))
    rig.apply()
    rig.declare(*(declared if doing == "create" else declared[:1]))
    refuse(rig, f"storages.{doing}", count=None, retry_after="50")
    began = rig.clock.now()
    result = rig.apply(stop_when=lambda event: bool(isinstance(event, Progressed) and event.note), expect_success=False)
    assert rig.clock.now() - began < 10
    (end,) = result.ends
    assert (end.outcome, result.interrupted) == (Outcome.FAILED, True)
    rig.assert_nothing_lost()
    rig.world.faults.clear()
    rig.apply()
    rig.assert_converged()


@pytest.mark.parametrize(("status", "reason"), [(503, ""), (429, "RATE_LIMIT_EXCEEDED")])
def test_an_answer_that_is_none_never_counts_as_gone(status: int, reason: str, rig: Rig) -> None:
    rig.declare(("Instance", "a", {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}), STAYS)
    rig.apply()
    rig.declare(STAYS)
    (machine,) = rig.world.instances
    left: list[str] = []

    def look(event: Event) -> bool:
        if isinstance(event, Started):
            for name in ("get", "list"):
                fault: dict[str, Any] = {"status": status, "reason": reason, "count": 25}
                rig.world.faults.add(Fault(kind=Trouble.STATUS, operation=f"instances.{name}", **fault))
        if isinstance(event, Ended):
            rig.world.advance()
            left.append(machine.status)
        return False

    rig.apply(stop_when=look)
    assert left == ["removed"]
    rig.assert_converged()


def test_the_time_for_a_delete_holds_for_what_is_destroyed_too(rig: Rig) -> None:
    rig.declare(*storages(1), STAYS, s0={"timeouts": {"delete": "2m"}})
    rig.apply()
    storage = rig.record("network_storage.s0").id
    refuse(rig, "storages.delete", count=None)
    began = rig.clock.now()
    result = rig.destroy(expect_success=False)
    assert rig.clock.now() - began <= 2 * MINUTE
    assert f"network_storage.s0: delete ({storage})" in plain(result_lines(result, again="novita-infra destroy"))


def test_what_an_earlier_run_was_deleting_is_not_missed(rig: Rig) -> None:
    rig.declare(*storages(3))
    rig.apply()
    rig.crash(at_write=2, after_effect=True, destroys=True)
    rig.clock.run(rig.clock.sleep(MINUTE))
    review = rig.plan(destroys=True)
    assert len(review.plan.changes) == 3
    assert not [note for note in review.notes if "in this account" in note.summary]
