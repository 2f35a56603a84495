"""Saved images: one job for each image, waited for and resumed, used by others, and never a matter of drift."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.applying.events import Identified, Outcome
from novita_infra.model.diagnostics import EXIT_REFUSED
from novita_infra.planning.plan.changes import Action
from novita_infra.simulator import Fault, Position, Trouble
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.text.result import result_lines
from novita_infra.views.plan_lines.plan import plan_lines

MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
IMAGE = "docker.io/team/model:1"
TRAINER = ("Instance", "trainer", MACHINE)
SAVED = ("SavedImage", "trained", {"instance": "trainer", "image": IMAGE})
SERVER = ("Instance", "server", {**MACHINE, "image": "${saved_image.trained.image}"})
OTHER = ("VPC", "net", {"cluster": "us-dallas-nas-2"})


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A machine that was trained."""
    rig = Rig(tmp_path, environ={})
    rig.declare(TRAINER, OTHER)
    rig.apply()
    return rig


def saves(rig: Rig) -> int:
    return rig.world.calls["jobs.save_image"]


def text_of(rig: Rig, **asked: Any) -> str:
    return plain(plan_lines(rig.plan(**asked)))


def test_what_uses_the_image_is_made_when_the_job_is_over(rig: Rig) -> None:
    rig.declare(TRAINER, OTHER, SAVED, SERVER)
    steps = {step.key: step for step in rig.plan().plan.steps}
    assert steps["instance.server/create"].after == ("saved_image.trained/create",)
    states: list[str] = []

    def look(event: object) -> bool:
        if isinstance(event, Identified) and str(event.step.address) == "instance.server":
            states.extend(job.state for job in rig.world.jobs)
        return False

    rig.apply(stop_when=look)
    assert states == ["success"]
    server = rig.world.instances.get(rig.record("instance.server").id)
    assert server is not None
    assert server.image == IMAGE
    rig.assert_converged()
    assert saves(rig) == 1


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("at_write", [1, 2])
def test_a_run_that_is_killed_never_saves_twice(rig: Rig, at_write: int, after_effect: bool) -> None:
    rig.declare(TRAINER, OTHER, SAVED, ("VPC", "more", {"cluster": "us-ca-nas-2"}))
    rig.crash(at_write=at_write, after_effect=after_effect)
    rig.apply()
    rig.assert_converged()
    assert len(list(rig.world.jobs)) == 1, "and not two"


def test_a_lost_answer_is_found_in_the_list_beside_an_older_job_that_is_alike(rig: Rig) -> None:
    rig.declare(TRAINER, OTHER, SAVED)
    rig.apply()
    old = rig.record("saved_image.trained").id
    rig.declare(TRAINER, OTHER)
    rig.apply()
    rig.declare(TRAINER, OTHER, SAVED)
    rig.world.faults.add(Fault(kind=Trouble.LOST, position=Position.AFTER, operation="jobs.save_image", count=1))
    rig.apply()
    assert rig.record("saved_image.trained").id != old
    assert saves(rig) == 2


def test_a_job_that_no_list_shows_any_more_is_no_drift(rig: Rig) -> None:
    rig.declare(TRAINER, OTHER, SAVED, SERVER)
    rig.apply()
    rig.clock.run(rig.clock.sleep(rig.world.timings.job_kept + 1))
    begun = rig.clock.now()
    review = rig.plan()
    assert review.empty
    assert not review.plan.drift
    assert rig.clock.now() - begun < 5, "nothing is waited for"
    rig.declare(TRAINER, OTHER)
    rig.apply()
    assert saves(rig) == 1


def test_a_machine_in_the_place_of_the_old_one_saves_nothing_again(rig: Rig) -> None:
    rig.declare(TRAINER, OTHER, SAVED)
    rig.apply()
    rig.declare(("Instance", "trainer", {**MACHINE, "product": {"gpu": "L40S"}}), OTHER, SAVED)
    rig.apply()
    rig.assert_converged()
    assert saves(rig) == 1


def test_the_machine_is_deleted_when_the_image_is_saved(rig: Rig) -> None:
    id = rig.record("instance.trainer").id
    rig.declare(TRAINER, OTHER, SAVED)
    rig.apply(stop_when=lambda event: isinstance(event, Identified), expect_success=False)
    rig.declare(OTHER, ("SavedImage", "trained", {"instance": {"id": id}, "image": IMAGE}))
    steps = {step.key: step for step in rig.plan().plan.steps}
    assert steps[f"instance.trainer/delete:{id}"].after == ("saved_image.trained/wait",)
    rig.apply()
    assert [job.state for job in rig.world.jobs] == ["success"]
    rig.assert_converged()


