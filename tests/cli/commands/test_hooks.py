"""Hooks on the command line: when they run, what they get, and what their failures mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import Result

from novita_infra.notices.schema import notice_schema
from novita_infra.views.formats.json.schema.plan import plan_schema

pytestmark = pytest.mark.process

Invoke = Callable[..., Result]
LOG = {"run": ["sh", "-c", "cat >> events.jsonl"]}
EVERY = {event: [LOG] for event in ("beforePlan", "afterPlan", "beforeApply", "afterApply")}
OF_RESOURCE = {event: [LOG] for event in ("onCreate", "onReady", "onDelete")}
OTHER = "---\napiVersion: novita-infra/v1\nkind: VPC\nmetadata: {name: net}\nspec: {cluster: us-ca-nas-2}\n"
APPLY = ("apply", "--sim", "--auto-approve")
DESTROY = ("destroy", "--sim", "--auto-approve", "--allow-data-loss", "*")


def _fails(**more: Any) -> dict[str, Any]:
    return {"run": ["sh", "-c", "echo no space >&2; exit 3"], **more}


def _declare(
    folder: Path, *, project: dict[str, Any] | None = None, resource: dict[str, Any] | None = None, **more: Any
) -> None:
    """Writes the project with these hooks, and a storage with others."""
    head: dict[str, Any] = {"apiVersion": "novita-infra/v1"}
    hooks = {"hooks": project} if project else {}
    name = {"metadata": {"name": "small"}}
    (folder / "novita-infra.yaml").write_text(yaml.safe_dump({**head, "kind": "Project", **name, **hooks}))
    lifecycle = {"lifecycle": {"hooks": resource}} if resource else {}
    spec = {"cluster": "us-ca-nas-2", "sizeGb": 20, **more.pop("spec", {})}
    storage = {**head, "kind": "NetworkStorage", "metadata": {"name": "data"}, **lifecycle, "spec": spec, **more}
    (folder / "fleet.yaml").write_text(yaml.safe_dump(storage))


def _events(folder: Path) -> list[dict[str, Any]]:
    """The events that the hooks have got since the last look; each fits the schema."""
    file = folder / "events.jsonl"
    found = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    file.unlink(missing_ok=True)
    for event in found:
        jsonschema.validate(event, notice_schema())
    return found


def _names(folder: Path) -> list[str]:
    return [f"{item['event']} {item.get('address', '')}".strip() for item in _events(folder)]


def test_hooks_run_before_and_after_each_part_of_an_apply(run: Invoke, project: Path) -> None:
    _declare(project, project=EVERY, resource=OF_RESOURCE)
    ended = run("plan", "--sim")
    assert ended.exit_code == 0, ended.output
    assert "Hooks: onCreate sh (network_storage.data); onReady sh (network_storage.data)" in ended.stdout
    assert _names(project) == ["beforePlan", "afterPlan"]
    assert run(*APPLY).exit_code == 0
    events = _events(project)
    assert [item["event"] for item in events] == [
        "beforePlan",
        "afterPlan",
        "beforeApply",
        "onCreate",
        "onReady",
        "afterApply",
    ]
    assert [item["outcome"] for item in events] == [None, "succeeded", None, None, None, "succeeded"]
    created = events[3]
    assert (created["address"], created["kind"], created["action"]) == (
        "network_storage.data",
        "NetworkStorage",
        "create",
    )
    assert {item["planDigest"] for item in events[1:]} == {created["planDigest"]}
    assert created["summary"]["create"] == 1
    assert run(*APPLY).exit_code == 0
    assert _names(project) == ["beforePlan", "afterPlan"], "there was nothing to do"
    assert run(*DESTROY).exit_code == 0
    events = _events(project)
    assert [(item["event"], item["command"]) for item in events[2:]] == [
        ("beforeApply", "destroy"),
        ("onDelete", "destroy"),
        ("afterApply", "destroy"),
    ]
    assert events[3]["id"] == created["id"]


def test_hooks_of_each_key_and_of_the_target_alone(run: Invoke, project: Path) -> None:
    _declare(project, resource=OF_RESOURCE, forEach=["a", "b"])
    assert run(*APPLY, "--target", 'network_storage.data["a"]').exit_code == 0
    assert _names(project) == ['onCreate network_storage.data["a"]', 'onReady network_storage.data["a"]']
    assert run(*APPLY, "--no-hooks").exit_code == 0
    assert _names(project) == []
    assert run(*APPLY).exit_code == 0
    assert _names(project) == [], "hooks that were switched off are not made up for"
    assert run(*DESTROY, "--target", 'network_storage.data["b"]').exit_code == 0
    assert _names(project) == ['onDelete network_storage.data["b"]']


def test_a_changed_hook_changes_nothing_of_the_resource(run: Invoke, project: Path) -> None:
    _declare(project)
    assert run(*APPLY).exit_code == 0
    _declare(project, resource={event: [LOG] for event in ("onCreate", "onReady")})
    assert run("plan", "--sim", "--detailed-exitcode").exit_code == 0
    assert _names(project) == []


@pytest.mark.parametrize("event", ["beforePlan", "afterPlan", "beforeApply"])
def test_a_hook_before_the_steps_that_fails_ends_the_command(run: Invoke, project: Path, event: str) -> None:
    _declare(project, project={event: [_fails(), LOG]})
    ended = run(*APPLY)
    assert ended.exit_code == 1
    assert f"the hook {event} sh failed: it ended with exit code 3: no space" in ended.stderr
    assert _names(project) == []
    assert "network_storage.data" not in run("state", "list").stdout
    _declare(project, project={event: [_fails(onFailure="warn"), LOG]})
    ended = run(*APPLY)
    assert (ended.exit_code, _names(project)) == (0, [event])
    assert f"warning: the hook {event} sh failed" in ended.stderr


@pytest.mark.parametrize(("on_failure", "code"), [("stop", 1), ("warn", 0)])
def test_a_hook_after_an_apply_that_fails_leaves_the_state(
    run: Invoke, project: Path, on_failure: str, code: int
) -> None:
    _declare(project, project={"afterApply": [_fails(onFailure=on_failure)]})
    ended = run(*APPLY, "--json")
    assert ended.exit_code == code
    said = [json.loads(line) for line in ended.stdout.splitlines()]
    failed = [item for item in said if item["type"] == "diagnostic"]
    assert [item["diagnostic"]["summary"] for item in failed] == [
        "the hook afterApply sh failed: it ended with exit code 3: no space"
    ]
    assert failed[0]["diagnostic"]["severity"] == ("error" if code else "warning")
    assert "network_storage.data" in run("state", "list").stdout


@pytest.mark.parametrize("event", ["onCreate", "onReady"])
def test_a_hook_of_a_resource_that_fails_fails_its_step_and_runs_again(run: Invoke, project: Path, event: str) -> None:
    ready = {"run": ["sh", "-c", "cat >> events.jsonl; test -e ready"]}
    _declare(project, project={"afterApply": [LOG]}, resource={event: [ready]})
    ended = run(*APPLY)
    assert ended.exit_code == 1
    assert f"the hook {event} sh failed: it ended with exit code 1" in ended.stderr
    events = _events(project)
    assert [item["event"] for item in events] == [event, "afterApply"]
    assert events[1]["outcome"] == "failed"
    assert "the hook" in events[1]["errors"][0]
    ended = run("plan", "--sim")
    assert f"{event} sh" in ended.stdout
    assert run(*APPLY).exit_code == 1
    (project / "ready").touch()
    assert run(*APPLY).exit_code == 0
    events = [item for item in _events(project) if item["event"] == event]
    assert len({item["id"] for item in events}) == 1
    assert run("plan", "--sim", "--detailed-exitcode").exit_code == 0


def test_what_depends_on_a_resource_waits_for_its_hooks(run: Invoke, project: Path) -> None:
    _declare(project, resource={"onReady": [_fails()]})
    (project / "worker.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Template\nmetadata: {name: web}\n"
        "lifecycle: {dependsOn: [network_storage.data]}\nspec: {image: 'nginx:1.27', rootDiskGb: 20}\n"
    )
    ended = run(*APPLY)
    assert ended.exit_code == 1
    assert "network_storage.data failed" in ended.stderr
    assert "template" not in run("state", "list").stdout


def test_a_hook_before_a_delete_that_fails_keeps_the_object(run: Invoke, project: Path) -> None:
    _declare(project, resource={"onDelete": [_fails()]})
    assert run(*APPLY).exit_code == 0
    ended = run(*DESTROY)
    assert ended.exit_code == 1
    assert "was not deleted" in ended.stderr
    assert "network_storage.data" in run("state", "list").stdout
    _declare(project, resource={"onDelete": [_fails(onFailure="warn"), LOG]})
    ended = run(*DESTROY)
    assert ended.exit_code == 0
    assert "warning: network_storage.data: the hook onDelete sh failed" in ended.stderr
    assert _names(project) == ["onDelete network_storage.data"]


def test_a_hook_that_takes_too_long_is_ended(run: Invoke, project: Path) -> None:
    _declare(project, project={"beforePlan": [{"run": ["sleep", "60"], "timeout": "1s"}]})
    ended = run("plan", "--sim")
    assert (ended.exit_code, "the hook beforePlan sleep failed: it took more than 1 s" in ended.stderr) == (1, True)


def test_a_replacement_runs_the_hooks_of_both_objects(run: Invoke, project: Path) -> None:
    _declare(project, resource=OF_RESOURCE)
    assert run(*APPLY).exit_code == 0
    _events(project)
    ended = run(*APPLY, "--replace", "network_storage.data", "--allow-data-loss", "*")
    assert ended.exit_code == 0, ended.output
    events = _events(project)
    assert sorted(item["event"] for item in events) == ["onCreate", "onDelete", "onReady"]
    assert {item["action"] for item in events} == {"replace"}
    ids = {item["event"]: item["id"] for item in events}
    assert ids["onCreate"] == ids["onReady"] != ids["onDelete"]


def test_no_hook_gets_the_key_and_no_secret_of_its_output_is_shown(
    run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOVITA_API_KEY", "sk_c4n4ry-key")
    monkeypatch.setenv("WORD", "c4n4ry-of-the-manifest")
    tells = {"run": ["sh", "-c", "env > seen.txt; cat >> seen.txt; echo it is $WORD"]}
    _declare(project, project={"afterApply": [tells]})
    (project / "login.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: RegistryAuth\nmetadata: {name: hub}\n"
        "lifecycle: {hooks: {onCreate: [{run: [sh, -c, 'cat >> seen.txt; echo $WORD >&2; exit 1'], "
        "onFailure: warn}]}}\nspec: {name: docker.io, username: me, password: {fromEnv: WORD}}\n"
    )
    ended = run(*APPLY)
    assert ended.exit_code == 0, ended.output
    seen = (project / "seen.txt").read_text()
    (project / "seen.txt").unlink()  # it holds the environment of the hook
    assert "sk_c4n4ry" not in seen
    assert "NOVITA_INFRA_VAR_note" not in seen
    assert seen.count("c4n4ry") == 1, "only its own environment has it"
    assert "c4n4ry" not in ended.output + ended.stderr
    assert "[afterApply sh] it is (secret)" in ended.stderr
    assert "registry_auth.hub: the hook onCreate sh failed: it ended with exit code 1: (secret)" in ended.stderr


def test_a_saved_plan_runs_its_hooks_and_is_refused_after_they_have_changed(run: Invoke, project: Path) -> None:
    _declare(project, resource=OF_RESOURCE, project={"beforeApply": [LOG]})
    assert run("plan", "--sim", "--out", "it.niplan").exit_code == 0
    _declare(project, resource={"onCreate": [_fails()]}, project={"beforeApply": [LOG]})
    assert run("apply", "it.niplan").exit_code != 0
    assert _names(project) == []
    _declare(project, resource=OF_RESOURCE, project={"beforeApply": [LOG]})
    assert run("apply", "it.niplan").exit_code == 0
    assert _names(project) == ["beforeApply", "onCreate network_storage.data", "onReady network_storage.data"]


def test_the_json_plan_names_the_hooks_of_its_steps(run: Invoke, project: Path) -> None:
    _declare(project, resource=OF_RESOURCE)
    plan = json.loads(run("plan", "--sim", "--json").stdout)
    jsonschema.validate(plan, plan_schema())
    assert [step["hooks"] for step in plan["novita"]["steps"]] == [["onCreate sh", "onReady sh"]]


def test_a_program_that_does_not_exist_is_a_warning_of_the_plan(run: Invoke, project: Path) -> None:
    _declare(project, resource={"onDelete": [{"run": ["hooks/save.sh"]}], "onReady": [{"run": ["fleet.yaml"]}]})
    ended = run("plan", "--sim")
    assert ended.exit_code == 0
    assert "the hook onDelete save.sh cannot run: there is no program hooks/save.sh" in ended.output
    assert "fleet.yaml is not executable; `chmod +x` it" in ended.output
    ended = run(*APPLY)
    assert (ended.exit_code, "the hook onReady fleet.yaml failed: fleet.yaml is not executable" in ended.stderr) == (
        1,
        True,
    )


def test_an_environment_adds_hooks(run: Invoke, project: Path) -> None:
    _declare(project, project={"beforePlan": [LOG]})
    file = project / "novita-infra.yaml"
    more = {"environments": {"prod": {"hooks": {"afterPlan": [LOG]}}, "dev": {}}}
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **more}))
    assert run("plan", "--sim", "--env", "dev").exit_code == 0
    assert _names(project) == ["beforePlan"]
    assert run("plan", "--sim", "--env", "prod").exit_code == 0
    assert _names(project) == ["beforePlan", "afterPlan"]


def test_a_delete_whose_hooks_went_with_the_manifest_is_refused(run: Invoke, project: Path) -> None:
    _declare(project)
    assert run(*APPLY).exit_code == 0
    _declare(project, resource={"onDelete": [LOG]})
    ended = run(*APPLY)
    assert ended.exit_code == 0, ended.output
    assert "lifecycle.hooks.onDelete: false -> true" in ended.stdout
    assert _names(project) == []
    (project / "fleet.yaml").write_text(OTHER.removeprefix("---\n"))
    ended = run(*APPLY, "--allow-data-loss", "*")
    assert ended.exit_code == 5
    assert "delete is refused: its hooks onDelete are no longer declared" in ended.output
    assert "destroy --target network_storage.data" in ended.output
    _declare(project, resource={"onDelete": [LOG]})
    with (project / "fleet.yaml").open("a") as file:
        file.write(OTHER)
    assert run(*DESTROY, "--target", "network_storage.data").exit_code == 0
    assert _names(project) == ["onDelete network_storage.data"]


def test_no_hooks_permits_a_delete_without_those_of_the_removed_manifest(run: Invoke, project: Path) -> None:
    _declare(project, resource={"onDelete": [LOG]})
    assert run(*APPLY).exit_code == 0
    _declare(project, resource={"onDelete": [LOG]}, enabled=False)
    with (project / "fleet.yaml").open("a") as file:
        file.write(OTHER)
    assert run("plan", "--sim", "--allow-data-loss", "*").exit_code == 5
    ended = run(*APPLY, "--allow-data-loss", "*", "--no-hooks")
    assert ended.exit_code == 0, ended.output
    assert _names(project) == []
