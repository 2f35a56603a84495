"""`plan --estimate`: what a plan will take, by what this environment took before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from plan_shapes import check_shape
from rig import Rig

from novita_infra.cli import root
from novita_infra.kinds import KINDS
from novita_infra.planning.cost.durations import Estimate, estimate

MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "cluster": "us-dallas-nas-2"}
FLEET = [
    ("NetworkStorage", "data", {"cluster": "us-dallas-nas-2", "sizeGb": 10}),
    ("Instance", "a", {**MACHINE, "networkStorages": [{"storage": "data", "mountPath": "/data"}]}),
]


def estimated(rig: Rig) -> Estimate:
    return estimate(rig.plan().plan, rig.state().durations, KINDS)


def test_the_estimate_of_a_second_plan_uses_recorded_durations(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(*FLEET)
    first = estimated(rig)
    assert [leg.key for leg in first.path] == ["network_storage.data/create", "instance.a/create"]
    assert first.known == 0
    began = rig.clock.now()
    rig.apply()
    took = rig.clock.now() - began
    rig.apply(destroys=True, allow_data_loss=("*",))
    second = estimated(rig)
    assert second.known == second.steps == 2
    assert second.seconds == pytest.approx(took, rel=0.15)


def test_the_state_keeps_a_limited_number_of_durations_of_each_call(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    for number in range(3):
        rig.declare(*(("NetworkStorage", f"s{number}-{index}", FLEET[0][2]) for index in range(9)))
        rig.apply(allow_data_loss=("*",), allow_large_change=True)
    assert {name: len(seconds) for name, seconds in rig.state().durations.items()} == {
        "network_storage.create": 20,
        "network_storage.delete": 18,
    }


def test_the_command_tells_it_as_text_and_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOVITA_API_KEY", "NOVITA_API_URL", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    Rig(tmp_path, environ={}).declare(*FLEET)
    run = CliRunner()
    text = run.invoke(root, ["plan", str(tmp_path), "--sim", "--estimate"])
    assert "Estimate: about 2 min 2 s (by built-in figures)\n" in text.stdout
    assert "critical path: network_storage.data create 2 s -> instance.a create 2 min\n" in text.stdout
    plan = json.loads(run.invoke(root, ["plan", str(tmp_path), "--sim", "--estimate", "--json"]).stdout)
    assert plan["novita"]["estimate"]["seconds"] == 122.0
    check_shape(plan)
    assert "Estimate" not in run.invoke(root, ["plan", str(tmp_path), "--sim"]).stdout
