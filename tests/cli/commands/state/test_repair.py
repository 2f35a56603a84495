"""`state fsck` and `state repair` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
Rows = Callable[..., Any]


def test_a_sound_state_has_no_faults_and_needs_no_repair(run: Invoke, state: Path, rows: Rows) -> None:
    ended = run("state", "fsck")
    assert (ended.exit_code, ended.stdout) == (0, "The state is sound.\n")
    assert rows("state", "fsck") == []
    ended = run("state", "repair")
    assert (ended.exit_code, ended.stderr) == (0, "state/default.json is sound: there is nothing to repair.\n")
    assert run("state", "fsck", "--live", "--sim").stdout == "The state is sound.\n"


def test_a_project_without_a_state_has_nothing_to_check_or_repair(run: Invoke) -> None:
    assert run("state", "fsck").stdout == "The state is sound.\n"
    ended = run("state", "repair")
    assert (ended.exit_code, ended.stderr) == (
        0, "state/default.json holds no state, and never did: there is nothing to repair.\n",
    )  # fmt: skip


def test_a_damaged_state_is_reported_with_the_repair_and_repaired(
    run: Invoke, state: Path, rows: Rows, asked: Callable[..., tuple[int, str, str]]
) -> None:
    recorded, serial = rows("state", "list"), json.loads(state.read_text())["serial"]
    damaged = state.read_bytes()[:-20]
    state.write_bytes(damaged)
    (fault,) = rows("state", "fsck", code=1)
    assert fault["severity"] == "error"
    assert fault["summary"].startswith("state/default.json:")
    assert "novita-infra state repair" in fault["hint"]
    shown = run("state", "repair", "--dry-run")
    assert shown.stdout == (
        f"state/default.json: nothing that can be read is replaced by version {serial}\n"
        "  from the earlier state backup of state/default.json\n"
        "  from the journal of the earlier state backup of state/default.json\n"
        "  resources: 1\n"
    )
    assert state.read_bytes() == damaged
    code, out, err = asked("yes", "state", "repair")
    assert (code, out) == (0, shown.stdout), err
    assert err.endswith(f"Saved as version {serial + 1}.\n")
    assert rows("state", "list") == recorded
    assert run("state", "fsck").exit_code == 0
    assert run("plan", "--sim", "--detailed-exitcode", "--var", "size=30").exit_code == 0


def test_a_state_without_any_sound_part_is_refused(run: Invoke, project: Path) -> None:
    (project / "state").mkdir()
    (project / "state" / "default.json").write_bytes(b"{")
    ended = run("state", "repair")
    assert ended.exit_code == 5
    text = " ".join(ended.stderr.split())
    assert "no part of state/default.json can be read" in text
    assert "novita-infra orphans" in text


def test_a_repair_of_a_state_of_another_program_is_refused(run: Invoke, project: Path) -> None:
    (project / "state").mkdir()
    (project / "state" / "default.json").write_text('{"version": 4, "terraform_version": "1.5.0"}')
    for command in ("repair", "fsck", "history"):
        ended = run("state", command)
        assert (ended.exit_code, "is a state of Terraform" in ended.stderr) == (1, True)


def test_two_records_of_one_object_are_an_error(run: Invoke, state: Path, rows: Rows) -> None:
    content = json.loads(state.read_text())
    content.pop("checksum")
    content["records"]["network_storage.twice"] = content["records"]["network_storage.data"]
    content["records"]["gadget.x"] = {"id": "g", "needs": ["vpc.none"]}
    state.write_text(json.dumps(content))
    id = content["records"]["network_storage.data"]["id"]
    faults = rows("state", "fsck", code=1)
    assert [(item["severity"], item["address"], item["summary"]) for item in faults] == [
        ("error", None, f"{id} is recorded at network_storage.data and at network_storage.twice"),
        ("error", "gadget.x", "this version has no such kind"),
        ("warning", "gadget.x", "it needs vpc.none, which is not recorded"),
    ]
    assert faults[0]["hint"].endswith("novita-infra state rm network_storage.twice")


def test_a_deleted_and_an_unrecorded_object_are_found_with_live(run: Invoke, project: Path, rows: Rows) -> None:
    (project / "fleet.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Template\nmetadata: {name: base}\n"
        'spec: {image: "ubuntu:22.04", rootDiskGb: 60}\n---\n' + (project / "fleet.yaml").read_text()
    )
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    recorded = {item["address"]: item["id"] for item in rows("state", "list")}
    assert run("state", "rm", "template.base").exit_code == 0
    faults = rows("state", "fsck", "--live", "--sim", code=1)
    assert [(item["severity"], item["address"]) for item in faults] == [("error", None)]
    template = recorded["template.base"]
    assert faults[0]["summary"].startswith(f"template {template} (")
    assert f"novita-infra orphans --adopt template.base --id {template}" in faults[0]["hint"]
    assert run("orphans", "--sim", "--adopt", "template.base", "--id", template).exit_code == 0
    assert run("sim", "reset").exit_code == 0
    faults = rows("state", "fsck", "--live", "--sim")
    assert [(item["severity"], item["summary"]) for item in faults] == [
        ("warning", f"{id} does not exist") for id in recorded.values()
    ]


def test_the_account_is_not_read_with_a_damaged_state(run: Invoke, state: Path) -> None:
    state.write_bytes(b"{")
    ended = run("state", "fsck", "--live", "--sim")
    assert ended.exit_code == 1
    assert "The account is not read: the state has errors." in " ".join(ended.stderr.split())


@pytest.mark.parametrize("command", ["repair", "restore --serial 1", "push state/default.json"])
def test_a_locked_state_is_not_changed(command: str, run: Invoke, state: Path) -> None:
    import fcntl  # noqa: PLC0415

    with state.with_name("default.json.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = run("state", *command.split(), "--auto-approve")
    assert (ended.exit_code, "the state is locked by" in ended.stderr) == (1, True)


def in_conflict(ours: bytes, theirs: bytes) -> bytes:
    """A file in which git could join no line."""
    return b"<<<<<<< HEAD\n" + ours + b"=======\n" + theirs + b">>>>>>> other\n"


def test_both_sides_of_a_merge_conflict_are_joined(run: Invoke, state: Path, rows: Rows) -> None:
    ours = state.read_bytes()
    assert run("state", "mv", "network_storage.data", "network_storage.more").exit_code == 0
    assert run("state", "mv", "network_storage.more", "network_storage.data").exit_code == 0
    state.write_bytes(in_conflict(ours, state.read_bytes()))
    (fault, *_) = rows("state", "fsck", code=1)
    assert "the file holds marks of a merge conflict" in fault["summary"]
    assert "`novita-infra state repair` joins both sides" in fault["hint"]
    done = rows("state", "repair", "--auto-approve")
    assert (done["parts"], done["resources"]) == (["both sides of the merge conflict in state/default.json"], 1)
    assert run("plan", "--sim", "--detailed-exitcode", "--var", "size=30").exit_code == 0


def test_a_merge_conflict_with_two_objects_at_one_address_is_refused(run: Invoke, state: Path) -> None:
    ours = state.read_bytes()
    content = json.loads(ours)
    content.pop("checksum")
    content["serial"] += 1
    content["records"]["network_storage.data"]["id"] = "another"
    state.write_bytes(in_conflict(ours, json.dumps(content, indent=2).encode() + b"\n"))
    before = state.read_bytes()
    ended = run("state", "repair", "--auto-approve")
    assert ended.exit_code == 5
    assert (
        "the two sides of the merge conflict in state/default.json record different objects at network_storage.data"
        in " ".join(ended.stderr.split())
    )
    assert state.read_bytes() == before
