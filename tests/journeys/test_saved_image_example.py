"""The example of a saved image: no option that is left out deletes the endpoint, and the machine may go."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from rig import Rig

from novita_infra.model.diagnostics import EXIT_REFUSED
from novita_infra.planning.plan.changes import Action

EXAMPLE = Path(__file__).parents[2] / "examples" / "saved-image"
ENVIRON = {"REGISTRY_USERNAME": "acme", "REGISTRY_PASSWORD": "pssst-pssst"}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """The applied example, before the machine has trained."""
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    rig = Rig(tmp_path, environ=ENVIRON)
    rig.apply()
    return rig


def edit(rig: Rig, name: str, before: str, after: str) -> None:
    file = rig.folder / name
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def release(rig: Rig, before: str, after: str) -> None:
    edit(rig, "novita-infra.yaml", f'release: "{before}"', f'release: "{after}"')


def test_the_trained_machine_is_saved_and_served_from_then_on(rig: Rig) -> None:
    assert [job.image for job in rig.world.jobs] == []
    release(rig, "", "1")
    rig.apply()
    assert [job.image for job in rig.world.jobs] == ["docker.io/acme/model:1"]
    (endpoint,) = rig.world.endpoints
    assert endpoint.image == "docker.io/acme/model:1"
    rig.assert_converged()
    release(rig, "1", "2")
    assert {change.address.type for change in rig.plan().plan.changes if change.action is Action.DELETE} == set()
    rig.apply()
    assert endpoint.image == "docker.io/acme/model:2"


def test_no_plan_deletes_the_endpoint_by_a_slip(rig: Rig) -> None:
    release(rig, "", "1")
    rig.apply()
    release(rig, "1", "")
    review = rig.plan()
    assert review.code == EXIT_REFUSED
    assert [item.address for item in review.problems] == ["endpoint.api"]


def test_the_machine_is_deleted_while_image_and_endpoint_stay(rig: Rig) -> None:
    release(rig, "", "1")
    rig.apply()
    id = rig.record("instance.trainer").id
    documents = (rig.folder / "manifest.yaml").read_text(encoding="utf-8").split("---\n")
    kept = "---\n".join(text for text in documents if "name: trainer" not in text)
    (rig.folder / "manifest.yaml").write_text(kept, encoding="utf-8")
    edit(rig, "manifest.yaml", "instance: trainer", f"instance: {{id: {id}}}")
    actions = {str(item.address): item.action for item in rig.plan().plan.changes if item.action is not Action.NONE}
    assert actions == {"instance.trainer": Action.DELETE}
    rig.apply()
    rig.assert_converged()
    assert len(list(rig.world.endpoints)) == 1
