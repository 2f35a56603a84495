"""`state pull` and `state push` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
Rows = Callable[..., Any]


def edited(text: str, **changes: Any) -> str:
    """The pulled state after an edit by hand."""
    content = json.loads(text) | changes
    del content["checksum"]
    return json.dumps(content)


def test_a_pulled_state_is_pushed_after_an_edit(run: Invoke, project: Path, state: Path, rows: Rows) -> None:
    text = run("state", "pull").stdout
    assert json.loads(text)["serial"] == json.loads(state.read_text())["serial"]
    content = json.loads(text)
    content["records"]["network_storage.data"]["protect"] = True
    (project / "edited.json").write_text(edited(text, records=content["records"]))
    shown = rows("state", "push", "edited.json", "--dry-run")
    assert [(item["address"], item["fate"]) for item in shown["records"]] == [("network_storage.data", "changed")]
    assert shown["saved"] is None
    done = rows("state", "push", "edited.json", "--auto-approve")
    assert done["saved"] == content["serial"] + 1
    assert json.loads(run("state", "pull").stdout)["records"]["network_storage.data"]["protect"] is True


def test_an_edit_with_its_old_checksum_is_refused(run: Invoke, project: Path, state: Path) -> None:
    (project / "edited.json").write_text(run("state", "pull").stdout.replace("us-ca-nas-2", "us-ca-nas-3"))
    ended = run("state", "push", "edited.json", "--auto-approve")
    assert ended.exit_code == 1
    assert 'if it was edited on purpose, remove its line "checksum"' in " ".join(ended.stderr.split())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"lineage": "other"}, "is of the lineage other, and state/default.json is of"),
        ({"serial": 1}, "edited.json is version 1, and state/default.json is version"),
        ({"records": {}}, "does not record objects that state/default.json records: network_storage.data ("),
    ],
)
def test_a_state_that_would_lose_something_is_pushed_only_by_force(
    changes: dict[str, Any], says: str, run: Invoke, project: Path, state: Path, rows: Rows
) -> None:
    serial = json.loads(state.read_text())["serial"]
    (project / "edited.json").write_text(edited(run("state", "pull").stdout, **changes))
    ended = run("state", "push", "edited.json", "--auto-approve")
    assert ended.exit_code == 5
    assert says in " ".join(ended.stderr.split())
    assert "to insist, add --force" in ended.stderr
    assert rows("state", "push", "edited.json", "--auto-approve", "--force")["saved"] == serial + 1
    forgotten = [item for item in rows("state", "history") if item["present"]]
    assert forgotten[0]["operation"] == "state push"


def test_a_forced_push_names_what_it_forgets_and_how_to_adopt_it(run: Invoke, project: Path, state: Path) -> None:
    (project / "edited.json").write_text(edited(run("state", "pull").stdout, records={}))
    shown = run("state", "push", "edited.json", "--force", "--dry-run").stdout
    assert "  ! network_storage.data (" in shown
    assert "novita-infra orphans --adopt network_storage.data --id " in shown


def test_a_newer_state_is_pushed_above_its_own_version(run: Invoke, project: Path, state: Path, rows: Rows) -> None:
    (project / "edited.json").write_text(edited(run("state", "pull").stdout, serial=500))
    assert rows("state", "push", "edited.json", "--auto-approve")["saved"] == 501


def test_a_state_is_pushed_from_stdin_into_an_empty_place(run: Invoke, project: Path, state: Path, rows: Rows) -> None:
    import shutil  # noqa: PLC0415

    from click.testing import CliRunner  # noqa: PLC0415

    from novita_infra.cli import root  # noqa: PLC0415

    text, recorded = run("state", "pull").stdout, rows("state", "list")
    shutil.rmtree(state.parent)
    ended = CliRunner().invoke(root, ["state", "push", "-", "--auto-approve"], input=text)
    assert ended.exit_code == 0, ended.output
    assert rows("state", "list") == recorded


def test_there_is_nothing_to_pull_without_a_state(run: Invoke) -> None:
    ended = run("state", "pull")
    assert (ended.exit_code, "there is no state at state/default.json" in ended.stderr) == (1, True)
    assert run("state", "push", "nowhere.json").exit_code == 1
