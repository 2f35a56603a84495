"""The identity of a project on the command line: folders of one name, subfolders, renamed projects."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import Result

Invoke = Callable[..., Result]

TEMPLATE = """\
apiVersion: novita-infra/v1
kind: Template
metadata: {{name: {name}}}
spec: {{image: "ubuntu:22.04", rootDiskGb: 60}}
"""
PROJECT = "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {{name: {name}{id}}}\n"


@pytest.fixture
def make(tmp_path_factory: pytest.TempPathFactory, run: Invoke) -> Callable[..., Path]:
    """Makes a folder with a template named `base`; all of them share one simulated account."""
    del run  # it sets the environment of the command
    root = tmp_path_factory.mktemp("projects")
    account = root / "account"
    account.mkdir()

    def make(place: str, *, name: str = "", id: str = "", extra: str = "") -> Path:
        folder = root / place
        folder.mkdir(parents=True)
        (folder / ".novita-infra").symlink_to(account)
        (folder / "main.yaml").write_text(TEMPLATE.format(name="base"))
        if name:
            (folder / "novita-infra.yaml").write_text(PROJECT.format(name=name, id=f", id: {id}" if id else "") + extra)
        return folder

    return make


def apply(run: Invoke, folder: Path, *words: str) -> None:
    ended = run("apply", "--sim", "--auto-approve", *words, str(folder))
    assert ended.exit_code == 0, ended.output


def recorded_id(run: Invoke, folder: Path, address: str = "template.base") -> str:
    (item,) = [
        item for item in json.loads(run("state", "list", "--json", str(folder)).stdout) if item["address"] == address
    ]
    return str(item["id"])


def live_ids(run: Invoke, folder: Path) -> set[str]:
    """The ids in the account: what is recorded in a folder is an orphan from a folder without state."""
    return {item["id"] for item in json.loads(run("orphans", "--sim", "--json", str(folder)).stdout)}


def test_two_folders_of_one_name_do_not_share_marks(run: Invoke, make: Callable[..., Path]) -> None:
    one, two = make("a/fleet"), make("b/fleet")
    apply(run, one)
    apply(run, two)
    assert recorded_id(run, one) != recorded_id(run, two)
    destroyed = run("destroy", "--sim", "--auto-approve", str(two))
    assert destroyed.exit_code == 0, destroyed.output
    again = run("plan", "--sim", "--detailed-exitcode", str(one))
    assert again.exit_code == 0, again.output


def test_a_folder_may_be_renamed_and_its_marks_are_still_known(run: Invoke, make: Callable[..., Path]) -> None:
    folder = make("fleet")
    apply(run, folder)
    folder = folder.rename(folder.with_name("other"))
    apply(run, folder)
    plan = run("plan", "--sim", "--detailed-exitcode", str(folder))
    assert plan.exit_code == 0, plan.output
    state = json.loads((folder / "state" / "default.json").read_text())
    assert state["project"] == "fleet"


def test_two_projects_of_one_name_with_ids_do_not_share_marks(run: Invoke, make: Callable[..., Path]) -> None:
    one, two = make("a", name="fleet", id="pa1b2"), make("b", name="fleet", id="pc3d4")
    apply(run, one)
    apply(run, two)
    assert recorded_id(run, one) != recorded_id(run, two)


def test_init_gives_a_project_an_id_and_the_state_keeps_it(
    run: Invoke, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ids = set()
    one, two = (tmp_path_factory.mktemp(place) / "fleet" for place in ("a", "b"))
    for folder in (two, one):
        assert run("init", str(folder)).exit_code == 0
        data = yaml.safe_load((folder / "novita-infra.yaml").read_text())
        assert data["metadata"]["name"] == "fleet"
        ids.add(data["metadata"]["id"])
        assert run("validate", str(folder)).exit_code == 0
    assert len(ids) == 2
    (folder / "fleet.yaml").write_text(TEMPLATE.format(name="base"))
    project = (folder / "novita-infra.yaml").read_text()
    (folder / "novita-infra.yaml").write_text(project.partition("outputs:")[0])
    apply(run, folder)
    (id,) = re.findall(r"id: (\S+)", project)
    assert json.loads((folder / "state" / "default.json").read_text())["identity"]["id"] == id
    assert run("state", "rm", "template.base", str(folder)).exit_code == 0
    (orphan,) = json.loads(run("orphans", "--sim", "--json", str(folder)).stdout)
    assert orphan["made_by"] == "fleet/default/template.base"


@pytest.mark.parametrize("name", ["", "fleet"])
def test_marks_of_version_0_1_are_still_known(name: str, run: Invoke, make: Callable[..., Path]) -> None:
    """The mark of version 0.1 has no id, and neither has its state."""
    folder = make("fleet", name=name)
    apply(run, folder)
    path = folder / "state" / "default.json"
    state = json.loads(path.read_text())
    del state["identity"]
    path.write_text(json.dumps(state))
    plan = run("plan", "--sim", "--detailed-exitcode", str(folder))
    assert plan.exit_code == 0, plan.output


@pytest.mark.parametrize("place", [".", "part", "part/deeper"])
def test_in_a_subfolder_the_project_above_is_used(
    place: str, run: Invoke, make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make("fleet", name="fleet")
    (folder / "part" / "deeper").mkdir(parents=True)
    (folder / "part" / "more.yaml").write_text(TEMPLATE.format(name="more"))
    apply(run, folder)
    monkeypatch.chdir(folder / place)
    plan = run("plan", "--sim", "--detailed-exitcode")
    assert plan.exit_code == 0, plan.output
    listed = run("state", "list")
    assert listed.stdout.split() == ["template.base", "template.more"]
    for words in (("apply", "--auto-approve"), ("destroy", "--auto-approve")):
        assert run(*words, "--sim").exit_code == 0
    assert run("state", "list").stdout == ""
    assert not (folder / "part" / "state").exists()


@pytest.mark.parametrize("path", ["part", "part/more.yaml"])
def test_a_path_in_a_project_uses_the_state_of_the_project(path: str, run: Invoke, make: Callable[..., Path]) -> None:
    folder = make("fleet", name="fleet")
    (folder / "part").mkdir()
    (folder / "part" / "more.yaml").write_text(TEMPLATE.format(name="more"))
    apply(run, folder)
    plan = run("plan", "--sim", "--detailed-exitcode", str(folder / path))
    assert plan.exit_code == 0, plan.output
    assert not (folder / "part" / "state").exists()


def test_a_subfolder_is_refused_where_only_the_state_above_shows_the_project(
    run: Invoke, make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make("fleet")
    (folder / "part").mkdir()
    (folder / "part" / "more.yaml").write_text(TEMPLATE.format(name="more"))
    (folder / "part" / ".novita-infra").symlink_to(folder / ".novita-infra")
    apply(run, folder)
    monkeypatch.chdir(folder / "part")
    for words in (("plan",), ("apply", "--auto-approve"), ("destroy", "--auto-approve")):
        ended = run(*words, "--sim")
        assert ended.exit_code == 5, ended.output
        assert f"is a part of the project in {folder}" in ended.stderr
    assert not (folder / "part" / "state").exists()
