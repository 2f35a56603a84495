"""`validate` checks every environment, unless one is named; text, JSON and exit code agree."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]

PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: small}
variables:
  size: {type: integer, default: 20}
environments:
  dev: {}
  prod: {variables: {size: large}}
  trial: {extends: prod}
  spare: {}
defaultEnvironment: dev
"""
BROKEN = 'novita-infra.yaml:8:28: the variable "size" is a whole number, and the environment "prod" gives "large"'


@pytest.fixture
def fleet(project: Path) -> Path:
    """A project of which two environments are broken."""
    (project / "novita-infra.yaml").write_text(PROJECT)
    return project


def test_an_error_of_another_environment_is_one_of_the_project(fleet: Path, run: Invoke) -> None:
    result = run("validate")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"error: {BROKEN.replace(': the', ': in environments prod, trial: the')}" in result.stderr
    shown = run("validate", "--json")
    assert shown.exit_code == 1
    data = json.loads(shown.stdout)
    assert (data["valid"], data["error_count"], data["warning_count"]) == (False, 1, 0)
    (item,) = data["diagnostics"]
    assert item["summary"].startswith('in environments prod, trial: the variable "size"')
    assert fleet.is_dir()


def test_a_named_environment_is_checked_alone(fleet: Path, run: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("validate", "--env", "dev").stdout == "Valid: 1 resource in environment dev.\n"
    monkeypatch.setenv("NOVITA_INFRA_ENV", "spare")
    assert run("validate").stdout == "Valid: 1 resource in environment spare.\n"
    result = run("validate", "--env", "prod")
    assert result.exit_code == 1
    assert f"error: {BROKEN}" in result.stderr
    assert fleet.is_dir()


def test_an_error_of_all_environments_is_reported_once(fleet: Path, run: Invoke) -> None:
    (fleet / "vpc.yaml").write_text("apiVersion: novita-infra/v1\nkind: VPC\nmetadata: {name: net}\nspec: {zone: a}\n")
    result = run("validate", "--json")
    assert result.exit_code == 1
    assert [item["summary"].partition(":")[0] for item in json.loads(result.stdout)["diagnostics"]] == [
        'unknown field "zone"',
        "in environments prod, trial",
    ]


def test_each_environment_is_named_where_all_are_valid(fleet: Path, run: Invoke) -> None:
    (fleet / "novita-infra.yaml").write_text(PROJECT.replace("{size: large}", "{size: 30}"))
    result = run("validate")
    assert result.stdout == "Valid: 1 resource in environment dev; prod, spare, trial are valid, too.\n"
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_file_is_checked_in_the_environments_that_read_it(fleet: Path, run: Invoke) -> None:
    (fleet / "novita-infra.yaml").write_text(
        PROJECT.replace("{size: large}", "{size: 30}").replace("dev: {}", "dev: {include: [dev.yaml]}")
    )
    (fleet / "dev.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: VPC\nmetadata: {name: net}\nspec: {cluster: us-ca-nas-2}\n"
    )
    assert run("validate", "dev.yaml").stdout == "Valid: 1 resource in environment dev.\n"
    assert run("validate", "fleet.yaml").stdout == (
        "Valid: 1 resource in environment dev; prod, spare, trial are valid, too.\n"
    )


def test_a_warning_of_another_environment_is_shown_with_its_name(fleet: Path, run: Invoke) -> None:
    (fleet / "novita-infra.yaml").write_text(PROJECT.replace("{size: large}", "{size: 30}"))
    with (fleet / "fleet.yaml").open("a") as stream:
        stream.write("environments: [dev]\n")
    result = run("validate", "--json")
    assert [item["summary"] for item in json.loads(result.stdout)["diagnostics"]] == [
        "in environments prod, spare, trial: nothing is declared"
    ]
    assert result.exit_code == 0
