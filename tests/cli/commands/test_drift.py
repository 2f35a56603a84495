"""What was changed outside, on the command line: what is reported where, and the exit codes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from novita_infra.simulator import open_world
from novita_infra.simulator.world.cloud import storages

Invoke = Callable[..., Result]
EXIT_CHANGES, EXIT_DRIFT = 2, 3

HEADING = "Plan for project small, environment default:\n\n"


def rename_by_hand(project: Path) -> None:
    world = open_world(project / ".novita-infra" / "sim.db", now=time.time)
    (storage,) = world.storages
    storages.update(world, storage.id, name="renamed", size=None)
    world.save()
    world.close()


def delete_by_hand(project: Path) -> None:
    world = open_world(project / ".novita-infra" / "sim.db", now=time.time)
    (storage,) = world.storages
    storages.delete(world, storage.id)
    world.save()
    world.close()


def say(project: Path, lifecycle: str) -> None:
    fleet = (project / "fleet.yaml").read_text()
    (project / "fleet.yaml").write_text(f"{fleet}lifecycle: {lifecycle}\n")


def test_no_drift_is_0_and_drift_is_3_and_nothing_is_changed(run: Invoke, project: Path) -> None:
    run("apply", "--sim", "--auto-approve")
    result = run("drift", "--sim")
    assert (
        result.exit_code,
        result.stdout.startswith(f"{HEADING}No changes. "),
    ) == (0, True)
    rename_by_hand(project)
    before = (project / "state" / "default.json").read_bytes()
    for _ in range(2):
        result = run("drift", "--sim")
        assert result.exit_code == EXIT_DRIFT
        assert result.stdout.startswith(f"{HEADING}Changed outside of novita-infra:\n\n  ~ network_storage.data (")
        assert '~ name: "data" -> "renamed"' in result.stdout
    assert (project / "state" / "default.json").read_bytes() == before


def test_drift_as_json_is_one_document_with_the_cause(run: Invoke, project: Path) -> None:
    run("apply", "--sim", "--auto-approve")
    assert json.loads(run("drift", "--sim", "--json").stdout)["resource_drift"] == []
    rename_by_hand(project)
    result = run("drift", "--sim", "--json")
    assert (result.exit_code, result.stderr) == (EXIT_DRIFT, "")
    (item,) = json.loads(result.stdout)["resource_drift"]
    assert item["address"] == "network_storage.data"
    assert item["change"]["actions"] == ["update"]
    assert [(cause["cause"], cause["on_drift"]) for cause in item["novita"]["causes"]] == [("edited", "heal")]


def test_the_advice_of_drift_can_be_typed_as_it_stands(run: Invoke, project: Path) -> None:
    run("apply", "--sim", "--auto-approve")
    fleet = (project / "fleet.yaml").read_text()
    (project / "fleet.yaml").write_text(fleet.replace("us-ca-nas-2", "us-dallas-nas-2"))
    result = run("drift", "--sim")
    assert "run it again" not in result.stderr
    command = "novita-infra apply --sim --allow-data-loss network_storage.data"
    assert command in result.stderr
    (problem,) = json.loads(run("drift", "--sim", "--json").stdout)["novita"]["problems"]
    assert command in problem["detail"]
    assert run(*command.split()[1:], "--auto-approve").exit_code == 0


def test_a_plan_tells_changes_from_drift_only_by_its_exit_code(run: Invoke, project: Path) -> None:
    run("apply", "--sim", "--auto-approve")
    assert run("plan", "--sim", "--detailed-exitcode").exit_code == 0
    rename_by_hand(project)
    assert run("plan", "--sim").exit_code == 0
    assert run("plan", "--sim", "--detailed-exitcode").exit_code == EXIT_DRIFT
    assert run("plan", "--sim", "--detailed-exitcode", "--var", "size=30").exit_code == EXIT_CHANGES
    assert run("drift", "--sim", "--var", "size=30").exit_code == EXIT_DRIFT
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    assert run("plan", "--sim", "--detailed-exitcode").exit_code == 0


def test_an_alert_goes_on_until_somebody_does_something(run: Invoke, project: Path) -> None:
    say(project, "{onDrift: alert}")
    run("apply", "--sim", "--auto-approve")
    rename_by_hand(project)
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    result = run("drift", "--sim")
    assert result.exit_code == EXIT_DRIFT
    assert "left as it is (edited): name" in result.stderr


def test_what_is_to_be_ignored_is_no_drift(run: Invoke, project: Path) -> None:
    say(project, "{onDrift: ignore}")
    run("apply", "--sim", "--auto-approve")
    rename_by_hand(project)
    assert run("drift", "--sim").exit_code == 0


def test_an_apply_tells_terraforms_word_for_drift(run: Invoke, project: Path) -> None:
    run("apply", "--sim", "--auto-approve")
    rename_by_hand(project)
    lines = [json.loads(line) for line in run("apply", "--sim", "--auto-approve", "--json").stdout.splitlines()]
    (message,) = [line for line in lines if line["type"] == "resource_drift"]
    assert message["change"]["resource"]["addr"] == "network_storage.data"
    assert message["change"]["action"] == "update"


def test_the_ways_to_read(run: Invoke, project: Path) -> None:
    run("apply", "--sim", "--auto-approve")
    rename_by_hand(project)
    for mode in ("none", "changed"):
        result = run("plan", "--sim", f"--refresh={mode}", "--detailed-exitcode")
        assert result.exit_code == 0
        assert "1 resource was not read" in result.stdout
        assert "No changes. " in result.stdout
    result = run("plan", "--sim", "--refresh", "changed", "--var", "size=30")
    assert "~ network_storage.data" in result.stdout
    assert "not read" not in result.stdout
    assert run("plan", "--sim", "--refresh", "some").exit_code == 1
    assert json.loads(run("plan", "--sim", "--refresh=none", "--json").stdout)["novita"]["unread"].keys() == {
        "network_storage.data"
    }
    result = run("apply", "--sim", "--refresh=only")
    assert (result.exit_code, "only the state is refreshed" in result.stdout) == (0, True)
    assert "renamed" in run("show").stdout
    assert run("plan", "--sim", "--detailed-exitcode").exit_code == EXIT_CHANGES


def test_a_storage_that_was_deleted_by_hand_is_reported_and_forgotten_where_only_the_state_is_refreshed(
    run: Invoke, project: Path
) -> None:
    run("apply", "--sim", "--auto-approve")
    delete_by_hand(project)
    assert "deleted by hand" in run("drift", "--sim").stdout
    assert run("apply", "--sim", "--refresh=only", "--auto-approve").exit_code == 0
    assert "The state is empty." in run("show").stdout


def test_a_saved_plan_shows_its_drift_too(run: Invoke, project: Path) -> None:
    run("apply", "--sim", "--auto-approve")
    rename_by_hand(project)
    run("plan", "--sim", "--out", "small.niplan")
    shown = run("show", "small.niplan")
    assert "Changed outside of novita-infra:" in shown.stdout
    assert run("apply", "small.niplan").exit_code == 0
    assert run("drift", "--sim").exit_code == 0


def test_what_was_adopted_is_reported_by_plan_drift_why_and_the_state_and_by_a_saved_plan(
    run: Invoke, project: Path
) -> None:
    say(project, "{onDrift: adopt}")
    run("apply", "--sim", "--auto-approve")
    rename_by_hand(project)
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    line = '~ name: "data" -> "renamed"'
    for words in (("plan", "--sim"), ("drift", "--sim"), ("state", "show", "network_storage.data"), ("show",)):
        result = run(*words)
        assert (result.exit_code, line in result.stdout) == (0, True)
    assert "<- onDrift adopted it (edited)   fleet.yaml:5:13" in run("why", "network_storage.data", "--sim").stdout
    (message,) = json.loads(run("drift", "--sim", "--json").stdout)["resource_changes"]
    assert [item["name"] for item in message["novita"]["adopted"]] == ["name"]
    assert run("plan", "--sim", "--var", "size=30", "--out", "small.niplan").exit_code == 0
    assert f"{line}  # because of onDrift (fleet.yaml:5:13)" in run("show", "small.niplan").stdout
    assert run("apply", "small.niplan").exit_code == 0
    (project / "fleet.yaml").write_text((project / "fleet.yaml").read_text().replace("adopt", "heal"))
    result = run("plan", "--sim", "--var", "size=30")
    assert "# because onDrift adopts no longer what was changed outside: name" in result.stdout


def test_a_saved_plan_keeps_what_somebody_put_into_a_map_without_holding_it(run: Invoke, project: Path) -> None:
    template = """\
