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
    """The mark of version 0.1 has no id, and its state has neither an id nor a checksum."""
    folder = make("fleet", name=name)
    apply(run, folder)
    path = folder / "state" / "default.json"
    state = json.loads(path.read_text())
    del state["identity"], state["checksum"]
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


# --- the state of another project -----------------------------------------------------------------------------------

DECIDING = [
    ("plan", "--sim"),
    ("apply", "--sim", "--auto-approve"),
    ("destroy", "--sim", "--auto-approve"),
    ("drift", "--sim"),
    ("plan", "--sim", "--destroy"),
    ("import", "template.base", "1", "--sim"),
    ("orphans", "--sim"),
    ("orphans", "--sim", "--adopt", "template.base"),
    ("orphans", "--sim", "--terminate", "1", "--auto-approve"),
    ("state", "list"),
    ("state", "mv", "template.base", "template.other"),
    ("state", "rm", "template.base"),
    ("output",),
]


@pytest.mark.parametrize("words", DECIDING, ids=" ".join)
def test_the_state_of_another_project_is_refused(
    words: tuple[str, ...], run: Invoke, make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = f"state: {{path: {make('shared')}/state}}\n"
    one, two = make("a", name="proj-a", extra=where), make("b", name="proj-b", extra=where)
    apply(run, one)
    path = one.parent / "shared" / "state" / "default.json"
    before = path.read_bytes()
    monkeypatch.chdir(two)
    ended = run(*words)
    assert ended.exit_code == 5, ended.output
    for text in ("proj-a", "proj-b", "novita-infra state rename proj-a/default"):
        assert text in ended.stderr
    assert path.read_bytes() == before
    monkeypatch.chdir(one)
    assert run("plan", "--sim", "--detailed-exitcode").exit_code == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("fleet", ""), ("squadron", "")),
        (("fleet", "pa1b2"), ("squadron", "pa1b2")),
        (("fleet", "pa1b2"), ("fleet", "pc3d4")),
        (("fleet", ""), ("fleet", "pc3d4")),
    ],
)
def test_a_project_is_renamed_by_the_command_that_the_refusal_prints(
    before: tuple[str, str], after: tuple[str, str], run: Invoke, make: Callable[..., Path]
) -> None:
    folder = make("fleet", name=before[0], id=before[1])
    apply(run, folder)
    id = recorded_id(run, folder)
    (folder / "novita-infra.yaml").write_text(PROJECT.format(name=after[0], id=f", id: {after[1]}" if after[1] else ""))
    refused = run("plan", "--sim", str(folder))
    assert refused.exit_code == 5, refused.output
    (words,) = re.findall(r"novita-infra (state rename .*)", refused.stderr.replace("\n", " "))
    renamed = run(*words.split())
    assert renamed.exit_code == 0, renamed.output
    plan = run("plan", "--sim", "--detailed-exitcode", str(folder))
    assert plan.exit_code == 0, plan.output
    assert recorded_id(run, folder) == id
    destroyed = run("destroy", "--sim", "--auto-approve", str(folder))
    assert destroyed.exit_code == 0, destroyed.output


def test_a_rename_must_name_what_the_state_is_of(run: Invoke, make: Callable[..., Path]) -> None:
    folder = make("fleet", name="fleet")
    apply(run, folder)
    ended = run("state", "rename", "other/default", str(folder))
    assert ended.exit_code == 5
    assert "is the state of fleet/default, not of other/default" in ended.stderr


ENVIRONMENTS = "environments: {dev: {}, prod: {}}\n"


def test_a_state_that_was_copied_to_another_environment_is_refused(run: Invoke, make: Callable[..., Path]) -> None:
    folder = make("fleet", name="fleet", extra=ENVIRONMENTS)
    apply(run, folder, "--env", "dev")
    (folder / "state" / "prod.json").write_bytes((folder / "state" / "dev.json").read_bytes())
    ended = run("destroy", "--sim", "--auto-approve", "--env", "prod", str(folder))
    assert ended.exit_code == 5, ended.output
    assert "environment dev" in ended.stderr
    assert "state rename fleet/dev --env prod" in ended.stderr
    plan = run("plan", "--sim", "--detailed-exitcode", "--env", "dev", str(folder))
    assert plan.exit_code == 0, plan.output


# --- objects of others ----------------------------------------------------------------------------------------------


def test_an_object_of_another_environment_is_not_imported(run: Invoke, make: Callable[..., Path]) -> None:
    folder = make("fleet", name="fleet", extra=ENVIRONMENTS)
    apply(run, folder, "--env", "dev")
    (item,) = json.loads(run("state", "list", "--json", "--env", "dev", str(folder)).stdout)
    words = ("import", "template.base", item["id"], "--sim", "--env", "prod", str(folder))
    refused = run(*words)
    assert refused.exit_code == 5, refused.output
    assert "project fleet (id" in refused.stderr
    assert "environment dev" in refused.stderr
    stolen = run(*words, "--steal")
    assert stolen.exit_code == 0, stolen.output
    assert run("plan", "--sim", "--detailed-exitcode", "--env", "prod", str(folder)).exit_code == 0


