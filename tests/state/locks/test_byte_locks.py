"""Locks by name in one file: who holds them, the file that the last run removes, and runs of other machines."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from novita_infra.model.diagnostics import Problems
from novita_infra.state.locks.byte_locks import ByteLocks
from novita_infra.state.store import LockRefused

NAME, OTHER = "vpc a", "vpc b"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / ".names.lock"


def run(path: Path, operation: str = "apply") -> ByteLocks:
    return ByteLocks(path, operation, now=lambda: 1_763_800_000.0)


def held(locks: ByteLocks, name: str) -> Any:
    lock = locks.try_lock(name)
    assert not isinstance(lock, LockRefused)
    return lock


def refused(locks: ByteLocks, name: str) -> LockRefused:
    refusal = locks.try_lock(name)
    assert isinstance(refusal, LockRefused)
    return refusal


def left_by(path: Path, **note: object) -> bytes:
    """The file of a run that was killed while it held the name, with this in its note."""
    dead = run(path)
    held(dead, NAME)
    content = path.read_bytes()
    dead.close()
    page, rest = content[:1024], content[1024:]
    return json.dumps(json.loads(page.rstrip(b"\0")) | note).encode().ljust(len(page), b"\0") + rest


def test_the_file_is_made_by_the_first_lock_and_removed_by_the_last_run(path: Path) -> None:
    first, second, third = (run(path) for _ in range(3))
    third.close()
    assert not path.exists()
    held(first, NAME).release()
    held(second, OTHER)
    assert path.stat().st_mode & 0o777 == 0o600
    first.close()
    assert path.exists()
    assert refused(first, OTHER).holder is not None  # opened again
    second.close()
    held(first, OTHER)
    first.close()
    assert [*path.parent.iterdir()] == []


def test_the_holder_is_named_among_several_runs(path: Path) -> None:
    runs = [run(path, operation) for operation in ("apply", "destroy", "plan")]
    for locks, name in zip(runs, (NAME, OTHER, "vpc c"), strict=True):
        held(locks, name)
    refusal = refused(runs[0], OTHER)
    where = f"process {os.getpid()} on {os.uname().nodename}, since 2025-11-22 08:26:40 UTC"
    assert str(refusal.holder).startswith("`destroy` of ")
    assert str(refusal.holder).endswith(where)
    assert refusal.hint == "wait for its end, or give --lock-timeout; the lock ends with that process"
    assert str(refused(runs[1], "vpc c").holder).startswith("`plan` of ")
    for locks in runs:
        locks.close()


def test_the_page_of_a_killed_run_of_this_machine_is_used_again(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(left_by(path))
    size = path.stat().st_size
    locks = run(path)
    held(locks, NAME)
    held(locks, OTHER)
    assert path.stat().st_size == size
    locks.close()
    assert not path.exists()


def test_a_name_of_another_machine_is_refused_until_its_file_is_removed(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(left_by(path, host="far-away", boot="b", user="ann", pid=7))
    for _ in range(2):
        locks = run(path)
        held(locks, OTHER)
        refusal = refused(locks, NAME)
        holder = "`apply` of ann, process 7 on far-away, since 2025-11-22 08:26:40 UTC"
        assert refusal == LockRefused(
            refusal.holder,
            f"the state was locked on another machine by {holder}",
            f"make sure that it is not running any more, then remove {path}",
            final=True,
        )
        held(locks, "vpc c")
        locks.close()
        assert path.exists()
    path.unlink()
    locks = run(path)
    held(locks, NAME)
    locks.close()


@pytest.mark.parametrize("content", [b"", b"\0", b"{", b"[]", b"\0" * 40_000])
def test_a_file_without_notes_is_used_and_removed(content: bytes, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    locks = run(path)
    held(locks, NAME)
    other = run(path)
    assert refused(other, NAME).holder is not None
    locks.close()
    assert path.exists()
    other.close()
    assert not path.exists()


def test_a_file_that_a_person_removed_is_not_removed_from_the_next_run(path: Path) -> None:
    one, two = run(path), run(path)
    held(one, NAME)
    path.unlink()
    held(two, OTHER)
    one.close()
    assert path.exists()
    assert refused(one, OTHER).holder is not None
    two.close()
    one.close()
    assert not path.exists()


def test_a_run_holds_as_many_names_as_its_page_has_places(path: Path) -> None:
    locks = run(path)
    first, *_ = [held(locks, str(number)) for number in range(2194)]
    assert refused(locks, NAME).final is False
    first.release()
    held(locks, NAME)
    locks.close()


def test_a_file_that_cannot_be_opened_is_named(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "there")
    with pytest.raises(Problems, match="is a link to "):
        run(path).try_lock(NAME)
    path.unlink()
    path.mkdir()
    with pytest.raises(Problems) as caught:
        run(path).try_lock(NAME)
    assert str(caught.value) == f"{path}: is a directory; something else is in its place: move it away"


def test_a_lock_that_is_released_after_the_end_of_its_run_is_free(path: Path) -> None:
    locks = run(path)
    lock = held(locks, NAME)
    locks.close()
    lock.release()
    held(locks, NAME)
    locks.close()
