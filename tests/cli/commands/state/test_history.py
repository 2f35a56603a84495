"""`state history` and `state restore` on the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from click.testing import Result

from novita_infra.state.recovery.history import SavedState
from novita_infra.state.state import LastRun, new_state
from novita_infra.views.results.state_history import state_history

Invoke = Callable[..., Result]
Rows = Callable[..., Any]


def test_the_history_names_each_version_with_its_command(run: Invoke, state: Path, rows: Rows) -> None:
    assert run("state", "mv", "network_storage.data", "network_storage.more").exit_code == 0
    found = rows("state", "history")
    assert [(row["operation"], row["present"], row["resources"]) for row in found] == [
        ("state mv", True, 1), ("apply", False, 1), ("apply", False, 1),
    ]  # fmt: skip
    assert all(row["saved"] and row["by"] and row["bytes"] > 400 and row["plan"] is None for row in found)
    assert found[0]["bytes"] == state.stat().st_size
    serials = [row["serial"] for row in found]
    assert serials == sorted(serials, reverse=True)
    text = run("state", "history").stdout
    assert text.split("\n")[0].split() == [
        "SERIAL", "SAVED", "BY", "WHO", "PLAN", "RESOURCES", "BYTES", "PRESENT",
    ]  # fmt: skip
    assert "state mv" in text


def test_the_plan_of_a_version_is_named_by_the_begin_of_its_digest() -> None:
    run = LastRun("apply", "ada, process 12 on host", 1.0, plan=f"hmac-sha256:{'0123456789ab'}{'f' * 52}")
    (row,) = state_history([SavedState(replace(new_state("team", "dev"), last_run=run), 1.0, 400)]).rows
    assert (row.short_plan, row.plan) == ("0123456789ab", run.plan)


def test_a_project_without_a_state_has_no_history(run: Invoke) -> None:
    ended = run("state", "history")
    assert (ended.exit_code, ended.stdout) == (0, "No history: nothing is stored.\n")
    assert "There is no state at state/default.json." in " ".join(ended.stderr.split())


def test_a_removed_record_is_restored_and_the_next_plan_is_empty(
    run: Invoke, state: Path, rows: Rows, asked: Callable[..., tuple[int, str, str]]
) -> None:
    (id,) = (item["id"] for item in rows("state", "list"))
    serial = rows("state", "history")[0]["serial"]
    assert run("state", "rm", "network_storage.data").exit_code == 0
    before = state.read_bytes()
    shown = run("state", "restore", "--serial", str(serial), "--dry-run")
    assert shown.stdout == (
        f"state/default.json: version {serial + 1} is replaced by version {serial}\n"
        f"  + network_storage.data ({id}) is recorded again\n"
    )
    code, out, err = asked("no", "state", "restore", "--serial", str(serial))
    assert (code, out, "Nothing was changed." in err) == (1, shown.stdout, True)
    assert state.read_bytes() == before
    code, _, err = asked("yes", "state", "restore", "--serial", str(serial))
    assert (code, err.endswith(f"Saved as version {serial + 2}.\n")) == (0, True), err
    assert rows("state", "list") == [{"address": "network_storage.data", "id": id}]
    assert rows("state", "history")[0]["operation"] == "state restore"
    assert run("plan", "--sim", "--detailed-exitcode", "--var", "size=30").exit_code == 0


def test_what_was_created_since_remains_recorded(run: Invoke, project: Path, state: Path, rows: Rows) -> None:
    serial = rows("state", "history")[0]["serial"]
    (project / "more.yaml").write_text(
        (project / "fleet.yaml").read_text().replace("name: data", "name: more").replace('"${var.size}"', "10")
    )
    assert run("apply", "--sim", "--auto-approve", "--var", "size=30").exit_code == 0
    recorded = rows("state", "list")
    done = rows("state", "restore", "--serial", str(serial), "--auto-approve")
    assert (done["operation"], done["version"], done["saved"]) == ("state restore", serial, done["before"] + 1)
    assert [(item["address"], item["fate"]) for item in done["records"]] == [("network_storage.more", "remains")]
    assert rows("state", "list") == recorded
    assert run("orphans", "--sim", "--json").stdout == "[]\n"


def test_wrong_versions_are_refused_with_those_that_are_kept(run: Invoke, state: Path, rows: Rows) -> None:
    present, earlier = (row["serial"] for row in rows("state", "history"))
    for words, text in (
        (("--serial", "999"), f"version 999 of state/default.json is not kept; kept: {present}, {earlier}"),
        (("--serial", str(present)), f"version {present} is the present state; novita-infra state history shows"),
        (("--serial", "x"), "Invalid value for '--serial': 'x' is not a valid whole number."),
        ((), "Missing option '--serial'."),
        (("--serial", str(earlier), "--json"), "--json cannot ask; add --auto-approve, or --dry-run"),
        (("--serial", str(earlier)), "no question can be asked: stdin is not a terminal"),
    ):
        ended = run("state", "restore", *words)
        assert ended.exit_code == 1
        output = " ".join((ended.stderr + ended.stdout).replace("\n    ", "; ").split())
        assert text in output.replace("\\n", " ") or text.partition(";")[0] in output, (words, ended.output)


def test_a_restore_of_a_damaged_state_names_the_repair(run: Invoke, state: Path) -> None:
    state.write_bytes(b"{")
    ended = run("state", "restore", "--serial", "1", "--auto-approve")
    assert (ended.exit_code, "novita-infra state repair" in ended.stderr) == (1, True)
