"""The log of a command in a file: JSON lines, complete, without secrets, for its owner alone."""

from __future__ import annotations

import json
import logging
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Invoke


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_run_is_logged_with_its_plan_its_events_and_its_calls(run: Invoke, project: Path) -> None:
    level = logging.getLogger("novita_infra").level
    assert run("apply", "--sim", "-y", "--log-file", "run.log").exit_code == 0
    file = project / "run.log"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = _lines(file)
    assert lines[0]["@message"].startswith("novita-infra apply begins, process ")
    assert {"planned_change", "apply_start", "apply_complete", "change_summary"} <= {line["type"] for line in lines}
    calls = [line["@message"] for line in lines if line["@module"] == "novita-infra.api"]
    assert any(call.startswith("POST ") for call in calls)
    assert all({"@level", "@message", "@timestamp", "type"} <= line.keys() for line in lines)
    assert logging.getLogger("novita_infra").level == level


def test_a_log_is_added_to_and_takes_the_errors_of_a_command(run: Invoke, project: Path) -> None:
    file = project / "run.log"
    file.write_text("")
    file.chmod(0o644)
    for _ in range(2):
        assert run("plan", "--sim", "--env", "nowhere", "--log-file", "run.log").exit_code == 1
    errors = [line["diagnostic"]["summary"] for line in _lines(file) if line["type"] == "diagnostic"]
    assert len(errors) == 2
    assert all("nowhere" in text for text in errors)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_secret_is_logged(run: Invoke, project: Path) -> None:
    (project / "auth.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: RegistryAuth\nmetadata: {name: hub}\n"
        "spec: {name: registry.example.com, username: ada, password: '${var.note}'}\n"
    )
    result = run("apply", "--sim", "-y", "--log-file", "run.log")
    assert result.exit_code == 0, result.stderr
    assert "from-the-environment" not in (project / "run.log").read_text()


def test_a_link_in_the_place_of_the_log_is_refused(run: Invoke, project: Path) -> None:
    (project / "run.log").symlink_to(project / "fleet.yaml")
    result = run("plan", "--sim", "--log-file", "run.log")
    assert (result.exit_code, "run.log" in result.stderr) == (5, True)
    assert "Traceback" not in result.stderr


def test_a_log_goes_with_json_and_the_client_log_keeps_its_level(
    run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOVITA_INFRA_LOG", "warning")
    result = run("apply", "--sim", "-y", "--json", "--log-file", "run.log")
    assert result.exit_code == 0
    assert "POST" not in result.stderr
    assert json.loads(result.stdout.partition("\n")[0])["type"] == "version"
    assert any("POST" in line["@message"] for line in _lines(project / "run.log"))
