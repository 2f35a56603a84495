"""`ci init`: the pipelines fit the schemas of their systems, hold fixed words alone, and change nothing else."""

from __future__ import annotations

import importlib.resources
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from quick_yaml import read_all_yaml, read_yaml

from novita_infra import __version__
from novita_infra.forges.pipelines.component import gitlab_component
from tests.cli.conftest import Invoke

ROOT = Path(__file__).parents[4]
WORKFLOW = ".github/workflows/novita-infra.yml"
PIPELINE = ".gitlab/novita-infra.yml"
ENVIRONMENTS = "environments: {dev: {}, prod: {}}\n"
SCHEMAS = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"


def check(schema: str, document: Any) -> None:
    if True in document:  # YAML 1.1 reads the key `on` as true
        document = {**document, "on": document[True]}
        del document[True]
    published = json.loads((SCHEMAS / f"{schema}.json").read_text(encoding="utf-8"))
    jsonschema.validators.validator_for(published)(published).validate(document)


@pytest.fixture
def repository(project: Path) -> Path:
    (project / ".git").mkdir()
    with (project / "novita-infra.yaml").open("a") as file:
        file.write(ENVIRONMENTS)
    return project


def commands(document: Any) -> list[str]:
    """Everything in a pipeline that a shell runs."""
    match document:
        case dict():
            texts = [
                text
                for name, value in document.items()
                if name in {"run", "script", "before_script"}
                for text in (value if isinstance(value, list) else [value])
            ]
            return texts + [text for value in document.values() for text in commands(value)]
        case list():
            return [text for value in document for text in commands(value)]
    return []


def test_a_workflow_has_jobs_for_each_environment_and_fits_the_schema(run: Invoke, repository: Path) -> None:
    ended = run("ci", "init", "github")
    assert ended.exit_code == 0, ended.output
    text = (repository / WORKFLOW).read_text()
    workflow = read_yaml(text)
    check("github-workflows", workflow)
    assert [*workflow["jobs"]] == [f"{word}-{name}" for word in ("plan", "apply", "drift") for name in ("dev", "prod")]
    assert workflow["permissions"] == {}


def test_a_pipeline_of_gitlab_has_jobs_for_each_environment_and_fits_the_schema(run: Invoke, repository: Path) -> None:
    assert run("ci", "init", "gitlab").exit_code == 0
    pipeline = read_yaml((repository / PIPELINE).read_text())
    check("gitlab-ci", pipeline)
    check("gitlab-ci", read_yaml((repository / ".gitlab-ci.yml").read_text()))
    assert {name for name in pipeline if not name.startswith(".")} == {
        f"{word} small-{name}" for word in ("plan", "apply", "drift") for name in ("dev", "prod")
    }


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_what_a_shell_runs_holds_nothing_that_others_write(run: Invoke, repository: Path, system: str) -> None:
    run("ci", "init", system)
    document = read_yaml((repository / (WORKFLOW if system == "github" else PIPELINE)).read_text())
    lines = commands(document)
    assert len(lines) >= 6
    assert [line for line in lines if re.search(r"\$|`|;|&|\|", line)] == []


def test_secrets_are_given_to_the_steps_that_need_them_alone(run: Invoke, repository: Path) -> None:
    (repository / "hub.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: RegistryAuth\nmetadata: {name: hub}\n"
        "spec: {username: me, password: {fromEnv: HUB_PASSWORD}}\n"
    )
    with (repository / "novita-infra.yaml").open("a") as file:
        file.write("notifications: [{events: [drift], slack: {url: {fromEnv: SLACK_URL}}}]\n")
    run("ci", "init", "github")
    workflow = read_yaml((repository / WORKFLOW).read_text())
    for job in workflow["jobs"].values():
        assert "env" not in job
        for step in job["steps"]:
            assert ("env" in step) == step.get("run", "").startswith("novita-infra ci ")
            if "env" in step:
                assert step["env"]["SLACK_URL"] == "${{ secrets.SLACK_URL }}"
                assert step["env"]["HUB_PASSWORD"] == "${{ secrets.HUB_PASSWORD }}"
                assert step["env"]["NOVITA_INFRA_VAR_note"] == "${{ secrets.NOVITA_INFRA_VAR_note }}"


