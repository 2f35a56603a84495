"""No image is saved over by surprise: the plan looks it up in the account's list, and names what uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.model.diagnostics import EXIT_REFUSED
from novita_infra.model.lifecycle import Cause
from novita_infra.simulator import Fault
from novita_infra.simulator.world.cloud import images
from novita_infra.views.content.lines import plain
from novita_infra.views.plan_lines.plan import plan_lines

MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
REPOSITORY = "docker.io/team/model"
TRAINER = ("Instance", "trainer", MACHINE)
ADDRESS = "saved_image.trained"
LIST = "images_v2.list"


def saved(tag: str, name: str = "trained") -> tuple[str, str, dict[str, Any]]:
    return ("SavedImage", name, {"instance": "trainer", "image": f"{REPOSITORY}:{tag}"})


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A machine that was trained, and an image in the account that somebody else has saved."""
    rig = Rig(tmp_path, environ={})
    rig.declare(TRAINER, ("Instance", "server", {**MACHINE, "image": f"{REPOSITORY}:1"}))
    rig.apply()
    images.add_tag(rig.world, f"{REPOSITORY}:1")
    return rig


def test_an_image_that_exists_is_not_saved_over_and_its_users_are_named(rig: Rig) -> None:
    rig.declare(TRAINER, ("Instance", "server", {**MACHINE, "image": f"{REPOSITORY}:1"}), saved("1"))
    review = rig.plan(allow_data_loss=())
    (found,) = review.problems
    assert (review.code, found.address) == (EXIT_REFUSED, ADDRESS)
    assert found.summary.startswith(
        f"creating it loses the image {REPOSITORY}:1, which instance.server uses, in whose place another is saved"
    )
    assert f"run it again with --allow-data-loss {ADDRESS}" in found.hint
    allowed = rig.plan(allow_data_loss=(ADDRESS,))
    assert not allowed.problems
    assert "which instance.server uses" in plain(plan_lines(allowed))
    rig.apply(allow_data_loss=(ADDRESS,))
    rig.assert_converged()


@pytest.mark.parametrize("written", ["team/model:1", "index.docker.io/team/model:1"])
def test_an_image_is_known_by_every_spelling_of_its_name(rig: Rig, written: str) -> None:
    rig.declare(TRAINER, ("SavedImage", "trained", {"instance": "trainer", "image": written}))
    assert [found.address for found in rig.plan(allow_data_loss=()).problems] == [ADDRESS]


@pytest.mark.parametrize("unlisted", [(), ("*",)])
def test_to_go_back_to_an_earlier_tag_needs_permission(rig: Rig, unlisted: tuple[str, ...]) -> None:
    rig.world.unlisted = unlisted
    for tag in ("2", "3"):
        rig.declare(TRAINER, saved(tag))
        assert not rig.plan(allow_data_loss=()).problems
        rig.apply()
    rig.declare(TRAINER, saved("2"))
    review = rig.plan(allow_data_loss=())
    assert {(found.address, found.option) for found in review.problems} == {(ADDRESS, f"--allow-data-loss {ADDRESS}")}
    if unlisted:
        assert "name another tag; to save over it" in review.problems[0].hint
    else:
        assert "to use that image as it is, import the job that saved it" in review.problems[0].hint
    rig.apply(allow_data_loss=(ADDRESS,))
    assert rig.world.calls["jobs.save_image"] == 3


@pytest.mark.parametrize("gone", [False, True])
def test_the_way_back_to_an_earlier_tag_names_the_job_to_import(rig: Rig, gone: bool) -> None:
    jobs: dict[str, str] = {}
    for tag in ("2", "3"):
        rig.declare(TRAINER, saved(tag))
        rig.apply()
        jobs[tag] = rig.record(ADDRESS).id
    rig.declare(TRAINER, saved("2"))
    if gone:
        id = rig.record("instance.trainer").id
        machine = rig.world.instances.get(id)
        assert machine is not None
        rig.world.instances.remove(machine)
        rig.declare(("SavedImage", "trained", {"instance": {"id": id}, "image": f"{REPOSITORY}:2"}))
    problems = [item for item in rig.plan(allow_data_loss=()).problems if item.address == ADDRESS]
    (found,) = [item for item in problems if "saved it already" in item.summary]
    back = f"`novita-infra state rm {ADDRESS}`, then `novita-infra import {ADDRESS} {jobs['2']}`"
    assert found.hint.startswith(f"to use it as it is: {back}")
    assert ["--allow-data-loss" in item.hint + item.option for item in problems] == (
        [False, False, False] if gone else [True, True]
    )


