"""The files of findings on the command line: places in the repository, environments, and commands that fail."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from junitparser import JUnitXml

from novita_infra.simulator import open_world
from novita_infra.simulator.world.cloud import storages

Invoke = Callable[..., Result]


def _results(file: str) -> list[dict[str, Any]]:
    (run,) = json.loads(Path(file).read_text(encoding="utf-8"))["runs"]
    return list(run["results"])


def _place(result: dict[str, Any]) -> tuple[str, int]:
    place = result["locations"][0]["physicalLocation"]
    return place["artifactLocation"]["uri"], place["region"]["startLine"]


def _cases(file: str) -> dict[str, list[tuple[str, bool]]]:
    return {str(suite.name): [(case.name, case.is_passed) for case in suite] for suite in JUnitXml.fromfile(file)}


@pytest.fixture(autouse=True)
def top(project: Path) -> None:
    """The project is the top of a repository."""
    (project / ".git").mkdir()


@pytest.fixture
def judge(project: Path) -> None:
    """A policy of the project that denies."""
    file = project / "novita-infra.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "policies: [{file: judge.py}]\n", encoding="utf-8")
    reason = '[{"address": "network_storage.data", "reason": "not today"}]'
    (project / "judge.py").write_text(f"print({reason!r})\n", encoding="utf-8")


def test_a_denied_plan_is_reported_where_its_resource_is_declared(run: Invoke, judge: None) -> None:
    files = [f"--{name}={name}.out" for name in ("annotations", "codequality", "junit", "sarif")]
    ended = run("plan", "--sim", *files)
    assert ended.exit_code == 5
    assert ended.stdout.startswith("Plan for project small")
    (denied,) = [item for item in _results("sarif.out") if item["level"] == "error"]
    name = "fleet.yaml"
    assert (denied["ruleId"], _place(denied)[0]) == ("policy/judge", name)
    assert _cases("junit.out") == {"plan/small/default": [("network_storage.data", True), ("judge", False)]}
    line = Path("annotations.out").read_text(encoding="utf-8")
    assert line.startswith(f"::error file={name},line=")
    assert line.endswith(
        ',title=plan/small/default%3A Policy judge::network_storage.data: denied by the policy "judge": not today\n'
    )
    (quality,) = json.loads(Path("codequality.out").read_text(encoding="utf-8"))
    assert (quality["severity"], quality["location"]["path"]) == ("major", name)


def test_drift_and_orphans_are_one_result_each(run: Invoke, project: Path) -> None:
    run("apply", "--sim", "--auto-approve")
    world = open_world(project / ".novita-infra" / "sim.db", now=time.time)
    (storage,) = world.storages
    storages.update(world, storage.id, name="renamed", size=None)
    world.save()
    world.close()
    assert run("drift", "--sim", "--sarif", "a.sarif", "--junit", "a.xml").exit_code == 3
    (drifted,) = _results("a.sarif")
    assert (drifted["ruleId"], drifted["level"], _place(drifted)[0]) == ("drift", "warning", "fleet.yaml")
    assert 'name: "data" -> "renamed"' in drifted["message"]["text"]
    assert _cases("a.xml") == {"drift/small/default": [("network_storage.data", False)]}
    world = open_world(project / ".novita-infra" / "sim.db", now=time.time)
    orphan = storages.create(world, name="left over", size=10, cluster="us-ca-nas-2")
    world.save()
    world.close()
    assert run("orphans", "--sim", "--sarif", "b.sarif", "--junit", "b.xml").exit_code == 0
    assert [(item["ruleId"], _place(item)) for item in _results("b.sarif")] == [("orphan", ("novita-infra.yaml", 1))]
    assert _cases("b.xml") == {"orphans": [(f"network_storage {orphan.id}", False)]}


def test_validate_has_a_suite_for_each_environment(run: Invoke, project: Path) -> None:
    (project / "novita-infra.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: small}\n"
        "variables: {size: {type: integer, default: 20}}\ndefaultEnvironment: dev\n"
        "environments: {dev: {}, prod: {variables: {size: large}}, spare: {}}\n"
    )
    assert run("validate", "--junit", "a.xml", "--sarif", "a.sarif").exit_code == 1
    valid = [("the manifests are valid", True)]
    found = _cases("a.xml")
    ((title, passed),) = found.pop("validate/prod")
    assert (found, passed) == ({"validate/dev": valid, "validate/spare": valid}, False)
    assert 'in environment prod: the variable "size"' in title
    (wrong,) = _results("a.sarif")
    assert (wrong["ruleId"], _place(wrong)[0]) == ("manifest", "novita-infra.yaml")
    (project / "fleet.yaml").write_text("apiVersion: [", encoding="utf-8")
    run("validate", "--junit", "a.xml")
    assert [[passed for _, passed in cases] for cases in _cases("a.xml").values()] == [[False], [False] * 2, [False]]


def test_a_command_that_fails_leaves_its_errors_and_none_of_an_earlier_run(run: Invoke, project: Path) -> None:
    assert run("plan", "--sim", "--sarif", "a.sarif", "--junit", "a.xml").exit_code == 0
    assert [item for item in _results("a.sarif") if item["level"] == "error"] == []
    (project / "fleet.yaml").write_text("apiVersion: novita-infra/v1\nkind: Vpcs\nmetadata: {name: a}\nspec: {}\n")
    Path("a.md").write_text("the plan of an earlier run")
    ended = run("plan", "--sim", "--sarif", "a.sarif", "--junit", "a.xml", "--markdown", "a.md")
    assert ended.exit_code == 1
    comment = Path("a.md").read_text(encoding="utf-8")
    assert comment.startswith("<!-- novita-infra plan -->\n\n### plan has failed\n\n**Errors:**\n\n- fleet.yaml:2:")
    assert ("manifest", ("fleet.yaml", 2)) in [(item["ruleId"], _place(item)) for item in _results("a.sarif")]
    assert {passed for _, passed in _cases("a.xml")["plan"]} == {False}
    assert "Vpcs" in ended.stderr


def test_a_file_that_cannot_be_written_is_reported_once(run: Invoke, project: Path) -> None:
    ended = run("plan", "--sim", "--sarif", "none/a.sarif")
    assert ended.exit_code == 1
    assert ended.stderr.count("none/a.sarif: No such file or directory") == 1
    (project / "fleet.yaml").write_text("apiVersion: [", encoding="utf-8")
    ended = run("plan", "--sim", "--sarif", "none/a.sarif")
    assert ended.stderr.count("none/a.sarif: No such file or directory") == 1
    assert "fleet.yaml:2:" in ended.stderr
