"""Marks of a merge conflict in a state: both sides are read, and joined where no two objects have one address."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from local_store import LocalStore
from state_values import A, B, C

from novita_infra.model.records import Record
from novita_infra.state.backends.local.files import LocalFiles
from novita_infra.state.format.file_format import read_state
from novita_infra.state.recovery.conflicts import joined, sides_of_conflict
from novita_infra.state.recovery.kept import read_kept
from novita_infra.state.recovery.repair import recovered
from novita_infra.state.state import State


def git(folder: Path, *words: str) -> None:
    name = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *name, *words], cwd=folder, check=False, capture_output=True)


def commit(folder: Path, *records: Record) -> bytes:
    """Saves the state with the records, and commits it alone."""
    local = LocalStore(folder / "dev.json")
    local.save(replace(local.load(), records={record.address: record for record in records}))
    git(folder, "add", "dev.json")
    git(folder, "commit", "-qm", "state")
    return (folder / "dev.json").read_bytes()


def merge(folder: Path, style: str, ours: tuple[Record, ...], theirs: tuple[Record, ...]) -> tuple[bytes, bytes]:
    """Two branches of a state that git merges into a conflict of that style; the file of each side."""
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "merge.conflictStyle", style)
    commit(folder, Record(A, "i-1"))
    git(folder, "checkout", "-q", "-b", "other")
    their_file = commit(folder, *theirs)
    git(folder, "checkout", "-q", "main")
    our_file = commit(folder, *ours)
    git(folder, "merge", "-q", "other")
    return our_file, their_file


@pytest.mark.process
@pytest.mark.parametrize("style", ["merge", "diff3"])
def test_both_sides_of_a_conflict_are_the_files_that_were_merged(tmp_path: Path, style: str) -> None:
    sides = merge(tmp_path, style, (Record(A, "i-1"), Record(B, "i-2")), (Record(A, "i-1"), Record(C, "i-3")))
    data = (tmp_path / "dev.json").read_bytes()
    assert data.count(b"<<<<<<<") > 0
    assert sides_of_conflict(data) == sides
    found = recovered(read_kept(LocalFiles(tmp_path / "dev.json")))
    assert found is not None
    assert {str(address): record.id for address, record in found.state.records.items()} == {
        "instance.a": "i-1", "instance.b": "i-2", "instance.c": "i-3",
    }  # fmt: skip
    assert not found.state.searched
    assert found.parts == (f"both sides of the merge conflict in {tmp_path}/dev.json",)


def test_text_without_a_whole_conflict_has_no_sides() -> None:
    for data in (b"{}\n", b"<<<<<<< a\n{\n", b"<<<<<<< a\n=======\n"):
        assert sides_of_conflict(data) is None


BASE = State("l", "scrypt-1:00", serial=5, records={A: Record(A, "i-1", seen_at=1.0)})


def test_an_object_that_one_side_deleted_is_in_no_joined_state() -> None:
    ours = replace(BASE, records={}, gone={"instance": ("i-1",)})
    both = joined(ours, replace(BASE, serial=6))
    assert isinstance(both, State)
    assert (dict(both.records), both.gone, both.serial) == ({}, {"instance": ("i-1",)}, 6)


def test_of_two_records_of_one_object_the_one_read_last_counts() -> None:
    newer = Record(A, "i-1", {"image": "x"}, seen_at=2.0)
    both = joined(BASE, replace(BASE, records={A: newer}))
    assert isinstance(both, State)
    assert both.records == {A: newer}


def test_two_objects_at_one_address_are_not_joined() -> None:
    assert joined(BASE, replace(BASE, records={A: Record(A, "i-2")})) == [A]
    assert read_state(b'{"version": 1, "lineage": "l", "key": "00"}', "s", hint="").lineage == "l"
