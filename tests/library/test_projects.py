"""A project from a program: plan, apply, drift, state, outputs, destroy; failures and interruptions."""

from __future__ import annotations

import asyncio
import inspect
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from novita_infra import (
    SECRET,
    UNKNOWN,
    ApplyFailed,
    ApplyRun,
    AsyncApplyRun,
    AsyncClient,
    AsyncProject,
    Client,
    Problems,
    Project,
    RunEvent,
)
from novita_infra.testing.pytest_plugin import NovitaSim

DATA, LATER = "network_storage.data", "network_storage.later"


def test_a_program_plans_applies_reads_the_state_and_destroys(folder: Path) -> None:
    project = Project(folder, simulated=True)
    assert project.validate() == (DATA, LATER)
    plan = project.plan()
    assert [(item.action, item.address) for item in plan.changes] == [("create", DATA), ("create", LATER)]
    assert (plan.problems, plan.exit_code, plan.empty, plan.drift) == ((), 0, False, ())
    assert plan.usd_per_hour_after is not None
    assert plan.usd_per_hour_after > (plan.usd_per_hour_before or 0) == Decimal(0)
    assert str(plan) == f"create {DATA}\ncreate {LATER}"
    events: list[RunEvent] = []
    result = project.apply(plan, on_event=events.append)
    assert [(item.kind, item.address) for item in result.steps] == [("done", DATA), ("done", LATER)]
    assert str(result) == "2 done"
    assert [item.kind for item in events] == ["started", "identified", "done"] * 2
    state = project.state()
    assert state.resources[DATA].fields["sizeGb"] == 20
    assert project.outputs()["dataId"] == result.outputs["dataId"] == state.resources[DATA].id
    assert project.drift() == ()
    assert project.plan().empty
    assert str(project.apply()) == "nothing to do"
    with pytest.raises(Problems, match="allow_data_loss"):
        project.destroy()
    assert str(project.destroy(allow_data_loss=["network_storage.*"])) == "2 done"
    assert project.state().resources == {}


def test_no_secret_is_in_a_plan_a_state_or_a_repr(folder: Path) -> None:
    project = Project(folder, simulated=True, key="sk_not-for-anybody", variables={"note": "from-the-program"})
    plan = project.plan()
    result = project.apply(plan)
    assert result.outputs["note"] is project.outputs()["note"] is SECRET
    shown = f"{project!r} {project.client()!r} {plan!r} {result!r} {project.state()!r} {json.dumps(plan.terraform)}"
    assert "from-the-program" not in shown
    assert "sk_not" not in shown
    assert repr(SECRET) == "(secret)"


def test_a_plan_shows_what_only_an_apply_makes_known(folder: Path) -> None:
    (folder / "more.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Instance\nmetadata: {name: box}\n"
        'spec: {product: {gpu: RTX 4090}, image: "ubuntu:22.04", rootDiskGb: 20, '
        "networkStorages: [{storage: data, mountPath: /data}]}\n"
    )
    plan = Project(folder, simulated=True).plan()
    box = next(item for item in plan.changes if item.address == "instance.box")
    assert box.after["networkStorages"][0]["storage"] is UNKNOWN
    assert repr(UNKNOWN) == "(known after apply)"


def test_a_plan_is_refused_where_things_have_changed_since(folder: Path) -> None:
    project = Project(folder, simulated=True)
    plan = project.plan()
    (folder / "fleet.yaml").write_text((folder / "fleet.yaml").read_text().replace("sizeGb: 10", "sizeGb: 11"))
    with pytest.raises(Problems, match="not the plan that was approved") as refused:
        project.apply(plan)
    assert refused.value.code == 5
    assert project.state().serial == 0


def test_a_plan_that_is_applied_again_does_what_is_left_until_something_changes(folder: Path) -> None:
    project = Project(folder, simulated=True)
    plan = project.plan()
    with project.applying(plan) as run:
        for event in run:
            if event.kind == "started":
                run.stop()
    assert [item.address for item in project.apply(plan).steps] == [LATER]
    assert str(project.apply(plan)) == "nothing to do"
    (folder / "fleet.yaml").write_text((folder / "fleet.yaml").read_text().replace("sizeGb: 10", "sizeGb: 11"))
    with pytest.raises(Problems, match="not the plan that was approved"):
        project.apply(plan)
    assert str(project.apply()) == "1 done"