def test_the_job_to_import_is_the_last_one_that_ended_well(rig: Rig) -> None:
    for tag in ("2", "3"):
        rig.declare(TRAINER, saved(tag))
        rig.apply()
    rig.declare(TRAINER, saved("2"))
    rig.apply(allow_data_loss=(ADDRESS,))
    last = rig.record(ADDRESS).id
    rig.declare(TRAINER, saved("3", "other"))
    rig.apply(allow_data_loss=("*",))
    rig.declare(TRAINER, saved("2"))
    (found,) = [item for item in rig.plan(allow_data_loss=()).problems if "saved it already" in item.summary]
    assert f"`novita-infra import {ADDRESS} {last}`" in found.hint


def test_an_image_that_nobody_has_is_saved_without_a_question(rig: Rig) -> None:
    rig.declare(TRAINER, saved("2"))
    assert not rig.plan(allow_data_loss=()).problems


def test_the_images_are_listed_once_and_only_where_one_is_saved(rig: Rig) -> None:
    rig.plan()
    assert rig.world.calls[LIST] == 0
    rig.declare(TRAINER, saved("2"), saved("3", "other"))
    rig.plan()
    assert rig.world.calls[LIST] == 1


def test_a_key_that_may_not_list_images_plans_all_the_same_and_is_told(rig: Rig) -> None:
    rig.world.faults.add(Fault(operation=LIST, status=403, reason="FORBIDDEN"))
    rig.declare(TRAINER, saved("1"))
    review = rig.plan(allow_data_loss=())
    assert not review.problems
    (note,) = [note for note in review.notes if note.address == ADDRESS]
    assert f"whether {REPOSITORY}:1 exists already is not known" in note.summary


def forget(rig: Rig, repository: str = REPOSITORY) -> None:
    """Somebody deletes the image with all of its tags."""
    (image,) = (one for one in rig.world.table(images.Image) if one.repository == repository)
    images.remove_image(rig.world, image.id)


SERVER = ("Instance", "server", {**MACHINE, "image": f"{REPOSITORY}:2"})


def test_an_image_that_was_deleted_is_drift_and_is_not_saved_again_by_itself(rig: Rig) -> None:
    rig.declare(TRAINER, saved("2"), SERVER)
    rig.apply()
    assert rig.record(ADDRESS).outputs["imageId"]
    forget(rig)
    review = rig.plan()
    (drift,) = review.plan.drift
    assert (drift.cause, str(drift.address)) == (Cause.DELETED, ADDRESS)
    assert drift.says == f"the image {REPOSITORY}:2 is not in the list of the account any more"
    assert not review.plan.steps
    (note,) = [item for item in review.notes if item.address == ADDRESS]
    assert "is not saved again by itself; instance.server cannot pull it any more" in note.summary
    assert f"--replace {ADDRESS}" in note.hint
    replacing = rig.plan(replaces=(ADDRESS,), allow_data_loss=())
    assert not replacing.problems, "nothing is lost"
    rig.apply(replaces=(ADDRESS,))
    rig.assert_converged()
    assert not rig.plan().plan.drift


def test_an_image_that_somebody_pushed_again_is_no_drift_any_more(rig: Rig) -> None:
    rig.declare(TRAINER, saved("2"))
    rig.apply()
    forget(rig)
    assert rig.plan().plan.drift
    images.add_tag(rig.world, f"{REPOSITORY}:2")
    assert not rig.plan().plan.drift


def test_an_image_in_a_registry_that_no_list_shows_is_never_missed(rig: Rig) -> None:
    rig.world.unlisted = ("*",)
    rig.declare(TRAINER, saved("2"))
    rig.apply()
    assert "imageId" not in rig.record(ADDRESS).outputs
    review = rig.plan()
    assert not review.plan.drift
    assert not [item for item in review.notes if item.address == ADDRESS]


def test_an_image_is_not_missed_while_the_list_cannot_be_read(rig: Rig) -> None:
    rig.declare(TRAINER, saved("2"))
    rig.apply()
    forget(rig)
    rig.world.faults.add(Fault(operation=LIST, status=403, reason="FORBIDDEN"))
    assert not rig.plan().plan.drift


def test_drift_of_an_image_may_be_ignored(rig: Rig) -> None:
    rig.declare(TRAINER, saved("2"), trained={"onDrift": {"deleted": "ignore"}})
    rig.apply()
    forget(rig)
    review = rig.plan()
    assert not review.plan.drift
    assert not [item for item in review.notes if item.address == ADDRESS]