STORAGE = TEMPLATE.replace("Template", "NetworkStorage").replace(
    'image: "ubuntu:22.04", rootDiskGb: 60', "cluster: us-ca-nas-2, sizeGb: 20"
)


def test_an_unmarked_object_of_another_environment_is_not_imported(run: Invoke, make: Callable[..., Path]) -> None:
    folder = make("fleet", name="fleet", extra=ENVIRONMENTS)
    (folder / "main.yaml").write_text(STORAGE.format(name="data"))
    apply(run, folder, "--env", "dev")
    (item,) = json.loads(run("state", "list", "--json", "--env", "dev", str(folder)).stdout)
    refused = run("import", "network_storage.data", item["id"], "--sim", "--env", "prod", str(folder))
    assert refused.exit_code == 5, refused.output
    assert "state/dev.json" in refused.stderr


@pytest.mark.parametrize("name", ["", "fleet", "other"])
def test_an_object_of_another_project_is_neither_adopted_nor_terminated(
    name: str, run: Invoke, make: Callable[..., Path]
) -> None:
    one, two = make("a/fleet", name="fleet", id="pa1b2"), make("b/fleet", name=name, id="pc3d4" if name else "")
    apply(run, one)
    id = recorded_id(run, one)
    for words in (
        ("import", "template.base", id),
        ("orphans", "--adopt", "template.base"),
        ("orphans", "--adopt", "template.base", "--id", id),
        ("orphans", "--terminate", id, "--auto-approve"),
    ):
        refused = run(*words, "--sim", str(two))
        assert refused.exit_code == 5, refused.output
        assert "project fleet" in refused.stderr
        assert "--steal" in refused.stderr
    assert id in live_ids(run, two)
    stolen = run("orphans", "--terminate", id, "--auto-approve", "--steal", "--sim", str(two))
    assert stolen.exit_code == 0, stolen.output
    assert id not in live_ids(run, two)


def moved(run: Invoke, make: Callable[..., Path]) -> tuple[Path, str]:
    """A project whose template has moved to another address, and the id of the template."""
    folder = make("fleet", name="fleet")
    apply(run, folder)
    id = recorded_id(run, folder)
    (folder / "main.yaml").write_text(TEMPLATE.format(name="other").replace("spec: {", "spec: {name: base, "))
    assert run("state", "mv", "template.base", "template.other", str(folder)).exit_code == 0
    return folder, id


def test_a_moved_record_keeps_its_object(run: Invoke, make: Callable[..., Path]) -> None:
    folder, id = moved(run, make)
    assert run("plan", "--sim", "--detailed-exitcode", str(folder)).exit_code == 0
    destroyed = run("destroy", "--sim", "--auto-approve", str(folder))
    assert destroyed.exit_code == 0, destroyed.output
    assert id not in live_ids(run, folder)


def test_a_moved_record_that_is_forgotten_and_imported_can_be_changed(run: Invoke, make: Callable[..., Path]) -> None:
    folder, id = moved(run, make)
    assert run("state", "rm", "template.other", str(folder)).exit_code == 0
    imported = run("import", "template.other", id, "--sim", str(folder))
    assert imported.exit_code == 0, imported.output
    replaced = run("apply", "--sim", "--auto-approve", "--replace", "template.other", str(folder))
    assert replaced.exit_code == 0, replaced.output
    assert id not in live_ids(run, folder)


def test_a_record_of_a_kind_that_this_version_lacks_is_named(run: Invoke, make: Callable[..., Path]) -> None:
    folder = make("team")
    apply(run, folder)
    path = folder / "state" / "default.json"
    state = json.loads(path.read_text())
    del state["checksum"]
    state["records"]["gadget.x"] = state["records"]["template.base"]
    path.write_text(json.dumps(state))
    for words in (("plan",), ("destroy", "--auto-approve"), ("drift",), ("orphans",), ("import", "gadget.x", "5")):
        ended = run(*words, "--sim", str(folder))
        assert "internal error" not in ended.output, (words, ended.output)
    assert "gadget.x" in run("plan", "--sim", str(folder)).output
    assert run("state", "rm", "gadget.x", str(folder)).exit_code == 0


def test_a_state_that_is_not_there_cannot_be_renamed(run: Invoke, make: Callable[..., Path]) -> None:
    folder = make("p")
    ended = run("state", "rename", "p/default", str(folder))
    assert ended.exit_code == 5
    assert "there is no state at " in ended.stderr
    assert not list(folder.rglob("*.json"))