apiVersion: novita-infra/v1
kind: Template
metadata: {name: base}
lifecycle: {ignoreChanges: [env.TOKEN]}
spec:
  image: ubuntu:22.04
  rootDiskGb: 60
  env: {SIZE: "is ${var.size}"}
"""
    (project / "fleet.yaml").write_text(template)
    (project / "novita-infra.yaml").write_text((project / "novita-infra.yaml").read_text().partition("outputs:")[0])
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    world = open_world(project / ".novita-infra" / "sim.db", now=time.time)
    (base,) = world.templates
    base.envs = [*base.envs, {"key": "TOKEN", "value": "hunter2-hunter2"}]
    world.templates.touch(base)
    world.save()
    world.close()
    assert run("drift", "--sim").exit_code == 0
    assert run("plan", "--sim", "--var", "size=30", "--out", "small.niplan").exit_code == 0
    assert "hunter2" not in (project / "small.niplan").read_text()
    result = run("apply", "small.niplan")
    assert (result.exit_code, "hunter2" in result.output) == (0, False)
    world = open_world(project / ".novita-infra" / "sim.db", now=time.time)
    (base,) = world.templates
    assert {item["key"]: item["value"] for item in base.envs} == {"SIZE": "is 30", "TOKEN": "hunter2-hunter2"}
    world.close()


def test_to_go_on_from_a_failure_everything_is_read(run: Invoke, project: Path) -> None:
    run("apply", "--sim", "--auto-approve")
    delete_by_hand(project)
    failed = run("apply", "--sim", "--refresh=none", "--var", "size=40", "--auto-approve")
    assert failed.exit_code == 1
    (following,) = [line for line in failed.stderr.splitlines() if line.startswith("Next: ")]
    assert "--refresh" not in following
