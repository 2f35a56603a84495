"""The pipelines of this repository parse and run the project's own commands."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CLASSIFIERS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
PYTHONS = [text.rpartition(" ")[2] for text in CLASSIFIERS if re.fullmatch(r".* Python :: 3\.\d+", text)]
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def _load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def _github(job: str) -> dict[str, Any]:
    found: dict[str, Any] = _load(".github/workflows/ci.yml")["jobs"][job]
    return found


def _runs(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_the_github_workflow_runs_the_suite_with_every_supported_python() -> None:
    job = _github("test")
    assert _runs(job) == [".ci/run"]
    assert job["strategy"]["matrix"]["python"] == PYTHONS


def test_the_github_workflow_tests_the_newest_versions_on_a_schedule() -> None:
    workflow = _load(".github/workflows/ci.yml")
    assert workflow[True]["schedule"]  # YAML 1.1 reads the key `on` as true
    assert _runs(_github("newest")) == ["make test-newest"]


def test_the_github_workflow_may_only_read() -> None:
    assert _load(".github/workflows/ci.yml")["permissions"] == {"contents": "read"}


def test_the_gitlab_pipeline_runs_the_suite_with_every_supported_python() -> None:
    pipeline = _load(".gitlab-ci.yml")
    assert pipeline["test"]["script"] == [".ci/run"]
    assert pipeline["test"]["parallel"]["matrix"] == [{"PYTHON": PYTHONS}]
    assert pipeline["newest"]["script"] == ["make test-newest"]


def test_both_pipelines_check_the_coverage() -> None:
    assert _runs(_github("coverage")) == ["make coverage"]
    assert _load(".gitlab-ci.yml")["coverage"]["script"] == ["make coverage"]


def test_ci_run_can_be_executed_and_calls_make_test() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert "make test" in (ROOT / ".ci/run").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "hook", _load(".pre-commit-config.yaml")["repos"][0]["hooks"], ids=lambda hook: str(hook["id"])
)
def test_a_pre_commit_hook_runs_a_command_of_this_repository(hook: dict[str, Any]) -> None:
    program, argument = hook["entry"].split()
    assert hook["language"] == "system"
    assert argument in TARGETS if program == "make" else (ROOT / argument).is_file()


def test_pre_commit_fetches_no_hook_from_elsewhere() -> None:
    assert [repository["repo"] for repository in _load(".pre-commit-config.yaml")["repos"]] == ["local"]
