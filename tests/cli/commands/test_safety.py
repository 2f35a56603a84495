"""What guards a plan, over the command line: the options, the messages and the exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]

MORE = """\
---
apiVersion: novita-infra/v1
kind: VPC
metadata: {name: net}
spec: {cluster: us-ca-nas-2}
"""
CONSENT = ("--allow-data-loss", "network_storage.data")


@pytest.fixture
def up(run: Invoke) -> Invoke:
    """The project's storage is there."""
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    return run


def test_what_would_lose_data_exits_with_5_and_tells_the_option_to_type(up: Invoke) -> None:
    for command in (("plan", "--sim", "--destroy"), ("destroy", "--sim", "--auto-approve")):
        done = up(*command)
        assert done.exit_code == 5
        assert (
            "error: network_storage.data: deleting it loses all that is on the network storage (20 GB); "
            "if that is wanted, run it again with --allow-data-loss network_storage.data\n"
        ) in done.stderr
    assert up("plan", "--sim", "--destroy", *CONSENT).exit_code == 0


def test_a_saved_plan_carries_what_it_was_allowed_and_shows_it(up: Invoke) -> None:
    refused = up("plan", "--sim", "--replace", "network_storage.data", "--out", "x.niplan")
    assert refused.exit_code == 5
    assert not Path("x.niplan").exists()
    assert up("plan", "--sim", "--replace", "network_storage.data", "--out", "x.niplan", *CONSENT).exit_code == 0
    assert "Data may be lost of: network_storage.data\n" in up("show", "x.niplan").stdout
    assert json.loads(up("show", "--json", "x.niplan").stdout)["novita"]["allowed"] == {
        "data_loss": ["network_storage.data"],
        "large_change": False,
    }
    assert up("apply", "x.niplan").exit_code == 0


def test_what_was_allowed_is_in_the_command_that_goes_on_from_here(up: Invoke) -> None:
    done = up("destroy", "--sim", "--exclude", "network_storage.data", *CONSENT, "--allow-large-change")
    assert done.exit_code == 0  # all is left out, so nobody is asked
    done = up("destroy", "--sim", *CONSENT, "--allow-large-change")
    assert done.exit_code == 1
    assert "novita-infra destroy --sim --allow-data-loss network_storage.data --allow-large-change" in done.stderr


@pytest.mark.parametrize("option", ["--target", "--exclude", "--replace"])
def test_a_pattern_stands_for_all_that_fit_it_and_is_kept_in_the_command_to_type(option: str, up: Invoke) -> None:
    done = up("apply", "--sim", option, "network_*.d*", "--var", "size=30", *CONSENT)
    if option == "--exclude":
        assert "Left out:\n      network_storage.data  # --exclude\n" in done.stdout
    else:
        assert f"novita-infra apply --sim --var size=... {option} 'network_*.d*' --allow-data-loss" in done.stderr
    done = up("plan", "--sim", option, "network_storage.x*")
    assert (done.exit_code, 'no resource fits network_storage.x*; did you mean "' in done.stderr) == (1, True)


@pytest.mark.parametrize("option", ["--target", "--exclude", "--replace", "--allow-data-loss"])
def test_an_address_that_nobody_knows_exits_with_1_and_the_nearest(option: str, up: Invoke) -> None:
    done = up("plan", "--sim", option, "network_storage.dta")
    assert done.exit_code == 1
    assert 'did you mean "network_storage.data"?' in done.stderr
    assert up("plan", "--sim", option, "data").exit_code == 1


def test_what_is_left_out_is_reported_in_text_and_json(up: Invoke, project: Path) -> None:
    (project / "fleet.yaml").write_text((project / "fleet.yaml").read_text() + MORE)
    done = up("plan", "--sim", "--exclude", "vpc.net", "--detailed-exitcode")
    assert done.exit_code == 0
    assert "Left out:\n      vpc.net  # --exclude\n" in done.stdout
    data = json.loads(up("plan", "--sim", "--exclude", "vpc.net", "--json").stdout)
    assert data["novita"]["left_out"] == [{"address": "vpc.net", "why": "--exclude"}]


def test_a_precondition_that_does_not_hold_exits_with_5_and_a_postcondition_with_1(up: Invoke, project: Path) -> None:
    fleet = (project / "fleet.yaml").read_text()
    demand = '[{value: "${var.size}", is: {maximum: 5}, message: too much}]'
    (project / "fleet.yaml").write_text(f"{fleet}lifecycle: {{preconditions: {demand}}}\n")
    done = up("apply", "--sim", "--auto-approve", "--var", "size=30")
    assert done.exit_code == 5
    assert "error: network_storage.data: a precondition does not hold: too much\n" in done.stderr
    (project / "fleet.yaml").write_text(f"{fleet}lifecycle: {{postconditions: {demand}}}\n")
    done = up("apply", "--sim", "--auto-approve")
    assert done.exit_code == 1
    assert (
        "a postcondition does not hold: too much (it is recorded in the state, and the next run checks again)"
        in done.stderr
    )


@pytest.mark.parametrize("expected", ["", "sha256:", "sha256:6b1c...", "6b1c", f"sha256:{'G' * 64}"])
def test_an_approval_that_names_no_digest_is_reported_apart_from_one_of_another_plan(expected: str, up: Invoke) -> None:
    done = up("apply", "--sim", "--var", "size=30", "--auto-approve", "--expect", expected)
    assert (done.exit_code, "is no digest; one is sha256: and 64 hex digits" in done.stderr) == (1, True)
    assert "sizeGb: 20" in up("show").stdout
    done = up("apply", "--sim", "--var", "size=30", "--expect", f"sha256:{'0' * 64}")
    assert (done.exit_code, "this is not the plan that was approved" in done.stderr) == (5, True)


def test_a_plan_without_changes_tells_what_runs_costs_and_what_the_policies_say(up: Invoke, project: Path) -> None:
    (project / "judge.py").write_text("print('[]')\n")
    assert up("plan", "--sim", "--policy", "judge.py").stdout.splitlines() == [
        "Plan for project small, environment default:",
        "",
        "No changes. The 1 resource of this environment matches the manifests.",
        "Cost of environment default: $0.00167/h, $1.20/month, as before",
        "      if nobody comes back: no bound for network_storage.data $0.00167/h (never swept)",
        "Policies: judge passed.",
    ]
    assert "Policies: judge passed." in up("apply", "--sim", "--policy", "judge.py").stdout


def test_the_notes_of_a_plan_are_in_its_json(up: Invoke, project: Path) -> None:
    (project / "judge.py").write_text("import json\nprint(json.dumps({'warn': [{'reason': 'look twice'}]}))\n")
    data = json.loads(up("plan", "--sim", "--json", "--policy", "judge.py").stdout)["novita"]
    assert data["problems"] == []
    (note,) = data["notes"]
    assert (note["severity"], "look twice" in note["summary"]) == ("warning", True)


def test_the_state_of_another_simulator_is_reported(up: Invoke, project: Path) -> None:
    (project / "fleet.yaml").write_text((project / "fleet.yaml").read_text() + MORE)
    assert up("apply", "--sim", "--auto-approve").exit_code == 0
    assert up("plan", "--sim").stderr == ""
    (project / ".novita-infra" / "sim.db").unlink()
    for words in (("plan",), ("destroy", "--auto-approve", *CONSENT)):
        waited, warning = up(*words, "--sim").stderr.splitlines()[:2]
        assert waited.startswith("network_storage.data: not in the list, which may lag; reading it again until ")
        assert warning.startswith("warning: none of the 2 recorded objects is in this account: ")
