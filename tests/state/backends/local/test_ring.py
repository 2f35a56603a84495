"""The ring of earlier states: bounded, without copies where the file system has second names of files."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest
from local_store import LocalStore
from state_values import A

from novita_infra.model.diagnostics import EXIT_REFUSED, Problems
from novita_infra.model.records import Record
from novita_infra.state.backends.local.disk import Disk
from novita_infra.state.backends.local.files import LocalFiles
from novita_infra.state.backends.local.ring import Ring
from novita_infra.state.recovery.history import saved_states
from novita_infra.state.recovery.kept import read_kept


class WithoutLinks(Disk):
    """A file system on which a file has one name."""

    def link(self, source: Path, target: Path) -> None:  # noqa: ARG002 -- the signature of Disk
        raise OSError(errno.EPERM, os.strerror(errno.EPERM), str(target))


def save(folder: Path, count: int, *, disk: Disk | None = None) -> LocalStore:
    """Saves as many versions."""
    store = LocalStore(folder / "dev.json", disk=disk)
    state = store.load()
    for number in range(count):
        state = store.save(replace(state, records={A: Record(A, f"i-{number}")}))
    return store


def entries(folder: Path) -> list[int]:
    return sorted(int(path.stem) for path in (folder / "dev.history").glob("*.json"))


def test_the_last_thirty_versions_before_the_backup_are_kept(tmp_path: Path) -> None:
    save(tmp_path, 40)
    assert entries(tmp_path) == list(range(9, 39))
    assert {int(path.stem) for path in (tmp_path / "dev.history").glob("*.journal")} == set(range(9, 39))
    serials = [item.state.serial for item in saved_states(read_kept(LocalFiles(tmp_path / "dev.json")))]
    assert serials == list(range(40, 8, -1))


def test_large_versions_are_thinned_out_to_a_few(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "dev.history", disk=Disk())
    for number in range(9):
        file = tmp_path / f"state-{number}"
        with file.open("wb") as stream:
            stream.truncate(30_000_000)  # takes no room on the disk
        ring.keep(file, tmp_path / "no-journal")
    assert entries(tmp_path) == [5, 6, 7, 8, 9]


def test_a_kept_version_is_a_second_name_and_no_copy(tmp_path: Path) -> None:
    save(tmp_path, 2)
    backup = tmp_path / "dev.json.backup"
    inode = backup.stat().st_ino
    save(tmp_path, 1)
    assert (tmp_path / "dev.history" / "1.json").stat().st_ino == inode
    assert backup.stat().st_ino != inode


def test_without_second_names_a_version_is_copied(tmp_path: Path) -> None:
    store = save(tmp_path, 4, disk=WithoutLinks())
    assert entries(tmp_path) == [1, 2]
    kept = read_kept(LocalFiles(tmp_path / "dev.json"))
    assert [item.state.serial for item in saved_states(kept)] == [4, 3, 2, 1]
    assert kept[-1].result == store.load()


def test_a_version_that_a_crash_kept_already_is_not_kept_twice(tmp_path: Path) -> None:
    save(tmp_path, 2)
    ring = Ring(tmp_path / "dev.history", disk=Disk())
    for _ in range(2):
        ring.keep(tmp_path / "dev.json.backup", tmp_path / "dev.journal.backup")
    assert entries(tmp_path) == [1]
    save(tmp_path, 1)
    assert entries(tmp_path) == [1]


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    save(tmp_path, 3)
    for name in ("note.json", "7.txt", "²3.json", "4.journal"):
        (tmp_path / "dev.history" / name).write_text("mine")
    save(tmp_path, 40)
    assert {path.name for path in (tmp_path / "dev.history").iterdir()} >= {"note.json", "7.txt", "²3.json"}
    assert len(read_kept(LocalFiles(tmp_path / "dev.json"))) == 32


def test_no_version_is_kept_of_a_link(tmp_path: Path) -> None:
    store = save(tmp_path, 2)
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "dev.journal.backup").unlink()
    (tmp_path / "dev.journal.backup").symlink_to(tmp_path / "victim")
    with pytest.raises(Problems, match=r"dev\.journal\.backup is a link to .*victim") as caught:
        store.save(store.load())
    assert caught.value.code == EXIT_REFUSED
    assert (tmp_path / "victim").read_text() == "mine"