def test_a_plan_has_its_options_and_takes_no_others(folder: Path) -> None:
    project = Project(folder, simulated=True)
    plan = project.plan(targets=DATA)
    assert [item.address for item in plan.changes] == [DATA]
    with pytest.raises(Problems, match="a plan and excludes are given"):
        project.apply(plan, excludes=[LATER])
    assert [item.address for item in project.apply(plan).steps] == [DATA]
    with pytest.raises(Problems, match="refresh='most' is not known"):
        project.plan(refresh="most")  # type: ignore[arg-type]  # what no type checker has seen
    with pytest.raises(Problems, match="nobody"):
        project.plan(targets=["nobody"])


METHODS = [
    pytest.param(method, id=method.__qualname__)
    for face in (Project, AsyncProject, Client, AsyncClient, ApplyRun, AsyncApplyRun)
    for name, method in inspect.getmembers(face, inspect.isfunction)
    if name == "__init__" or not name.startswith("_")
]


def _called(method: Callable[..., Any], **wrong: object) -> None:
    """Calls the method of an object that a mistake would make work on the folder `nowhere`."""
    face = getattr(sys.modules[method.__module__], method.__qualname__.partition(".")[0])
    result = method(face("nowhere", simulated=True) if face in {Project, AsyncProject} else object(), **wrong)
    if inspect.iscoroutine(result):
        asyncio.run(result)


