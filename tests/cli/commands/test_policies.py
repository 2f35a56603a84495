"""Policies on the command line: exit codes, saved plans, `--policy`, and what is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from click.testing import Result

from novita_infra.views.formats.json.schema.plan import plan_schema

Invoke = Callable[..., Result]
HEAD = "import json, sys\nplan = json.load(sys.stdin)\n"
ALLOW = f"{HEAD}print('[]')\n"
DENY = f"{HEAD}print(json.dumps([{{'address': 'network_storage.data', 'reason': 'not today'}}]))\n"
DENIED = 'error: network_storage.data: denied by the policy "judge": not today\n'


@pytest.fixture
def judge(project: Path) -> Path:
    """A policy of the project; what it says is what is written into it."""
    file = project / "novita-infra.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "policies: [{file: judge.py}]\n", encoding="utf-8")
    (project / "judge.py").write_text(ALLOW, encoding="utf-8")
    return project / "judge.py"


@pytest.mark.parametrize("words", [("plan",), ("apply", "--auto-approve"), ("plan", "--destroy")], ids=" ".join)
def test_a_denied_plan_exits_with_5(run: Invoke, judge: Path, words: tuple[str, ...]) -> None:
    judge.write_text(DENY, encoding="utf-8")
    ended = run(*words, "--sim")
    assert (ended.exit_code, ended.stderr) == (5, DENIED)
    assert "Policies: judge denied." in ended.stdout
    assert not (judge.parent / "state" / "default.json").exists()


def test_destroy_is_judged_too_also_where_the_manifests_cannot_be_read(run: Invoke, judge: Path) -> None:
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    judge.write_text(DENY, encoding="utf-8")
    allowed = ("--allow-data-loss", "network_storage.data")
    assert run("destroy", "--sim", "--auto-approve", *allowed).exit_code == 5
    (judge.parent / "fleet.yaml").write_text("apiVersion: [", encoding="utf-8")
    ended = run("destroy", "--sim", "--auto-approve", *allowed)
    assert (ended.exit_code, DENIED in ended.stderr) == (5, True)


def test_nobody_gets_around_the_policies_by_breaking_the_project_file(run: Invoke, judge: Path) -> None:
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    file = judge.parent / "novita-infra.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("policies: [{", "policies: [{wrong: 1, "), encoding="utf-8"
    )
    assert run("destroy", "--sim", "--auto-approve").exit_code == 1


def test_a_saved_plan_is_judged_again_when_it_is_applied(run: Invoke, judge: Path) -> None:
    assert run("plan", "--sim", "--out", "it.plan").exit_code == 0
    judge.write_text(DENY, encoding="utf-8")
    ended = run("apply", "it.plan")
    assert (ended.exit_code, DENIED in ended.stderr) == (5, True)
    judge.unlink()
    ended = run("apply", "it.plan")
    assert (ended.exit_code, 'the policy "judge" gave no verdict: there is no file judge.py' in ended.stderr) == (
        5,
        True,
    )
    judge.write_text(ALLOW, encoding="utf-8")
    assert run("apply", "it.plan").exit_code == 0


def test_a_plan_that_is_denied_is_not_saved(run: Invoke, judge: Path) -> None:
    judge.write_text(DENY, encoding="utf-8")
    assert run("plan", "--sim", "--out", "it.plan").exit_code == 5
    assert not (judge.parent / "it.plan").exists()


def test_policies_of_the_command_judge_too_and_an_apply_must_name_them_again(run: Invoke, project: Path) -> None:
    more = project / "more.py"
    more.write_text(DENY, encoding="utf-8")
    ended = run("plan", "--sim", "--policy", "more.py")
    assert (ended.exit_code, 'denied by the policy "more": not today' in ended.stderr) == (5, True)
    more.write_text(ALLOW, encoding="utf-8")
    assert run("plan", "--sim", "--policy", "more.py", "--out", "it.plan").exit_code == 0
    more.write_text(DENY, encoding="utf-8")
    assert run("apply", "it.plan", "--policy", "more.py").exit_code == 5
    more.write_text(ALLOW, encoding="utf-8")
    unnamed = run("apply", "it.plan")
    assert (unnamed.exit_code, "add --policy more.py" in unnamed.stderr) == (5, True)
    (project / "third.py").write_text(DENY, encoding="utf-8")
    assert run("apply", "it.plan", "--policy", "third.py", "--policy", "more.py").exit_code == 5
    assert run("apply", "it.plan", "--policy", "more.py").exit_code == 0


@pytest.mark.parametrize(("name", "text"), [("gone.py", "there is no policy gone.py"), ("a.rego", "conftest or opa")])
def test_what_is_no_policy_is_reported(run: Invoke, project: Path, name: str, text: str) -> None:
    (project / "a.rego").write_text("package main\n", encoding="utf-8")
    ended = run("plan", "--sim", "--policy", name)
    assert (ended.exit_code, text in ended.stderr) == (1, True)


def test_json_tells_what_the_policies_say_and_fits_the_published_schema(run: Invoke, judge: Path) -> None:
    judge.write_text(f"{HEAD}print(json.dumps({{'warn': ['large']}}))\n", encoding="utf-8")
    ended = run("plan", "--sim", "--json")
    data = json.loads(ended.stdout)
    assert data["novita"]["policies"][0]["warn"] == [{"address": "", "reason": "large"}]
    jsonschema.validate(data, plan_schema())
    run("plan", "--sim", "--out", "it.plan")
    saved = run("show", "--json", "it.plan")
    jsonschema.validate(json.loads(saved.stdout), plan_schema())
    applied = [json.loads(line) for line in run("apply", "--sim", "--auto-approve", "--json").stdout.splitlines()]
    warnings = [item["@message"] for item in applied if item["type"] == "diagnostic"]
    assert 'Warning: the policy "judge" warns: large' in warnings


def test_the_schema_of_plans_can_be_printed(run: Invoke) -> None:
    assert json.loads(run("schema", "plan").stdout) == plan_schema()
