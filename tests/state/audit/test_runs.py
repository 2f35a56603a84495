"""The entries of runs and edits on a state in files: who, why, and what remains when the state goes back."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from audit_logs import checked, names, noted_run, whole_log
from encrypted_states import AGE, OTHER_AGE, encrypted
from local_store import LocalStore
from state_values import A, B

from novita_infra.model.diagnostics import Severity
from novita_infra.model.records import Record
from novita_infra.state.backends.local.files import LocalFiles
from novita_infra.state.guarded import GuardedStore
from novita_infra.state.opening import open_store
from novita_infra.state.recovery.copying import copy_stored
from novita_infra.state.recovery.history import saved_states
from novita_infra.state.recovery.kept import read_kept
from novita_infra.state.recovery.repair import put_back, recovered
from novita_infra.state.recovery.restoring import restoration
from novita_infra.state.state import LastRun


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "state"
    path.mkdir()
    return path


def store(folder: Path) -> LocalStore:
    return LocalStore(folder / "dev.json", project="training", environment="dev")


def test_an_entry_says_who_made_a_call_and_why_and_what_came_of_it(folder: Path) -> None:
    noted_run(store(folder), "/1", "/2")
    noted_run(store(folder))
    noted_run(store(folder), "/3")
    first, _, third = whole_log(store(folder))
    cause, call = first.cause, first.call
    assert (cause.command, cause.by, cause.plan, cause.run) == ("apply", "ada", "sha256:1", "https://ci/7")
    assert (cause.address, cause.step, first.at, call.path) == (str(A), "create", 5.0, "/1")
    assert (call.outcome, call.attempts, call.status, call.request) == ("done", 1, 200, "r/1")
    assert {first.lineage, third.lineage} == {store(folder).load().lineage}


def test_a_save_without_a_command_of_its_own_is_no_entry(folder: Path) -> None:
    noted_run(store(folder), "/1", killed=True)
    for _ in range(2):
        own = store(folder)
        own.save(own.load())
    assert names(store(folder)) == ["/1"]


def test_a_restored_state_does_not_take_the_log_back(folder: Path) -> None:
    noted_run(store(folder), "/1")
    noted_run(store(folder), "/2")
    own = store(folder)
    earlier = saved_states(read_kept(own.storage))[-1].state
    own.save(replace(restoration(own.load(), earlier).state, last_run=LastRun("state restore", "ada", 3.0)))
    assert names(store(folder)) == ["/1", "/2", "state restore"]


def test_a_state_that_was_set_back_by_hand_does_not_fit_its_log(folder: Path) -> None:
    noted_run(store(folder), "/1")
    older = (folder / "dev.json").read_bytes()
    noted_run(store(folder), "/2")
    (folder / "dev.json").write_bytes(older)
    assert not checked(store(folder)).is_whole
    kept = read_kept(store(folder).storage)
    found = recovered(kept)
    assert found is not None
    put_back(store(folder).storage, kept, found, by=LastRun("state repair", "ada", 4.0))
    assert names(store(folder)) == ["/1", "/2", "state repair"], "the repair goes on from the newest entry"


def test_a_torn_end_of_the_log_remains_and_does_no_harm(folder: Path) -> None:
    noted_run(store(folder), "/1")
    with (folder / "dev.audit").open("ab") as file:
        file.write(b'{"number":2,"prev')
    noted_run(store(folder), "/2")
    assert names(store(folder)) == ["/1", "/2"]
    assert len(checked(store(folder)).faults) == 1


def test_a_copy_that_is_made_twice_has_each_entry_once(folder: Path) -> None:
    noted_run(store(folder), "/1")
    storage = store(folder).storage
    for _ in range(2):
        copy_stored(read_kept(storage), LocalFiles(folder / "copy" / "dev.json"), storage.read_audit())
    assert names(store(folder / "copy")) == ["/1"]


def test_notes_of_a_newer_program_are_read_as_far_as_they_are_known(folder: Path) -> None:
    own = store(folder)
    with own.journal(own.load()) as journal:
        journal.note({"call": 1, "path": "/1", "method": "POST", "at": 1.0, "unheard": ["of"]})
        asyncio.run(journal.put(Record(B, "1"), "made"))
    assert names(store(folder)) == ["/1"]


def test_the_log_of_an_encrypted_state_is_encrypted_and_read_after_a_rotation(folder: Path) -> None:
    def opened(**keys: object) -> GuardedStore:
        return open_store(encrypted(folder, dict(keys)), "dev")

    noted_run(opened(**AGE), "/stop-it")
    noted_run(opened(**OTHER_AGE, fallback=AGE), "/2")
    assert names(opened(**OTHER_AGE, fallback=AGE)) == ["/stop-it", "/2"]
    assert b"stop-it" not in (folder / "state" / "dev.audit").read_bytes()
    (fault,) = (item for item in checked(opened(**OTHER_AGE)).faults if item.severity is Severity.ERROR)
    assert fault.summary.startswith("entry 1 is missing; damaged: line 1 of ")


def test_a_log_of_two_branches_is_whole_after_a_merge_and_names_the_lines_of_the_other(folder: Path) -> None:
    noted_run(store(folder), "/1")
    for side in ("ours", "theirs"):
        shutil.copytree(folder, folder.parent / side)
        noted_run(store(folder.parent / side), f"/{side}")
    base = (folder / "dev.audit").read_bytes()
    ours, theirs = ((folder.parent / side / "dev.audit").read_bytes().removeprefix(base) for side in ("ours", "theirs"))
    merged = folder.parent / "ours"
    marks = (b"<<<<<<< ours\n", b"=======\n", b">>>>>>> theirs\n")
    (merged / "dev.audit").write_bytes(base + marks[0] + ours + marks[1] + theirs + marks[2])
    assert names(store(merged)) == ["/1", "/ours"]
    noted_run(store(merged), "/2")
    assert names(store(merged)) == ["/1", "/ours", "/2"]
    (fault,) = checked(store(merged)).faults
    assert fault.summary == "4 lines of the log are in no chain"
