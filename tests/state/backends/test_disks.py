"""Disks that are full, can only be read, or are denied: the message says so, and nothing that was confirmed is lost."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from small_disks import run_on_small_disk, run_without_rights

pytestmark = pytest.mark.process

COMMON = """
import asyncio, os
from dataclasses import replace
from state_values import A, with_record, write_changes
from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.state.opening import open_backend
from novita_infra.state.settings import StateSettings

def large():
    return os.urandom(300_000).hex()

def message(call):
    try:
        call()
    except Problems as problems:
        return str(problems)
    return "done"
"""
LOCAL = """
def store():
    return open_backend(StateSettings(disk, {})).store("dev", project="training")

def journal_until_full():
    with own.journal(state) as journal:
        for number in range(100_000):
            asyncio.run(write_changes(journal, [Record(A, str(number))]))
            confirmed.append(number)

own, confirmed = store(), []
state = own.save(with_record(own.load(), id="i-1"))
fill()
print(message(lambda: store().save(replace(state, outputs={"x": large()}))))
assert store().load() == state
free()
fill(left=30_000)
print(message(journal_until_full))
found = int(store().load().records[A].id)
assert confirmed and found in {confirmed[-1], confirmed[-1] + 1}, (found, confirmed[-1:])
free()
saved = store().save(store().load())
assert store().load() == saved
print(message(lambda: store().save(saved)))
"""


def test_a_full_disk_of_this_machine_loses_nothing_that_was_confirmed(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    whole, journal, done = run_on_small_disk(disk, COMMON + LOCAL, kilobytes=256).splitlines()
    advice = "no space left on device; check the permissions and the free space"
    assert (whole.startswith(f"{disk}/state/dev.json"), whole.endswith(advice)) == (True, True), whole
    assert journal == f"{disk}/state/dev.journal: {advice}"
    assert done == "done"


GIT = """
from git_server import bare_repository
{place}
settings = StateSettings(work, {{"backend": "git", "remote": remote.as_uri()}})

def store():
    return open_backend(settings).store("dev", project="training")

state = store().save(with_record(store().load(), id="i-1"))
fill({left})
print(message(lambda: store().save(replace(state, outputs={{"x": large()}}))))
free()
assert store().load() == state
print(message(lambda: store().save(replace(state, outputs={{"x": large()}}))))
"""
THERE = """
remote, work = bare_repository(disk / "remote.git"), disk.parent
"""
HERE = """
remote, work = bare_repository(disk.parent / "remote.git"), disk.parent
os.environ["TMPDIR"] = str(disk)
"""


def test_a_full_disk_of_a_git_server_is_named_and_changes_nothing(tmp_path: Path) -> None:
    script = COMMON + GIT.format(place=THERE, left="")
    refused, done = run_on_small_disk(tmp_path / "disk", script, kilobytes=2048).splitlines()
    assert "no space left on device" in refused.lower()
    assert refused.endswith("free space there")
    assert done == "done"


def test_a_full_disk_of_temporary_files_is_named_and_changes_nothing(tmp_path: Path) -> None:
    script = COMMON + GIT.format(place=HERE, left="200_000")
    refused, done = run_on_small_disk(tmp_path / "disk", script, kilobytes=2048).splitlines()
    assert refused.startswith(f"the temporary repository {tmp_path}/disk/novita-infra-git-")
    assert refused.endswith("look whether its disk is full; TMPDIR names another folder")
    assert done == "done"


POSTGRES = """
from servers import start_postgres
from novita_infra.state.objects.objects import ABSENT, ObjectChange
from novita_infra.state.backends.postgres import open_postgres

folder = disk / "server"
folder.mkdir()
disk.chmod(0o755)
server = start_postgres(folder)
try:
    objects = open_postgres(StateSettings(disk, {"backend": "postgres", "url": server.address, "schema": "full"}))
    objects.write([ObjectChange("locks", b"1", ABSENT)])
    fill()
    print(message(lambda: objects.write([ObjectChange("dev/states/1", os.urandom(2_000_000), ABSENT)])))
    free()
    assert objects.keys("") == ["locks"]
    print(message(lambda: objects.write([ObjectChange("dev/states/1", os.urandom(2_000_000), ABSENT)])))
finally:
    server.stop()