def test_a_new_project_gets_its_state_in_a_branch_and_one_with_a_state_is_advised(
    run: Invoke, repository: Path
) -> None:
    run("ci", "init", "github")
    assert "\nstate: {backend: git}" in (repository / "novita-infra.yaml").read_text()
    (repository / "novita-infra.yaml").write_text((repository / "novita-infra.yaml").read_text().partition("state:")[0])
    assert run("apply", "--sim", "--auto-approve", "--env", "dev").exit_code == 0
    before = (repository / "novita-infra.yaml").read_text()
    ended = run("ci", "init", "github")
    assert "novita-infra state migrate --to git" in ended.output
    assert (repository / "novita-infra.yaml").read_text() == before


def test_check_says_whether_a_pipeline_is_stale(run: Invoke, repository: Path) -> None:
    assert run("ci", "init", "github", "--check").exit_code == 1
    run("ci", "init", "github")
    assert run("ci", "init", "github", "--check").exit_code == 0
    assert run("ci", "init", "github", "--check", "--approvers", "admin").exit_code == 1


def test_files_of_others_are_left_as_they_are(run: Invoke, repository: Path) -> None:
    (repository / ".gitlab-ci.yml").write_text("test: {script: [make]}\n")
    ended = run("ci", "init", "gitlab")
    assert "Add to .gitlab-ci.yml:" in ended.output
    assert (repository / ".gitlab-ci.yml").read_text() == "test: {script: [make]}\n"
    (repository / WORKFLOW).parent.mkdir(parents=True)
    (repository / WORKFLOW).write_text("name: mine\n")
    assert run("ci", "init", "github").exit_code == 1
    assert (repository / WORKFLOW).read_text() == "name: mine\n"


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--branch", "main; id"),
        ("--branch", "${{ github.event.pull_request.title }}"),
        ("--package", "novita-infra && id"),
        ("--cron", "* * * *"),
        ("--cron", '0 0 * * *" #'),
        ("--env", "production"),
    ],
)
def test_a_setting_that_could_end_a_line_or_a_word_is_refused(
    run: Invoke, repository: Path, option: str, text: str
) -> None:
    assert run("ci", "init", "github", option, text).exit_code == 1
    assert not (repository / WORKFLOW).exists()


def test_a_project_in_a_folder_is_named_in_every_command(run: Invoke, repository: Path) -> None:
    (repository / "fleet").mkdir()
    for name in ("novita-infra.yaml", "fleet.yaml"):
        (repository / name).rename(repository / "fleet" / name)
    assert run("ci", "init", "github", "fleet").exit_code == 0
    text = (repository / WORKFLOW).read_text()
    assert "novita-infra ci plan fleet --env prod" in text


def test_the_action_of_this_repository_fits_the_schema_and_interpolates_nothing_into_a_shell() -> None:
    action = read_yaml((ROOT / "action.yml").read_text())
    check("github-actions", action)
    assert [line for line in commands(action) if "${{" in line] == []
    assert all(step["shell"] == "bash" for step in action["runs"]["steps"] if "run" in step)


def test_the_component_of_this_repository_is_what_init_writes_and_fits_the_schema() -> None:
    text = (ROOT / "templates" / "novita-infra.yml").read_text()
    assert text == gitlab_component(f"novita-infra=={__version__}")
    spec, pipeline = read_all_yaml(text)
    check("gitlab-ci", pipeline)
    used = set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", text))
    assert used == spec["spec"]["inputs"].keys()


def test_the_hooks_of_this_repository_run_commands_that_exist(run: Invoke) -> None:
    hooks = read_yaml((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["id"] for hook in hooks] == ["novita-infra-validate", "novita-infra-fmt"]
    for hook in hooks:
        assert run(*hook["entry"].split()[1:]).exit_code == 0, hook
        assert hook["language"] == "python"


def test_the_image_is_pinned_runs_without_rights_and_holds_no_secret() -> None:
    text = (ROOT / "Containerfile").read_text()
    assert re.findall(r"^FROM (\S+?)(?: AS \w+)?$", text, re.MULTILINE)
    assert all(re.search(r":\d+\.\d+\.\d+-", image) for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE)[-1] == "10001:10001"
    assert "--require-hashes" in text
    for name in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        assert all((ROOT / word).exists() for word in name.split())
    assert not re.search(r"(?i)^(ARG|ENV) .*(key|token|secret|password)", text, re.MULTILINE)
