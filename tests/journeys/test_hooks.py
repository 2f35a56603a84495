"""Hooks of resources: at least once after a crash, in rollouts and groups, when a machine starts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.applying.events import Outcome

pytestmark = pytest.mark.process

MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
REPLACED = {**MACHINE, "product": {"gpu": "L40S"}}
BROKEN = {**MACHINE, "image": "does-not-exist:1"}
LOG = {"run": ["sh", "-c", "cat >> events.jsonl"]}
HOOKS = {event: [LOG] for event in ("onCreate", "onReady", "onDelete")}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = Rig(tmp_path)
    made.hooked = True
    return made


def _declare(rig: Rig, spec: dict[str, Any], **lifecycle: Any) -> None:
    rig.declare(("Instance", "worker", spec), worker={"hooks": HOOKS, **lifecycle})


def _events(rig: Rig) -> list[tuple[str, str]]:
    """The events that hooks have got, each with the id of its object."""
    file = rig.folder / "events.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return [(item["event"], item["id"]) for item in map(json.loads, lines)]


@pytest.mark.parametrize("after_effect", [False, True])
def test_hooks_run_at_least_once_wherever_the_run_is_killed(tmp_path: Path, after_effect: bool) -> None:
    at, dies = 0, True
    while dies:
        folder = tmp_path / str(at)
        folder.mkdir()
        rig = Rig(folder)
        rig.hooked = True
        _declare(rig, MACHINE)
        dies = rig.crash(at_write=at, after_effect=after_effect, reads=True)
        rig.apply()
        (made,) = rig.live_ids()
        events = _events(rig)
        assert ("onCreate", made) in events, at
        assert ("onReady", made) in events, at
        assert len(events) <= 4, at
        assert not rig.record("instance.worker").hooks_due
        seen = len(events)
        rig.apply()
        assert len(_events(rig)) == seen, "a hook that has succeeded does not run again"
        at += 5


def test_a_hook_whose_run_is_killed_with_it_runs_again(tmp_path: Path) -> None:
    kills = "cat >> events.jsonl; test -e once || { touch once; kill -9 $(sed -n 's/^PPid:.//p' /proc/$PPID/status); }"
    rig = Rig(tmp_path)
    rig.declare(
        ("Template", "web", {"image": "nginx:1.27", "rootDiskGb": 20}),
        web={"hooks": {"onReady": [{"run": ["sh", "-c", kills]}]}},
    )
    words = [sys.executable, "-m", "novita_infra", "apply", "--sim", "--auto-approve", str(tmp_path)]
    ended = [subprocess.run(words, check=False, capture_output=True, timeout=60) for _ in range(2)]
    assert [item.returncode for item in ended] == [-9, 0], ended
    first, second = _events(rig)
    assert first == second


@pytest.mark.parametrize("at", range(0, 12, 4))
def test_hooks_of_a_replacement_that_is_killed_run_for_both_objects(rig: Rig, at: int) -> None:
    _declare(rig, MACHINE)
    rig.apply()
    (old,) = rig.live_ids()
    _declare(rig, REPLACED)
    rig.crash(at_write=at, after_effect=True, reads=True)
    rig.apply()
    (new,) = rig.live_ids()
    assert {("onDelete", old), ("onCreate", new), ("onReady", new)} <= {*_events(rig)}


def test_a_start_runs_the_hook_of_a_ready_object_and_a_stop_none(rig: Rig) -> None:
    _declare(rig, MACHINE)
    rig.apply()
    seen = len(_events(rig))
    _declare(rig, {**MACHINE, "power": "stopped"})
    rig.apply()
    assert len(_events(rig)) == seen
    _declare(rig, {**MACHINE, "power": "running"})
    rig.apply()
    assert [event for event, _ in _events(rig)[seen:]] == ["onReady"]


def test_an_update_that_restarts_runs_no_hook(rig: Rig) -> None:
    _declare(rig, MACHINE)
    rig.apply()
    seen = len(_events(rig))
    _declare(rig, {**MACHINE, "image": "ubuntu:24.04"})
    rig.apply()
    assert len(_events(rig)) == seen


def test_a_failing_hook_stops_a_rollout(rig: Rig) -> None:
    document = {
        "apiVersion": "novita-infra/v1",
        "kind": "Instance",
        "metadata": {"name": "worker"},
        "forEach": ["a", "b", "c"],
        "lifecycle": {"rollout": {"inOrder": True}},
        "spec": MACHINE,
    }
    rig.write("novita-infra.yaml", {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}})
    rig.write("fleet.yaml", document)
    rig.apply()
    lifecycle = {"rollout": {"inOrder": True}, "hooks": {"onReady": [{"run": ["false"]}]}}
    rig.write("fleet.yaml", {**document, "lifecycle": lifecycle, "spec": REPLACED})
    result = rig.apply(expect_success=False)
    failed = [end for end in result.ends if end.outcome is Outcome.FAILED]
    assert [end.step.address.key for end in failed] == ["a"]
    assert "the hook onReady false failed" in failed[0].reason
    assert all(end.outcome is Outcome.SKIPPED for end in result.ends if end.step.address.key in {"b", "c"})


def test_a_failing_hook_rolls_its_group_back_without_hooks(rig: Rig) -> None:
    hooks = {"onCreate": [LOG], "onReady": [{"run": ["false"]}], "onDelete": [LOG]}
    rig.declare(("Instance", "worker", MACHINE), worker={"hooks": hooks, "group": "both"})
    result = rig.apply(expect_success=False)
    assert any(end.undone for end in result.ends)
    assert [event for event, _ in _events(rig)] == ["onCreate"]
    assert rig.live_ids() == []


def test_a_machine_that_does_not_come_up_runs_the_first_hook_alone(rig: Rig) -> None:
    _declare(rig, BROKEN)
    result = rig.apply(expect_success=False)
    assert not result.succeeded
    assert [event for event, _ in _events(rig)] == ["onCreate"]
    _declare(rig, MACHINE)
    rig.apply()
    (made,) = rig.live_ids()
    assert ("onReady", made) in _events(rig)
