"""From plan to destroy, with the simulator in the process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result

Invoke = Callable[..., Result]

UNCHANGED = "Plan for project small, environment default:\n\nNo changes. "


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_plan_apply_plan_destroy(run: Invoke) -> None:
    planned = run("plan", "--sim", "--detailed-exitcode")
    assert planned.exit_code == 2
    assert "  + network_storage.data will be created\n" in planned.stdout
    applied = run("apply", "--sim", "--auto-approve")
    assert applied.exit_code == 0
    assert "Apply complete: 1 created" in applied.stderr
    assert "dataId = " in applied.stdout
    again = run("plan", "--sim", "--detailed-exitcode")
    assert (
        again.exit_code,
        again.stdout.startswith(UNCHANGED),
    ) == (0, True)
    refused = run("destroy", "--sim", "--auto-approve")
    assert refused.exit_code == 5
    assert "run it again with --allow-data-loss network_storage.data" in refused.stderr
    option = ("--allow-data-loss", "network_storage.data")
    assert run("destroy", "--sim", "--auto-approve", *option).exit_code == 0
    assert "The state is empty." in run("show").stdout


def test_a_variable_changes_the_plan(run: Invoke) -> None:
    run("apply", "--sim", "--auto-approve")
    planned = run("plan", "--sim", "--var", "size=30")
    assert "~ sizeGb: 20 -> 30" in planned.stdout
    assert run("plan", "--sim", "--var", "size").exit_code == 1


def test_apply_does_not_ask_where_nobody_can_answer(run: Invoke) -> None:
    result = run("apply", "--sim", "--var", "note=hunter2")
    assert result.exit_code == 1
    assert "stdin is not a terminal" in result.stderr
    assert "novita-infra apply --sim --var note=... --auto-approve" in result.stderr.replace("'", "")
    assert "hunter2" not in result.output
    assert "The state is empty." in run("show").stdout


def test_apply_without_changes_needs_no_approval(run: Invoke) -> None:
    run("apply", "--sim", "--auto-approve")
    result = run("apply", "--sim")
    assert result.exit_code == 0
    assert result.stdout.startswith(UNCHANGED)


def test_without_a_key_and_the_simulator_one_line_says_so(run: Invoke) -> None:
    for command in ("plan", "apply", "destroy"):
        result = run(command)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
        assert "NOVITA_API_KEY" in result.stderr
        assert "--sim" in result.stderr


def test_the_simulator_may_be_chosen_by_the_environment(run: Invoke, monkeypatch: Any) -> None:
    monkeypatch.setenv("NOVITA_INFRA_SIM", "1")
    assert run("plan").exit_code == 0


def test_a_plan_is_not_saved_over_a_manifest(run: Invoke, project: Path) -> None:
    manifest = (project / "fleet.yaml").read_text()
    result = run("plan", "--sim", "--out", "fleet.yaml")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "fleet.yaml is there already and is no plan" in result.stderr
    assert (project / "fleet.yaml").read_text() == manifest
    assert run("plan", "--sim", "--out", "small.niplan").exit_code == 0
    assert run("plan", "--sim", "--out", "small.niplan").exit_code == 0


def test_a_saved_plan_is_shown_drawn_and_applied_once(run: Invoke, project: Path) -> None:
    assert "novita-infra apply small.niplan" in run("plan", "--sim", "--out", "small.niplan").stderr
    shown = run("show", "small.niplan")
    assert [text for text in shown.stdout.splitlines() if "prices read" not in text] == run(
        "plan", "--sim"
    ).stdout.splitlines()
    lines = [run(*words, "--json").stdout for words in (("show", "small.niplan"), ("plan", "--sim"))]
    assert [line.count("\n") for line in lines] == [1, 1]  # Terraform's tools read one line
    saved, planned = map(json.loads, lines)
    assert (saved["variables"], saved["configuration"]) == (planned["variables"], planned["configuration"])
    assert saved["resource_changes"][0]["change"]["actions"] == ["create"]
    assert "fill:" in run("graph", "small.niplan").stdout
    (project / "fleet.yaml").write_text((project / "fleet.yaml").read_text().replace('"${var.size}"', "99"))
    moved = run("apply", "small.niplan")
    assert moved.exit_code == 1
    assert "network_storage.data: sizeGb was to be 20, and would now be 99" in moved.stderr
    assert moved.stdout == ""  # the refusal, and not the plan that it is about
    kinds = [line["type"] for line in _lines(run("apply", "small.niplan", "--json").stdout)]
    assert kinds == ["version", "planned_change", "change_summary", "diagnostic"]
    (project / "fleet.yaml").write_text((project / "fleet.yaml").read_text().replace("99", '"${var.size}"'))
    assert run("apply", "small.niplan").exit_code == 0
    assert "sizeGb: 20" in run("show").stdout
    second = run("apply", "small.niplan")
    assert second.exit_code == 0
    assert "nothing is left of it" in second.stderr


def test_the_project_and_its_environment_come_first_in_every_plan_and_apply(run: Invoke, project: Path) -> None:
    heading = "Plan for project small, environment default:"
    assert run("plan", "--sim", "--out", "small.niplan").stdout.splitlines()[0] == heading
    assert json.loads(run("plan", "--sim", "--json").stdout)["novita"]["project"] == "small"
    first, *_ = _lines(run("apply", "small.niplan", "--json").stdout)
    assert first["type"] == "version"
    assert first["novita"] == {"project": "small", "root": str(project.resolve()), "environment": "default"}
    assert run("apply", "--sim").stdout.splitlines()[0] == heading
    (project / "novita-infra.yaml").unlink()
    first, *_ = _lines(run("apply", "--sim", "--json", "--auto-approve").stdout)
    assert first["novita"]["root"] == str(project.resolve())


def test_a_saved_plan_takes_no_variables(run: Invoke) -> None:
    run("plan", "--sim", "--out", "small.niplan")
    result = run("apply", "small.niplan", "--var", "size=30")
    assert result.exit_code == 1
    assert "carries its own" in result.stderr


def test_a_plan_as_json_is_one_document_and_nothing_else(run: Invoke) -> None:
    result = run("plan", "--sim", "--json", "--detailed-exitcode")
    reported = json.loads(result.stdout)
    assert result.exit_code == 2
    assert result.stderr == ""
    assert reported["format_version"] == "1.2"
    assert reported["resource_changes"][0]["address"] == "network_storage.data"


def test_apply_as_json_is_terraforms_stream(run: Invoke) -> None:
    result = run("apply", "--sim", "--auto-approve", "--json")
    types = [message["type"] for message in _lines(result.stdout)]
    assert (result.exit_code, result.stderr) == (0, "")
    assert types[:4] == ["version", "planned_change", "change_summary", "apply_start"]
    assert types[-3:] == ["apply_complete", "change_summary", "outputs"]
    again = run("apply", "--sim", "--json", "--auto-approve")
    assert [message["type"] for message in _lines(again.stdout)][-2:] == ["change_summary", "outputs"]


def test_apply_as_json_cannot_ask(run: Invoke) -> None:
    result = run("apply", "--sim", "--json")
    assert result.exit_code == 1
    assert [message["type"] for message in _lines(result.stdout)] == ["version", "diagnostic"]


def test_an_error_with_json_is_a_diagnostic(run: Invoke) -> None:
    result = run("plan", "--json")
    [message] = _lines(result.stdout)
    assert (result.exit_code, result.stderr) == (1, "")
    assert (message["type"], message["@level"]) == ("diagnostic", "error")


def test_a_protected_resource_refuses_to_be_destroyed(run: Invoke, project: Path) -> None:
    fleet = (project / "fleet.yaml").read_text()
    (project / "fleet.yaml").write_text(f"{fleet}lifecycle: {{protect: true}}\n")
    run("apply", "--sim", "--auto-approve")
    result = run("destroy", "--sim", "--auto-approve")
    assert result.exit_code == 5
    assert "protect" in result.stderr
    assert "network_storage.data" in run("state", "list").stdout


def test_a_target_that_is_no_address_is_an_error(run: Invoke) -> None:
    result = run("plan", "--sim", "--target", "data")
    assert result.exit_code == 1
    assert "is not an address" in result.stderr


def test_an_unknown_target_is_reported_with_the_nearest(run: Invoke) -> None:
    result = run("plan", "--sim", "--target", "network_storage.dta")
    assert result.exit_code == 1
    assert "network_storage.data" in result.stderr


def test_outputs_are_printed_by_name_and_secrets_are_not(run: Invoke, project: Path) -> None:
    run("apply", "--sim", "--auto-approve", "--var", "note=hunter2")
    raw = run("output", "dataId", "--raw").stdout
    assert run("output", "dataId").stdout == f'"{raw}"\n'
    assert json.loads(run("output", "--json").stdout)["dataId"]["value"] == raw
    assert json.loads(run("output", "place", "--json").stdout) == {"cluster": "us-ca-nas-2"}
    assert run("output", str(project)).stdout == run("output").stdout
    hidden = run("output", "note")
    assert hidden.exit_code == 1
    assert "only a digest" in hidden.stderr
    assert "hunter2" not in run("output").output + run("show").output + run("show", "--json").output
    assert run("output", "--raw").exit_code == 1
    assert run("output", "place", "--raw").exit_code == 1
    assert 'did you mean "dataId"?' in run("output", "datId").stderr


def test_the_simulators_account_can_be_emptied(run: Invoke) -> None:
    run("apply", "--sim", "--auto-approve")
    assert run("sim", "reset").exit_code == 0
    assert "is gone: deleted outside" in run("plan", "--sim").stdout
