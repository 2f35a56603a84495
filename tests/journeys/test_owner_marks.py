"""What the owner mark is for, and what holds where an object has no room for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.kinds.toolkit.owner_marks import MOST_ENV
from novita_infra.simulator import Fault, Position, Trouble

FULL = {f"V{index}": "x" for index in range(MOST_ENV)}
HERE = "us-dallas-nas-2"
MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
ENDPOINT: dict[str, Any] = {
    **MACHINE,
    "ports": ["80/http"],
    "healthPath": "/",
    "workers": {"min": 1, "max": 2, "idleTimeout": 60, "maxConcurrency": 1, "requestTimeout": 60},
    "scaling": {"type": "queue", "value": 1},
}


@pytest.mark.parametrize(("kind", "spec"), [("Instance", MACHINE), ("Endpoint", ENDPOINT)])
@pytest.mark.parametrize("kind_of_trouble", [Trouble.LOST, Trouble.TRUNCATED])
def test_an_unanswered_create_without_owner_mark_is_adopted_by_name(
    kind: str, spec: dict[str, Any], kind_of_trouble: Trouble, tmp_path: Path
) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare((kind, "it", {**spec, "env": FULL}))
    rig.world.faults.add(Fault(kind=kind_of_trouble, operation="*.create", position=Position.AFTER))
    rig.apply()
    rig.assert_converged()
    assert len(rig.live_ids()) == 1


@pytest.mark.parametrize("kind", ["Instance", "Endpoint"])
def test_a_run_killed_at_a_create_without_owner_mark_is_resumed(kind: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare((kind, "it", {**{"Instance": MACHINE, "Endpoint": ENDPOINT}[kind], "env": FULL}))
    assert rig.crash(at_write=0, after_effect=True)
    rig.apply()
    rig.assert_converged()
    assert len(rig.live_ids()) == 1


@pytest.mark.parametrize("marks", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "two\nlines\n",
        "\n",
        *(pytest.param(text, marks=pytest.mark.slow) for text in (" x ", "x\r\n\t", "\u00a0x\u00a0")),
    ],
)
@pytest.mark.parametrize(("kind", "field"), [("Template", "readme"), ("ImagePrewarm", "note")])
def test_a_text_with_blanks_at_its_ends_converges(
    kind: str, field: str, text: str, marks: bool, tmp_path: Path
) -> None:
    specs: dict[str, dict[str, Any]] = {"Template": {"name": "t", "rootDiskGb": 20}, "ImagePrewarm": {"cluster": HERE}}
    rig = Rig(tmp_path, environ={})
    about = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}, "ownerMarks": marks}
    rig.write("novita-infra.yaml", about)
    for value in (text, f"{text}more", text):
        rig.declare((kind, "it", {"image": "ubuntu:22.04", **specs[kind], field: value}))
        rig.apply()
        rig.assert_converged()
    assert len(rig.live_ids()) == 1


def test_things_that_have_no_name_are_made_side_by_side(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(*(("ImagePrewarm", f"p{i}", {"image": f"ubuntu:{i}", "cluster": HERE}) for i in range(5)))
    rig.world.faults.add(Fault(kind=Trouble.SLOW, operation="prewarms.create", seconds=50, count=None))
    began = rig.clock.now()
    rig.apply()
    assert rig.clock.now() - began < 4 * 50
    rig.assert_converged()
