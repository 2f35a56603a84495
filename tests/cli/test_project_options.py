"""The options of a project: which environment a command is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]

ENVIRONMENTS = "environments: {dev: {}, prod: {}}\n"


@pytest.fixture
def prod(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two environments; the variable chooses prod."""
    file = project / "novita-infra.yaml"
    file.write_text(file.read_text() + ENVIRONMENTS)
    monkeypatch.setenv("NOVITA_INFRA_VAR_note", "n-o-t-e")
    monkeypatch.setenv("NOVITA_INFRA_ENV", "prod")
    return project


def test_the_environment_variable_chooses_the_environment_and_the_option_wins(prod: Path, run: Invoke) -> None:
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    assert (prod / "state" / "prod.json").exists()
    same = run("state", "list", "--env", "prod")
    assert (same.stdout, same.stderr) == (run("state", "list").stdout, "")
    other = run("state", "list", "--env", "dev")
    assert "network_storage.data" not in other.stdout
    assert other.stderr.startswith(
        "--env dev is used, not prod (NOVITA_INFRA_ENV).\nThere is no state at state/dev.json."
    )


def test_an_unknown_environment_of_the_variable_is_named_with_it(
    prod: Path, run: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    del prod
    monkeypatch.setenv("NOVITA_INFRA_ENV", "pord")
    for command in ("validate", "plan", "drift", "graph", "orphans", "output"):
        ended = run(command)
        assert ended.exit_code == 1
        assert 'NOVITA_INFRA_ENV: there is no environment "pord"; did you mean "prod"?' in ended.stderr
    monkeypatch.setenv("NOVITA_INFRA_ENV", "")
    assert run("validate").exit_code == 0


def test_a_saved_plan_of_another_environment_is_refused_by_the_variable(
    prod: Path, run: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    del prod
    assert run("plan", "--sim", "--out", "p.niplan").exit_code == 0
    monkeypatch.setenv("NOVITA_INFRA_ENV", "dev")
    refused = run("apply", "p.niplan")
    assert refused.exit_code == 1
    assert "is for environment prod, not dev; leave out --env, and unset NOVITA_INFRA_ENV" in refused.stderr


def test_inside_of_a_project_its_folder_is_named(project: Path, run: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    note = "inner lies in the project in {}, which is used; {} names another.\n"
    inner = project / "parts" / "inner"
    inner.mkdir(parents=True)
    assert run("plan", "--sim").stderr == ""
    assert run("plan", "--sim", str(inner)).stderr == note.format(project, "PATH")
    monkeypatch.chdir(inner)
    there = run("plan", "--sim", "--json")
    assert there.stderr == note.format("../..", "PATH")
    assert there.stdout.startswith('{"format_version"')
    assert run("ps", "--sim").stderr == note.format("../..", "--project")
    assert run("import", "--all", "--dry-run", "--sim").stderr.startswith(note.format("../..", "PATH"))
    assert not (inner / ".novita-infra").exists()
    made = run("init")
    assert made.stderr.startswith(f"This is a project of its own: the one in {project} reads nothing in it.\n")
    assert run("plan", "--sim").stderr == ""


def test_outside_of_a_project_no_folder_is_named(
    tmp_path_factory: pytest.TempPathFactory, run: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("outside"))
    assert run("ps", "--sim").stderr == ""
    assert "there are no manifests" in run("plan", "--sim").stderr
