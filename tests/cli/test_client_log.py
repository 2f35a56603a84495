"""NOVITA_INFRA_LOG: the client log on stderr, off unless asked for."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from novita_infra.cli.client_log import StderrHandler

Invoke = Callable[..., Result]
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING) (GET|POST) /\S+ ?.*")


def _lines(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if LINE.fullmatch(line)]


def test_debug_logs_the_calls_of_an_apply_without_a_secret(
    run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOVITA_INFRA_LOG", "debug")
    (project / "login.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: RegistryAuth\nmetadata: {name: login}\n"
        "spec: {name: registry.example.com, username: ada, password: '${var.note}'}\n"
    )
    result = run("apply", "--sim", "--auto-approve", "--json")
    assert result.exit_code == 0, result.stderr
    lines = _lines(result.stderr)
    assert [line for line in lines if " INFO POST " in line and "/repository/auth/save 200 in " in line]
    assert [line for line in lines if " DEBUG GET " in line]
    assert "from-the-environment" not in result.stderr
    assert all(json.loads(line) for line in result.stdout.splitlines())


def test_a_line_of_the_log_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    StderrHandler().emit(logging.makeLogRecord({"msg": "GET /x\nforged \x1b[2J\u202e", "levelname": "INFO"}))
    assert capsys.readouterr().err.endswith("INFO GET /x\\nforged \\x1b[2J\\u202e\n")


@pytest.mark.parametrize("word", ["", "off"])
def test_nothing_is_logged_unless_asked_for(run: Invoke, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("NOVITA_INFRA_LOG", word)
    assert _lines(run("apply", "--sim", "--auto-approve").stderr) == []


def test_an_unknown_level_is_refused_with_the_known_ones(run: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOVITA_INFRA_LOG", "loud")
    result = run("plan", "--sim")
    assert result.exit_code == 1
    assert "NOVITA_INFRA_LOG is 'loud'; set it to debug, info, warning or off" in result.stderr
