"""`state migrate` on the command line: the whole state with its history, and a note in the old place."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from local_store import LocalStore

from novita_infra.model.records import Record

Invoke = Callable[..., Result]
Rows = Callable[..., Any]
THERE = ("--to", "local", "--set", "path=elsewhere")


def use_new_place(project: Path) -> None:
    file = project / "novita-infra.yaml"
    file.write_text(file.read_text() + 'state: {"backend": "local", "path": "elsewhere"}\n')


def kill_a_run(state: Path) -> None:
    """Leaves the journal of a run that was killed after it protected the storage."""
    store = LocalStore(state)
    present = store.load()
    (record,) = present.records.values()
    with store.journal(present) as journal:
        asyncio.run(journal.put(Record(record.address, record.id, record.spec, protect=True), "protected"))


@pytest.mark.parametrize("killed", [False, True], ids=["saved", "with a journal"])
def test_a_state_is_moved_with_its_history_and_its_journal(
    killed: bool, run: Invoke, project: Path, state: Path, rows: Rows
) -> None:
    if killed:
        kill_a_run(state)
    recorded, text = rows("state", "history"), run("state", "pull").stdout
    (planned,) = rows("state", "migrate", *THERE, "--dry-run")
    assert (planned["moved"], planned["journal"], planned["serial"]) == (False, killed, recorded[0]["serial"])
    assert not (project / "elsewhere").exists() or not list((project / "elsewhere").glob("*.json"))
    ended = run("state", "migrate", *THERE, "--auto-approve")
    assert ended.exit_code == 0, ended.output
    assert 'state: {"backend": "local", "path": "elsewhere"}' in ended.stderr
    told = run("plan", "--sim")
    assert told.exit_code == 5
    words = " ".join(told.stderr.split())
    assert "the state of state/default.json was moved to the backend local by" in words
    assert 'write into this one: `state: {backend: "local", path: "elsewhere"}`' in words
    for command in (("state", "list"), ("apply", "--sim", "--auto-approve"), ("state", "repair"), ("state", "fsck")):
        assert run(*command).exit_code == 5
    use_new_place(project)
    assert run("state", "pull").stdout == text
    assert [row["serial"] for row in rows("state", "history")] == [row["serial"] for row in recorded]
    assert run("state", "fsck").exit_code == 0
    assert run("plan", "--sim", "--detailed-exitcode", "--var", "size=30").exit_code in {0, 2}
    assert run("orphans", "--sim", "--json").stdout == "[]\n"


def test_a_state_is_moved_back(run: Invoke, project: Path, state: Path) -> None:
    text = run("state", "pull").stdout
    assert run("state", "migrate", *THERE, "--auto-approve").exit_code == 0
    use_new_place(project)
    ended = run("state", "migrate", "--to", "local", "--auto-approve")
    assert ended.exit_code == 0, ended.output
    file = project / "novita-infra.yaml"
    file.write_text(file.read_text().partition("state:")[0])
    assert run("state", "pull").stdout == text


def test_an_interrupted_migration_is_run_again(run: Invoke, project: Path, state: Path, rows: Rows) -> None:
    recorded = rows("state", "list")
    note = state.read_bytes()
    assert run("state", "migrate", *THERE, "--auto-approve").exit_code == 0
    state.write_bytes(note)  # as if it had ended before the note
    assert rows("state", "migrate", *THERE, "--auto-approve")[0]["moved"] is True
    assert rows("state", "migrate", *THERE, "--auto-approve")[0]["moved"] is True
    use_new_place(project)
    assert rows("state", "list") == recorded


def test_another_state_in_the_new_place_is_refused(run: Invoke, project: Path, state: Path) -> None:
    other = LocalStore(project / "elsewhere" / "default.json")
    other.save(other.load())
    ended = run("state", "migrate", *THERE, "--auto-approve")
    assert (ended.exit_code, "name an empty place" in " ".join(ended.stderr.split())) == (5, True)
    assert run("state", "list").exit_code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--to", "locall"), "there is no state backend 'locall'; did you mean \"local\"?"),
        (("--to", "local"), "the state is in state already; name another place: --set ..."),
        (("--to", "local", "--set", "paht=x"), "the backend local has no setting 'paht'; did you mean \"path\"?"),
        (("--to", "local", "--set", "path=${var.x}"), "--set path takes no expression"),
        (("--to", "local", "--set", "path"), "write NAME=VALUE"),
        (("--to", "local", "--set", "path=s3://x/y"), "state.path is a folder"),
        (("--to", "local", "--set", "path=x", "--json"), "--json cannot ask; add --auto-approve, or --dry-run"),
        (("--to", "local", "--set", "path=x"), "no question can be asked"),
        ((), "Missing option '--to'"),
    ],
)
def test_bad_arguments_move_nothing(words: tuple[str, ...], says: str, run: Invoke, state: Path) -> None:
    before = state.read_bytes()
    ended = run("state", "migrate", *words)
    assert ended.exit_code == 1
    output = " ".join(ended.output.replace("\n    ", "; ").split())
    assert says in output or says.partition(";")[0] in output.replace('\\"', '"'), ended.output
    assert state.read_bytes() == before


def test_without_a_state_there_is_nothing_to_move(run: Invoke) -> None:
    ended = run("state", "migrate", *THERE, "--auto-approve")
    assert (ended.exit_code, "there is no state in state" in ended.stderr) == (1, True)


def test_a_damaged_state_is_not_moved(run: Invoke, state: Path) -> None:
    state.write_bytes(state.read_bytes()[:-9])
    ended = run("state", "migrate", *THERE, "--auto-approve")
    assert (ended.exit_code, "novita-infra state repair" in ended.stderr) == (1, True)
    assert json.dumps(ended.exit_code) == "1"