"""


def test_a_full_disk_of_a_database_is_named_and_changes_nothing() -> None:
    with tempfile.TemporaryDirectory() as folder:  # whose path the user of the server may pass
        Path(folder).chmod(0o755)
        script = COMMON + POSTGRES
        output = run_on_small_disk(Path(folder) / "disk", script, kilobytes=131_072, as_root=True)
    refused, done = output.splitlines()
    assert refused.endswith("the disk of the server is full; free some space; then run the command again")
    assert done == "done"


SEAWEEDFS = """
from servers import BUCKET, s3_environment, start_seaweedfs
from novita_infra.state.backends.s3 import open_s3
from novita_infra.state.objects.objects import ABSENT, AnswerLost, ObjectChange

folder = disk / "server"
folder.mkdir()
server = start_seaweedfs(folder)
try:
    options = {"backend": "s3", "bucket": BUCKET, "prefix": "full", "endpoint": server.address}
    objects = open_s3(StateSettings(disk, options), s3_environment())
    objects.write([ObjectChange("locks", b"1", ABSENT)])
    fill()
    try:
        objects.write([ObjectChange("dev/states/1", os.urandom(2_000_000), ABSENT)])
    except AnswerLost as error:
        print(error)
    free()
    assert objects.keys("") == ["locks"]
    print(message(lambda: objects.write([ObjectChange("dev/states/1", os.urandom(2_000_000), ABSENT)])))
finally:
    server.stop()
"""


def test_a_full_disk_of_a_server_of_s3_may_pass_and_changes_nothing(tmp_path: Path) -> None:
    """SeaweedFS answers 500; a call is tried again for half a minute, and then its answer is shown."""
    refused, done = run_on_small_disk(tmp_path / "disk", COMMON + SEAWEEDFS, kilobytes=131_072).splitlines()
    assert (refused, done) == ("the server answered 500 InternalError", "done")


READ_ONLY = """
from git_server import bare_repository

def stores():
    yield open_backend(StateSettings(disk, {})).store("dev", project="training")
    remote = bare_repository(disk / "remote.git")
    git = StateSettings(disk.parent, {"backend": "git", "remote": remote.as_uri()})
    yield open_backend(git).store("dev", project="training")

for store in [*stores()]:
    state = store.save(with_record(store.load(), id="i-1"))
    remount("ro")
    assert store.load() == state
    print(message(lambda: store.save(state)))
    print(message(lambda: store.try_lock("apply")))
    remount("rw")
    print(message(lambda: store.save(state)))
"""


def test_a_disk_that_can_only_be_read_is_read_and_named(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    local, lock, done, push, lease, pushed = run_on_small_disk(disk, COMMON + READ_ONLY, kilobytes=4096).splitlines()
    assert (local.startswith(f"{disk}/state/dev.json"), "read-only file system" in local) == (True, True)
    assert (lock.startswith(f"{disk}/state/dev.json.lock"), "read-only file system" in lock) == (True, True)
    for refusal in (push, lease):
        assert refusal.startswith(f"the server refused the push to {(disk / 'remote.git').as_uri()} ")
        assert refusal.endswith("that repository cannot be written: look at its disk, and at the rights of its files")
    assert (done, pushed) == ("done", "done")


DENIED = """
from git_server import bare_repository
state = {}
for name, settings in {
    "local": StateSettings(disk, {}),
    "git": StateSettings(disk, {"backend": "git", "remote": bare_repository(disk / "remote.git").as_uri()}),
}.items():
    store = open_backend(settings).store("dev", project="training")
    state = store.save(with_record(store.load(), id="i-1"))
    folder = disk / ("state" if name == "local" else "remote.git")
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o500)
    assert store.load() == state
    print(message(lambda: store.save(state)))
    for path in folders:
        path.chmod(0o700)
    print(message(lambda: store.save(state)))
"""


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    local, saved, push, pushed = run_without_rights(tmp_path, COMMON + DENIED).splitlines()
    assert local.startswith(f"{tmp_path}/state/dev.json")
    assert local.endswith("permission denied; check the permissions and the free space")
    assert push.startswith(f"the server refused the push to file://{tmp_path}/remote.git ")
    assert push.endswith("that repository cannot be written: look at its disk, and at the rights of its files")
    assert (saved, pushed) == ("done", "done")
