"""`audit show` and `audit verify` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result

Invoke = Callable[..., Result]
Rows = Callable[..., Any]
LOSSES = ("--allow-data-loss", "*", "--allow-large-change")
CREATE = "/gpu-instance/openapi/v1/networkstorage/create"


def test_a_call_of_an_apply_is_shown_with_who_and_why(run: Invoke, state: Path, rows: Rows) -> None:
    row, update = rows("audit", "show")
    assert update["step"] == "update"
    assert (row["method"], row["path"], row["status"], row["outcome"]) == ("POST", CREATE, 200, "done")
    assert (row["address"], row["step"], row["command"]) == ("network_storage.data", "create", "apply")
    assert row["plan"].startswith("sha256:")
    assert row["by"] in (state.parent / "default.json").read_text()
    text = run("audit", "show").stdout
    first, *_ = text.split("\n")
    assert first == "1 create network_storage.data: done"
    assert max(map(len, text.split("\n"))) <= 60


def test_the_newest_calls_of_a_resource_are_selected(run: Invoke, state: Path, rows: Rows) -> None:
    assert state.exists()
    assert run("state", "mv", "network_storage.data", "network_storage.more").exit_code == 0
    assert [row["command"] for row in rows("audit", "show")] == ["apply", "apply", "state mv"]
    assert [row["command"] for row in rows("audit", "show", "--limit", "1")] == ["state mv"]
    assert [row["command"] for row in rows("audit", "show", "--address", "network_storage.*")] == ["apply"] * 2
    assert rows("audit", "show", "--address", "vpc.other") == []
    assert len(rows("audit", "show", "--since", "1d")) == 3
    assert "3 state mv: saved" in run("audit", "show").stdout


def test_a_whole_log_is_verified_with_the_digest_of_its_end(run: Invoke, state: Path, rows: Rows) -> None:
    found = rows("audit", "verify")
    assert (found["whole"], found["entries"], found["unsaved"], found["rows"]) == (True, 2, 0, [])
    assert found["digest"] in state.read_text()
    assert run("audit", "verify").stdout == f"The audit log is whole: 2 entries.\nDigest: {found['digest']}\n"


def test_the_summary_of_an_apply_names_the_end_of_the_log(run: Invoke, state: Path, rows: Rows) -> None:
    assert state.exists()
    messages = map(json.loads, run("destroy", "--sim", "--auto-approve", "--json", *LOSSES).stdout.splitlines())
    _, summary = (message for message in messages if message["type"] == "change_summary")
    found = rows("audit", "verify")
    assert summary["audit"] == {"entries": 3, "digest": found["digest"]}


def test_a_changed_and_a_missing_log_are_refused_with_the_position(run: Invoke, state: Path) -> None:
    log = state.with_name("default.audit")
    whole = log.read_bytes()
    log.write_bytes(whole.replace(b'"done"', b'"gone"', 1))
    ended = run("audit", "verify")
    assert (ended.exit_code, ended.stdout.split("\n")[0]) == (
        1, "error: entry 1 was changed: line 1 of state/default.audit is not what was written",
    )  # fmt: skip
    assert "The log is not whole: novita-infra audit verify" in run("audit", "show").stderr
    log.unlink()
    ended = run("audit", "verify")
    assert (ended.exit_code, ended.stdout.split("\n")[0]) == (1, "error: entries 1 to 2 are missing")


def test_calls_outside_of_an_apply_are_in_the_log_of_the_user(run: Invoke, state: Path, rows: Rows) -> None:
    assert state.exists()
    assert run(
        "api", "POST", "/gpu-instance/openapi/v1/network/delete", "--data", '{"networkId":"x"}', "--sim"
    ).exit_code
    (row,) = rows("audit", "show", "--user", "--sim")
    assert (row["command"], row["outcome"], row["status"]) == ("api", "refused", 400)
    assert row["path"] == "/gpu-instance/openapi/v1/network/delete"
    assert rows("audit", "verify", "--user", "--sim")["whole"]
    assert len(rows("audit", "show")) == 2
    assert rows("audit", "show", "--user") == [] or rows("audit", "verify", "--user")["whole"]
