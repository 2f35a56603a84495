"""What the commands over state print with --json fits the published schemas."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

SCHEMAS = Path(__file__).parents[4] / "schemas" / "results"
RUNS = {
    "history": "state_history",
    "restore --serial {serial} --dry-run": "state_change",
    "restore --serial {serial} --auto-approve": "state_change",
    "repair --dry-run": "state_change",
    "push pushed.json --dry-run --force": "state_change",
    "fsck": "state_fsck",
    "lock list": "state_locks",
    "migrate --to local --set path=elsewhere --dry-run": "state_migration",
}


@pytest.mark.parametrize("words", RUNS)
def test_the_json_of_a_command_fits_its_schema(
    words: str, run: Callable[..., Any], project: Path, state: Path, rows: Callable[..., Any]
) -> None:
    serial = rows("state", "history")[1]["serial"]
    (project / "pushed.json").write_text(run("state", "pull").stdout)
    if words.startswith(("repair", "fsck")):
        state.write_bytes(state.read_bytes()[:-9])
    if words == "lock list":
        state.with_name("default.json.lock").write_text('{"host": "elsewhere", "boot": "x", "pid": 12}')
    data = rows("state", *words.format(serial=serial).split(), code=1 if words == "fsck" else 0)
    assert data
    schema = json.loads((SCHEMAS / f"{RUNS[words]}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(data)
