"""The backup of a state file: with its journal it is the state, and a repair restores all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_store import LocalStore
from state_values import CHANGES, SPECS, Change, write_changes

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems
from novita_infra.model.records import Record
from novita_infra.state.backend import REPAIR_HINT
from novita_infra.state.backends.local.files import LocalFiles
from novita_infra.state.recovery.kept import read_kept
from novita_infra.state.recovery.repair import put_back, recovered
from novita_infra.state.state import AuditHead, LastRun, State
from novita_infra.state.store import StateLost

A, B = Address("instance", "a"), Address("vpc", "b")
ACTS = st.lists(st.tuples(st.sampled_from(["run", "killed", "edit"]), CHANGES, SPECS), min_size=1, max_size=4)


def store(folder: Path) -> LocalStore:
    return LocalStore(folder / "dev.json", project="training", environment="dev")


def act(folder: Path, how: str, changes: list[Change], outputs: dict[str, object]) -> None:
    """A run, a run that is killed before it saves, or an edit of the state without a run."""
    local = store(folder)
    state = local.load()
    if how == "edit":
        records = {item.address: item for item in changes if isinstance(item, Record)}
        local.save(replace(state, records={**dict(list(state.records.items())[1:]), **records}))
        return
    with local.journal(state) as journal:
        asyncio.run(write_changes(journal, changes))
    if how == "run":
        local.save(replace(store(folder).load(), serial=state.serial, outputs=outputs))


def advice(folder: Path) -> str:
    with pytest.raises(Problems) as caught:
        store(folder).load()
    (diagnostic,) = caught.value.diagnostics
    return diagnostic.hint


def repair(folder: Path) -> State:
    """What `state repair` stores."""
    storage = LocalFiles(folder / "dev.json")
    kept = read_kept(storage)
    found = recovered(kept)
    assert found is not None
    return put_back(storage, kept, found, by=LastRun("state repair", "ada", 1.0))


def content(state: State) -> State:
    """The state without what a repair changes."""
    return replace(state, serial=0, last_run=None, audit=AuditHead())


@given(ACTS, st.sampled_from(["damaged", "empty", "gone"]))
def test_a_repair_restores_every_change(acts: list[tuple[str, list[Change], dict[str, object]]], how: str) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        store(folder).save(store(folder).load())
        for each in acts:
            act(folder, *each)
        before = store(folder).load()
        path = folder / "dev.json"
        path.unlink()
        if how != "gone":
            path.write_bytes(b"{" if how == "damaged" else b"")
        assert advice(folder) == REPAIR_HINT
        repair(folder)
        after = store(folder).load()
        assert content(after) == content(before)
        assert after.serial > before.serial


def test_a_backup_alone_is_a_lost_state_and_is_restored_with_its_journal(tmp_path: Path) -> None:
    act(tmp_path, "run", [Record(A, "1")], {})
    act(tmp_path, "run", [Record(B, "2")], {})
    before = store(tmp_path).load()
    (tmp_path / "dev.json").unlink()
    with pytest.raises(StateLost, match=r"dev\.json is not there, and its backup .* is") as caught:
        store(tmp_path).load()
    assert caught.value.code == EXIT_REFUSED
    repair(tmp_path)
    assert content(store(tmp_path).load()) == content(before)
    assert set(before.records) == {A, B}


def _only_the_journal(folder: Path) -> None:
    act(folder, "killed", [Record(B, "2")], {})
    (folder / "dev.json").unlink()
    (folder / "dev.json.backup").unlink()


def _another_journal(folder: Path) -> None:
    other = folder / "other"
    other.mkdir()
    act(other, "killed", [Record(B, "2")], {})
    (other / "dev.journal").rename(folder / "dev.journal")


def _dangling_link(folder: Path) -> None:
    (folder / "dev.json").unlink()
    (folder / "dev.json").symlink_to(folder / "nowhere.json")


def _dangling_journal(folder: Path) -> None:
    (folder / "dev.journal").symlink_to(folder / "nowhere.journal")


def _only_the_trail(folder: Path) -> None:
    (folder / "dev.json").unlink()
    (folder / "dev.json.backup").unlink()


PARTS: dict[str, Callable[[Path], object]] = {
    "only a backup": lambda folder: (folder / "dev.json").unlink(),
    "only the journal of a backup": _only_the_trail,
    "only a journal": _only_the_journal,
    "a journal of another lineage": _another_journal,
    "a dangling link": _dangling_link,
    "a dangling journal": _dangling_journal,
    "an empty file": lambda folder: (folder / "dev.json").write_bytes(b""),
    "a file of zeros": lambda folder: (folder / "dev.json").write_bytes(b"\0" * 512),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_a_state_is_lost_state_and_never_a_new_one(part: str, tmp_path: Path) -> None:
    act(tmp_path, "run", [Record(A, "1")], {})
    act(tmp_path, "run", [], {})
    PARTS[part](tmp_path)
    with pytest.raises(StateLost) as caught:
        store(tmp_path).load()
    assert caught.value.code == EXIT_REFUSED
    assert caught.value.diagnostics[0].hint
    with pytest.raises(StateLost):
        store(tmp_path).save(State("l", "00"))
    with pytest.raises(StateLost), store(tmp_path).journal(State("l", "00")):
        pass


def test_a_link_to_a_missing_folder_is_lost_state(tmp_path: Path) -> None:
    (tmp_path / "state").symlink_to(tmp_path / "unmounted")
    with pytest.raises(StateLost, match=r"is a link to .*unmounted, and nothing is there"):
        store(tmp_path / "state").load()


def test_a_backup_without_its_journal_gives_the_state_before_the_last_run(tmp_path: Path) -> None:
    act(tmp_path, "run", [Record(A, "1")], {})
    act(tmp_path, "run", [Record(B, "2")], {})
    (tmp_path / "dev.journal.backup").unlink()
    (tmp_path / "dev.json").write_bytes(b"{")
    assert repair(tmp_path).records.keys() == {A}


@pytest.mark.parametrize("name", ["dev.json.backup", "dev.journal.backup"])
def test_a_damaged_backup_is_no_obstacle_to_a_repair(name: str, tmp_path: Path) -> None:
    act(tmp_path, "run", [Record(A, "1")], {})
    act(tmp_path, "run", [Record(B, "i-2")], {})
    for path in (tmp_path / "dev.json", tmp_path / name):
        data = path.read_bytes()
        place = data.index(b'"lineage"') + 14
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    assert advice(tmp_path).startswith(REPAIR_HINT)
    assert repair(tmp_path).records.keys() == {A, B}


def test_every_file_of_a_state_is_for_its_owner_alone(tmp_path: Path) -> None:
    act(tmp_path, "run", [Record(A, "1")], {})
    act(tmp_path, "run", [Record(B, "2")], {})
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"dev.json", "dev.json.backup", "dev.journal.backup", "dev.history"}
    act(tmp_path, "killed", [Record(B, "3")], {})
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (tmp_path / "dev.history").stat().st_mode & 0o777 == 0o700