@pytest.mark.parametrize("method", METHODS)
def test_no_method_takes_a_keyword_that_it_does_not_know(method: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        _called(method, nonsense=1)


@pytest.mark.parametrize(
    ("word", "method", "right"),
    [
        ("target", Project.destroy, "targets"),
        ("target", AsyncProject.destroy, "targets"),
        ("exclude", Project.apply, "excludes"),
        ("parallelsm", Project.apply, "parallelism"),
        ("on_events", AsyncProject.apply, "on_event"),
        ("excludes_", AsyncProject.applying, "excludes"),
        ("destory", Project.plan, "destroy"),
        ("refesh", Project.drift, "refresh"),
    ],
)
def test_a_misspelt_keyword_is_refused_with_the_right_one(word: str, method: Callable[..., Any], right: str) -> None:
    with pytest.raises(TypeError, match=rf"{method.__qualname__}\(\) got .*'{word}'; did you mean \"{right}\"\?"):
        _called(method, **{word: ["instance.a"]})


@pytest.mark.parametrize("destroys", [{"target": DATA}, {"excludes_": [LATER]}], ids=str)
def test_a_misspelt_keyword_destroys_nothing(destroys: dict[str, Any], folder: Path) -> None:
    project = Project(folder, simulated=True)
    project.apply()
    before = project.state()
    with pytest.raises(TypeError):
        project.destroy(allow_data_loss=["*"], **destroys)
    assert project.state() == before


@pytest.mark.parametrize("none", [[], (), iter(())], ids=["list", "tuple", "iterator"])
def test_an_empty_list_of_targets_destroys_nothing(none: Any, folder: Path) -> None:
    project = Project(folder, simulated=True)
    project.apply()
    before = project.state()
    with pytest.raises(Problems, match="targets is empty; leave it out"):
        project.destroy(targets=none, allow_data_loss=["*"])
    assert project.state() == before


@pytest.mark.parametrize("size", [30, "30"])
def test_a_variable_is_a_text_or_a_number(size: int | str, folder: Path) -> None:
    plan = Project(folder, simulated=True, variables={"size": size}).plan()
    assert plan.changes[0].after["sizeGb"] == 30


def test_a_variable_is_a_boolean_as_the_command_reads_it(folder: Path) -> None:
    manifest = (folder / "novita-infra.yaml").read_text()
    texts = "  wide: {type: boolean, default: false}\n  ratio: {type: number, default: 1}\noutputs:\n"
    shown = "  shown: ${[var.wide, var.ratio]}\n"
    (folder / "novita-infra.yaml").write_text(manifest.replace("outputs:\n", texts + shown))
    project = Project(folder, simulated=True, variables={"wide": True, "ratio": 1e-7})
    assert project.apply().outputs["shown"] == [True, 1e-7]


@pytest.mark.parametrize("face", [Project, AsyncProject])
@pytest.mark.parametrize("value", [None, ["not-for-anybody"], {"a": 1}, b"2"], ids=lambda value: type(value).__name__)
def test_a_variable_of_another_type_is_refused_by_its_name(face: Callable[..., Any], value: object) -> None:
    with pytest.raises(TypeError, match=r"variables\['note'\] is of the type") as refused:
        face("nowhere", variables={"note": value})
    assert "not-for-anybody" not in str(refused.value)


def test_errors_of_the_manifests_come_all_at_once_with_their_places(folder: Path) -> None:
    (folder / "fleet.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: NetworkStorage\nmetadata: {name: a}\nspec: {}\n"
    )
    with pytest.raises(Problems) as wrong:
        Project(folder).validate()
    places = {item.origin.file for item in wrong.value.diagnostics if item.origin}
    assert places == {"fleet.yaml", "novita-infra.yaml"}


def test_without_a_key_and_without_the_simulator_a_plan_says_what_is_missing(folder: Path) -> None:
    with pytest.raises(Problems, match="NOVITA_API_KEY"):
        Project(folder).plan()


@pytest.mark.novita_sim(profile="live")
def test_a_failed_step_raises_with_what_the_run_did(folder: Path, novita_sim: NovitaSim) -> None:
    project = Project(folder, url=novita_sim.url, key=novita_sim.key)
    novita_sim.fault(kind="status", operation="storages.create", skip=1, count=0, status=400, reason="INVALID")
    with pytest.raises(ApplyFailed, match=r"network_storage\.later: create failed") as failed:
        project.apply()
    assert [item.kind for item in failed.value.result.steps] == ["done", "failed"]
    assert [item.address for item in failed.value.result.failed] == [LATER]
    novita_sim.clear_faults()
    assert str(project.apply()) == "1 done"


def test_an_error_of_the_caller_stops_the_run_and_the_next_one_finishes_it(folder: Path) -> None:
    project = Project(folder, simulated=True)

    def interrupted(_: RunEvent) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project.apply(on_event=interrupted)
    done = set(project.state().resources)
    assert LATER not in done
    project.apply()
    assert set(project.state().resources) == {DATA, LATER}
    assert project.plan().empty


def test_a_run_is_stopped_by_a_call_and_by_the_end_of_its_block(folder: Path) -> None:
    project = Project(folder, simulated=True)
    with project.applying() as run:
        for event in run:
            if event.kind == "started":
                run.stop()
        result = run.result
    assert result.stopped
    assert [item.address for item in result.steps if item.kind == "skipped"] == [LATER]
    with project.applying() as run:
        pass
    assert run.result.stopped
    with pytest.raises(RuntimeError, match="has not begun"):
        project.applying().stop()
    project.apply()
    assert set(project.state().resources) == {DATA, LATER}


PROGRAM = """\
import sys
from novita_infra import Project

Project(sys.argv[1], simulated=True).apply(on_event=lambda event: print(event.kind, flush=True))
"""


@pytest.mark.process
def test_an_interrupted_program_leaves_a_sound_state(folder: Path) -> None:
    (folder / "more.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Instance\nmetadata: {name: box}\n"
        'spec: {product: {gpu: RTX 4090}, image: "ubuntu:22.04", rootDiskGb: 20}\n'
    )
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "started\n"
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=60)
    assert program.returncode != 0
    assert "KeyboardInterrupt" in errors
    project = Project(folder, simulated=True)
    project.apply()
    assert project.plan().empty
    with project.client() as client:
        assert len(client.items("/gpu-instance/openapi/v1/gpu/instances")) == 1
