"""`state lock list` and `state lock break` on the command line."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
Rows = Callable[..., Any]
NOTE = {
    "operation": "apply",
    "user": "ada",
    "pid": 12,
    "host": "elsewhere",
    "boot": "x",
    "since": "2026-11-22 21:17:04 UTC",
}


def test_no_lock_is_held_between_runs(run: Invoke, state: Path, rows: Rows) -> None:
    assert rows("state", "lock", "list") == []
    assert run("state", "lock", "list").stdout == "No state of the project is locked.\n"
    ended = run("state", "lock", "break")
    assert (ended.exit_code, ended.stderr) == (0, "The state of default is not locked.\n")


def test_the_lock_of_another_machine_is_listed_and_broken(
    run: Invoke, state: Path, rows: Rows, asked: Callable[..., tuple[int, str, str]]
) -> None:
    lock = state.with_name("default.json.lock")
    lock.write_text(json.dumps(NOTE))
    assert rows("state", "lock", "list") == [
        {
            "environment": "default",
            "operation": "apply",
            "user": "ada",
            "pid": "12",
            "host": "elsewhere",
            "since": NOTE["since"],
            "age_seconds": None,
        }
    ]
    assert run("state", "rm", "network_storage.data").exit_code == 1
    holder = f"default is locked by `apply` of ada, process 12 on elsewhere, since {NOTE['since']}\n"
    shown = run("state", "lock", "break", "--dry-run")
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, holder, "")
    code, out, err = asked("no", "state", "lock", "break")
    assert (code, out) == (1, holder), err
    assert lock.exists()
    code, out, err = asked("yes", "state", "lock", "break")
    assert (code, out, "The lock is free." in err) == (0, holder, True), err
    assert not lock.exists()
    assert run("state", "rm", "network_storage.data").exit_code == 0


@pytest.mark.parametrize("note", [{}, NOTE, NOTE | {"host": os.uname().nodename}], ids=["new", "container", "here"])
def test_the_lock_of_a_living_process_is_not_broken(run: Invoke, state: Path, note: dict[str, Any]) -> None:
    """Whatever its note says: a container has other process numbers than the machine that shares its folder."""
    with state.with_name("default.json.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(json.dumps(note) if note else "")
        lock.flush()
        ended = run("state", "lock", "break", "--auto-approve")
    assert ended.exit_code == 1
    assert "end that process: its lock ends with it" in " ".join(ended.stderr.split())
