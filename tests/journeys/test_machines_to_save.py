"""The plan sees that a machine to be saved does not run: it is refused at once, with what to type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic

MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
TRAINER = ("Instance", "trainer", MACHINE)
STOPPED = ("Instance", "trainer", {**MACHINE, "power": "stopped"})
RUNNING = ("Instance", "trainer", {**MACHINE, "power": "running"})
ADDRESS = "saved_image.trained"


def saved(instance: Any = "trainer") -> tuple[str, str, dict[str, Any]]:
    return ("SavedImage", "trained", {"instance": instance, "image": "docker.io/team/model:1"})


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path, environ={})
    rig.declare(TRAINER)
    rig.apply()
    return rig


def refusal(rig: Rig, **asked: Any) -> Diagnostic:
    review = rig.plan(**asked)
    (found,) = [item for item in review.problems if item.address == ADDRESS]
    assert review.code == EXIT_REFUSED
    assert found.summary.endswith("and it must run while this is created")
    assert found.origin is not None
    return found


def remove(rig: Rig, id: str) -> None:
    machine = rig.world.instances.get(id)
    assert machine is not None
    rig.world.instances.remove(machine)


def by_outsider(rig: Rig, id: str, *statuses: str) -> None:
    machine = rig.world.instances.get(id)
    assert machine is not None
    machine.status, machine.ahead = statuses[0], []
    rig.world.instances.touch(machine)


def test_a_machine_that_somebody_stopped_is_to_be_started_first(rig: Rig) -> None:
    by_outsider(rig, rig.record("instance.trainer").id, "exited")
    rig.declare(TRAINER, saved())
    found = refusal(rig)
    assert "instance.trainer is exited" in found.summary
    assert found.hint == "start it first: `novita-infra instance start instance.trainer`"


def test_a_machine_that_the_same_plan_starts_is_saved(rig: Rig) -> None:
    rig.declare(STOPPED)
    rig.apply()
    rig.declare(RUNNING, saved())
    assert not rig.plan().problems
    rig.apply()
    rig.assert_converged()


@pytest.mark.parametrize("applied", [False, True])
def test_a_machine_that_its_manifest_stops_is_not_saved(rig: Rig, applied: bool) -> None:
    rig.declare(STOPPED)
    if applied:
        rig.apply()
    rig.declare(STOPPED, saved())
    found = refusal(rig)
    assert "the manifest of instance.trainer stops it" in found.summary
    assert found.hint == "set power: running there"


def test_a_machine_that_is_gone_is_not_made_again_only_to_be_saved(rig: Rig) -> None:
    id = rig.record("instance.trainer").id
    remove(rig, id)
    rig.declare(TRAINER, saved())
    found = refusal(rig)
    assert f"instance.trainer ({id}) is gone, and the one that this plan creates has done nothing yet" in found.summary
    assert f"leave this out with {found.option}" in found.hint
    assert found.option == f"--exclude {ADDRESS}"
    rig.apply(excludes=(ADDRESS,))
    rig.apply()
    rig.assert_converged()


def test_a_machine_that_the_plan_replaces_is_saved_before_or_not_at_all(rig: Rig) -> None:
    rig.declare(("Instance", "trainer", {**MACHINE, "product": {"gpu": "L40S"}}), saved())
    found = refusal(rig)
    assert "instance.trainer is replaced by this plan" in found.summary
    assert found.option == "--exclude instance.trainer"
    assert found.option in found.hint
    old = rig.record("instance.trainer").id
    rig.apply(excludes=("instance.trainer",))
    (job,) = rig.world.jobs
    assert job.instance == old
    rig.apply()
    rig.assert_converged()
    assert rig.record("instance.trainer").id != old


def fail(rig: Rig) -> None:
    machine = rig.world.instances.get(rig.record("instance.trainer").id)
    assert machine is not None
    machine.status, machine.ahead = "pulling", []
    machine.error, machine.error_text = "ContainerError", "the container keeps crashing"
    rig.world.instances.touch(machine)


def test_a_machine_that_failed_is_not_saved(rig: Rig) -> None:
    fail(rig)
    rig.declare(TRAINER, saved(), trainer={"onDrift": {"failed": "alert"}})
    assert "instance.trainer has failed" in refusal(rig).summary


def test_a_machine_in_the_place_of_one_that_failed_is_saved_like_a_first_one(rig: Rig) -> None:
    fail(rig)
    rig.declare(TRAINER, saved())
    rig.apply(allow_data_loss=("instance.trainer",))
    rig.assert_converged()


def test_a_machine_that_is_new_in_the_plan_is_waited_for_and_saved(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(TRAINER, saved())
    rig.apply()
    rig.assert_converged()


@pytest.mark.parametrize("state", ["running", "exited", "gone"])
def test_a_machine_named_by_its_id_is_looked_at_too(tmp_path: Path, rig: Rig, state: str) -> None:
    id = rig.record("instance.trainer").id
    if state == "gone":
        remove(rig, id)
    else:
        by_outsider(rig, id, state)
    (tmp_path / "other").mkdir()
    other = Rig(tmp_path / "other", environ={})
    other.world, other.clock = rig.world, rig.clock
    other.declare(saved({"id": id}))
    if state == "running":
        assert not other.plan().problems
        return
    found = refusal(other)
    assert f"{id} is {state}" in found.summary