def test_a_failed_job_says_what_to_look_at_and_the_next_run_saves_again(rig: Rig) -> None:
    rig.world.unpullable = ("*/team/*",)
    rig.declare(TRAINER, OTHER, SAVED, SERVER)
    result = rig.apply(expect_success=False)
    said = plain(result_lines(result, again="novita-infra apply"))
    assert "PushFailed: could not finish saveImage" in said
    assert "check that the registry takes this image with this registryAuth first" in said
    assert {str(end.step.address): end.outcome for end in result.ends}["instance.server"] is Outcome.SKIPPED
    rig.world.unpullable = ()
    change = next(item for item in rig.plan().plan.changes if item.action is Action.REPLACE)
    assert change.why.startswith("it failed: PushFailed")
    assert not change.loses
    rig.apply()
    rig.assert_converged()
    assert saves(rig) == 2


def test_a_job_that_somebody_interrupts_is_begun_again(rig: Rig) -> None:
    rig.declare(TRAINER, OTHER, SAVED)
    rig.apply(stop_when=lambda event: isinstance(event, Identified), expect_success=False)
    (job,) = rig.world.jobs
    job.state, job.ahead = "break", []
    assert "it failed: it was interrupted" in text_of(rig)
    rig.apply()
    rig.assert_converged()


def test_to_save_over_an_image_needs_leave(rig: Rig) -> None:
    rig.declare(TRAINER, OTHER, SAVED)
    rig.apply()
    review = rig.plan(replaces=("saved_image.trained",), allow_data_loss=())
    assert review.code == EXIT_REFUSED
    assert f"the image {IMAGE}, in whose place another is saved" in str(review.problems)
    rig.declare(TRAINER, OTHER, ("SavedImage", "trained", {"instance": "trainer", "image": "docker.io/team/model:2"}))
    assert not rig.plan(allow_data_loss=()).problems
    assert "will be replaced: the old one is over, and is not deleted" in text_of(rig)
    rig.apply()
    assert sorted(job.image for job in rig.world.jobs) == [IMAGE, "docker.io/team/model:2"]


def test_a_resource_that_is_deleted_leaves_the_image(rig: Rig) -> None:
    rig.declare(TRAINER, OTHER, SAVED)
    rig.apply()
    rig.declare(TRAINER, OTHER)
    assert "a saved image stays in its registry" in text_of(rig)
    rig.apply()
    rig.assert_converged()
    assert rig.world.calls["jobs.break"] == 0


def test_a_job_under_way_is_interrupted_when_its_resource_is_deleted(rig: Rig) -> None:
    rig.declare(TRAINER, OTHER, SAVED)
    rig.apply(stop_when=lambda event: isinstance(event, Identified), expect_success=False)
    rig.declare(TRAINER, OTHER)
    rig.apply()
    assert [job.state for job in rig.world.jobs] == ["break"]
    rig.assert_converged()


def test_an_image_that_was_saved_and_forgotten_is_not_saved_over_by_surprise(rig: Rig) -> None:
    rig.declare(TRAINER, OTHER, SAVED)
    rig.apply()
    job = rig.record("saved_image.trained").id
    rig.declare(TRAINER, OTHER)
    rig.apply()

    rig.declare(TRAINER, OTHER, SAVED)
    review = rig.plan(allow_data_loss=())
    (listed, found) = review.problems
    assert review.code == EXIT_REFUSED
    assert (listed.address, found.address) == ("saved_image.trained", "saved_image.trained")
    assert listed.option == found.option == "--allow-data-loss saved_image.trained"
    assert f"{job} ({IMAGE}, success) saved it already and is in no state: it would be saved over" in found.summary
    assert f"novita-infra import saved_image.trained {job}" in found.hint
    assert saves(rig) == 1
    assert "in whose place another is saved" in text_of(rig, allow_data_loss=("saved_image.trained",))
    rig.apply(allow_data_loss=("saved_image.trained",))
    assert saves(rig) == 2

    rig.declare(TRAINER, OTHER, ("SavedImage", "later", {"instance": "trainer", "image": "docker.io/team/model:2"}))
    assert not [item for item in rig.plan().problems if "saved" in item.summary]


def test_a_forgotten_image_is_not_saved_over_where_others_are_recorded(rig: Rig) -> None:
    kept = ("SavedImage", "kept", {"instance": "trainer", "image": "docker.io/team/model:2"})
    rig.declare(TRAINER, OTHER, SAVED, kept)
    rig.apply()
    rig.declare(TRAINER, OTHER, kept)
    rig.apply()
    rig.declare(TRAINER, OTHER, kept, SAVED)
    rig.world.unlisted = ("docker.io/team/*",)
    review = rig.plan(allow_data_loss=())
    assert [found.address for found in review.problems] == ["saved_image.trained"]
    assert "saved it already and is in no state" in review.problems[0].summary
    assert saves(rig) == 2
