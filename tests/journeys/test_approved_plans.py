"""Approved plans that were cut off: the same command finishes what is left of them, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from death import disk_of
from plan_files import apply_expected, apply_saved, digest_now, save
from rig import Rig

from novita_infra.applying.events import Result
from novita_infra.model.diagnostics import Problems
from novita_infra.planning.saved.plan_file import read_plan

pytestmark = pytest.mark.slow

HERE = "us-dallas-nas-2"
MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "cluster": HERE}
Approve = Callable[[Rig, dict[str, Any]], Callable[..., Result]]


def machine(name: str, **more: Any) -> tuple[str, str, dict[str, Any]]:
    return ("Instance", name, {**MACHINE, **more})


def storage(name: str = "data", **more: Any) -> tuple[str, str, dict[str, Any]]:
    return ("NetworkStorage", name, {"cluster": HERE, "sizeGb": 10, **more})


def by_file(rig: Rig, asked: dict[str, Any]) -> Callable[..., Result]:
    path = save(rig, **asked)
    return partial(apply_saved, rig, path)


def by_digest(rig: Rig, asked: dict[str, Any]) -> Callable[..., Result]:
    digest = digest_now(rig, **asked)
    return partial(apply_expected, rig, digest, **asked)


MOUNT = {"networkStorages": [{"storage": "data", "mountPath": "/data"}]}
NET = ("VPC", "net", {"cluster": HERE})
BOTH = {"group": "pair"}
ROLLED = {**BOTH, "rollout": {"inOrder": True, "pause": "30s"}}
CHANGES: dict[str, tuple[list[Any], list[Any], dict[str, Any], dict[str, Any]]] = {
    "create": ([], [NET, storage(), machine("a", vpc="net", **MOUNT), machine("b", power="stopped")], {}, {}),
    "update": (
        [storage(), machine("a"), machine("b", power="stopped")],
        [storage(sizeGb=20), machine("a", image="ubuntu:24.04", command="sleep 1"), machine("b", command="sleep 2")],
        {},
        {},
    ),
    "replace": ([machine("a"), machine("b")], [machine("a", gpuCount=2), machine("b", rootDiskGb=80)], {}, {}),
    "replace first": (
        [machine("a")],
        [machine("a", gpuCount=2)],
        {"a": {"createBeforeDestroy": True}},
        {},
    ),
    "replace on request": ([machine("a"), machine("b")], [machine("a"), machine("b")], {}, {"replaces": ("*",)}),
    "group": ([], [machine("a"), machine("b")], {"a": BOTH, "b": BOTH}, {}),
    "rollout": (
        [machine("a"), machine("b")],
        [machine("a", gpuCount=2), machine("b", gpuCount=2)],
        {"a": ROLLED, "b": ROLLED},
        {},
    ),
    "delete": ([storage(), machine("a", **MOUNT), machine("b")], [storage("other")], {}, {}),
    "destroy": ([storage(), machine("a", **MOUNT)], [storage(), machine("a", **MOUNT)], {}, {"destroys": True}),
}  # fmt: skip


def prepared(folder: Path, name: str) -> tuple[Rig, dict[str, Any]]:
    before, after, lifecycles, asked = CHANGES[name]
    folder.mkdir()
    rig = Rig(folder, environ={})
    if before:
        rig.declare(*before, **lifecycles)
        rig.apply()
    rig.declare(*after, **lifecycles)
    return rig, {"allow_data_loss": ("*",), "allow_large_change": True, **asked}


def survives(rig: Rig, run: Callable[..., Result], *, write: int, after_effect: bool, destroyed: bool) -> bool:
    """Kills the run at a call, runs it again, and checks what must hold; returns whether it got to that call."""
    died = rig.crash(at_write=write, after_effect=after_effect, run=run)
    assert run().succeeded
    assert rig.state().used_plans[-1].done
    assert rig.state().used_plans[-1].steps == ()
    if destroyed:
        assert rig.live_ids() == []
    else:
        rig.assert_converged()
    serial = rig.state().serial
    assert run().succeeded  # nothing is left
    assert rig.state().serial == serial
    return died


@pytest.mark.parametrize(("number", "name"), [*enumerate(CHANGES)])
def test_an_approved_plan_that_is_killed_is_finished_by_the_same_command(
    number: int, name: str, tmp_path: Path
) -> None:
    rig, asked = prepared(tmp_path / "p", name)
    run = (by_file, by_digest)[number % 2](rig, asked)
    assert survives(rig, run, write=1, after_effect=number % 4 > 1, destroyed=name == "destroy")


@pytest.mark.parametrize("name", CHANGES)
def test_an_approved_plan_killed_at_any_call_is_finished_by_the_same_command(name: str, tmp_path: Path) -> None:
    for write in range(40):
        approve = (by_file, by_digest)[write % 2]
        for after_effect in (False, True):
            rig, asked = prepared(tmp_path / f"{write}-{after_effect}", name)
            run = approve(rig, asked)
            died = survives(rig, run, write=write, after_effect=after_effect, destroyed=name == "destroy")
        if not died:
            assert write
            return
    raise AssertionError("the run never ends")


@pytest.mark.parametrize("approve", [by_file, by_digest])
def test_what_another_run_did_in_between_is_refused_with_its_name(approve: Approve, tmp_path: Path) -> None:
    rig, asked = prepared(tmp_path / "p", "update")
    run = approve(rig, asked)
    assert rig.crash(at_write=1, after_effect=True, run=run)
    rig.rename("network_storage.data", "network_storage.moved")
    with pytest.raises(Problems, match=r"did not come to its end; the last change was `state mv` of .*process"):
        run()


@pytest.mark.parametrize("approve", [by_file, by_digest])
def test_what_somebody_did_in_the_console_in_between_is_refused(approve: Approve, tmp_path: Path) -> None:
    rig, asked = prepared(tmp_path / "p", "create")
    run = approve(rig, asked)
    assert rig.crash(at_write=2, after_effect=False, run=run)
    (made,) = rig.world.storages
    made.name = "renamed"
    rig.world.storages.touch(made)
    ids = rig.live_ids()
    with pytest.raises(Problems, match=r"network_storage\.data: .*not left of the approved plan"):
        run()
    assert rig.live_ids() == ids


@pytest.mark.parametrize("approve", [by_file, by_digest])
def test_what_somebody_else_finished_in_between_is_refused(approve: Approve, tmp_path: Path) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    rig = Rig(folder, environ={})
    rig.declare(storage(), machine("a"))
    rig.apply()
    rig.declare(storage(sizeGb=20), machine("a", command="sleep 1"))
    run = approve(rig, {})
    assert not run(stop_when=lambda _: True).succeeded
    (made,) = rig.world.storages
    made.size = 20
    rig.world.storages.touch(made)
    with pytest.raises(Problems, match=r"network_storage\.data: .*done outside of this plan"):
        run()


@pytest.mark.parametrize("approve", [by_file, by_digest])
def test_a_manifest_that_changed_in_between_is_refused(approve: Approve, tmp_path: Path) -> None:
    rig, asked = prepared(tmp_path / "p", "create")
    run = approve(rig, asked)
    assert rig.crash(at_write=1, after_effect=True, run=run)
    rig.declare(*CHANGES["create"][1][:-1], machine("b", power="stopped", command="sleep 9"))
    with pytest.raises(Problems):
        run()


def test_a_plan_file_continues_what_its_digest_began(tmp_path: Path) -> None:
    rig, asked = prepared(tmp_path / "p", "update")
    path = save(rig, **asked)
    expected = read_plan(path).digest
    assert rig.crash(at_write=1, after_effect=True, run=lambda: apply_expected(rig, expected, **asked))
    assert apply_saved(rig, path).succeeded
    rig.assert_converged()


@pytest.mark.parametrize("approve", [by_file, by_digest])
def test_the_recorded_steps_hold_no_secret_and_a_changed_secret_is_refused(approve: Approve, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    rig = Rig(tmp_path / "p", environ={"TOKEN": "hush-one"})
    env = {"TOKEN": {"fromEnv": "TOKEN"}, "BOTH": "${env.TOKEN}@${instance.a.id}"}
    rig.declare(machine("a"), machine("b", env=env))
    run = approve(rig, {})
    assert rig.crash(at_write=0, after_effect=True, run=run)
    assert len(rig.state().used_plans[-1].steps) == 2
    assert not [name for name, data in disk_of(rig.folder / "state").items() if b"hush" in data]
    rig.environ["TOKEN"] = "hush-two"
    with pytest.raises(Problems):
        run()
    rig.environ["TOKEN"] = "hush-one"
    assert run().succeeded
    rig.assert_converged()
