"""A crash of the process or of the machine between any two calls on files leaves a state that can be loaded.

It holds every confirmed change and no change that was never started, and a run can continue from it.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from local_store import LocalStore

from novita_infra.model.addresses import Address
from novita_infra.model.records import Record
from novita_infra.state.backends.local.disk import Disk
from novita_infra.state.backends.local.files import LocalFiles
from novita_infra.state.locks.locking import locked_blocking
from novita_infra.state.recovery.kept import read_kept
from novita_infra.state.recovery.repair import recovered
from novita_infra.state.state import State
from novita_infra.state.store import Journal

A, B = Address("instance", "a"), Address("vpc", "b")


@dataclass
class File:
    data: bytes = b""
    synced: bytes = b""


@dataclass
class Watch:
    """The records after each change so far, and how many changes are confirmed."""

    history: list[Mapping[Address, Record]] = field(default_factory=lambda: [{}])
    done: int = 0


@dataclass(frozen=True)
class Crash:
    """A folder as a crash leaves it, and what the state in it may be."""

    files: Mapping[str, bytes]
    allowed: tuple[Mapping[Address, Record], ...]


class CrashingDisk(Disk):
    """Keeps, before every call, the folders that a crash there could leave.

    A crash of the process leaves all that was written. One of the machine may lose what was not synced: the names of a
    folder, the content of files, or both.
    """

    def __init__(self, watch: Watch, root: Path) -> None:
        self.crashes: list[Crash] = []
        self._root = root
        self._watch = watch
        self._names: dict[str, File] = {}
        self._synced_names: dict[str, File] = {}
        self._open: dict[int, File | None] = {}

    def open(self, path: Path, flags: int) -> int:
        self.look()
        number = super().open(path, flags)
        if flags & os.O_DIRECTORY:
            self._open[number] = None
            return number
        file = self._names.setdefault(self._name(path), File())
        if flags & os.O_TRUNC:
            file.data = b""
        self._open[number] = file
        return number

    def write(self, file: int, data: bytes) -> None:
        for part in (data[: len(data) // 2], data[len(data) // 2 :]):
            self.look()
            super().write(file, part)
            content = self._open[file]
            assert content is not None
            content.data += part

    def fsync(self, file: int) -> None:
        self.look()
        super().fsync(file)
        content = self._open[file]
        if content is None:
            self._synced_names = dict(self._names)
        else:
            content.synced = content.data

    def replace(self, source: Path, target: Path) -> None:
        self.look()
        super().replace(source, target)
        self._names[self._name(target)] = self._names.pop(self._name(source))

    def link(self, source: Path, target: Path) -> None:
        self.look()
        super().link(source, target)
        self._names[self._name(target)] = self._names[self._name(source)]

    def remove(self, path: Path) -> None:
        self.look()
        super().remove(path)
        self._names.pop(self._name(path), None)

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._root))

    def look(self) -> None:
        allowed = tuple(self._watch.history[self._watch.done :])
        for names in (self._names, self._synced_names):
            self.crashes.append(Crash({name: file.data for name, file in names.items()}, allowed))
            self.crashes.append(Crash({name: file.synced for name, file in names.items()}, allowed))


async def change(journal: Journal, watch: Watch, record: Record | Address) -> None:
    records = dict(watch.history[-1])
    if isinstance(record, Record):
        watch.history.append(records | {record.address: record})
        await journal.put(record, "changed")
    else:
        records.pop(record)
        watch.history.append(records)
        await journal.drop(record, "gone")
    watch.done += 1


def crashes() -> Iterator[Crash]:
    """Two runs, the first of which dies without saving, with a crash before each call."""
    watch = Watch()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "dev.json"
        disk = CrashingDisk(watch, path.parent)

        async def run(local: LocalStore, changes: list[Record | Address]) -> State:
            state = local.load()
            with local.journal(state) as journal:
                for item in changes:
                    await change(journal, watch, item)
            return replace(state, records=watch.history[-1])

        asyncio.run(run(LocalStore(path, disk=disk), [Record(A, ""), Record(A, "i-1"), Record(B, "v-1")]))
        local = LocalStore(path, disk=disk)
        asyncio.run(run(local, [Record(A, "i-2"), B]))
        local = LocalStore(path, disk=disk)
        local.save(asyncio.run(run(local, [Record(B, "v-2"), A])))
        local.save(replace(local.load(), cloud="simulator"))
        disk.look()
    return iter({(tuple(sorted(crash.files.items())), len(crash.allowed)): crash for crash in disk.crashes}.values())


@pytest.fixture(scope="module")
def all_crashes() -> list[Crash]:
    return list(crashes())


def written(crash: Crash, folder: Path) -> Path:
    """The folder as the crash leaves it."""
    for name, content in crash.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_there_are_crashes_of_every_sort(all_crashes: list[Crash]) -> None:
    held = [set(crash.files) for crash in all_crashes]
    for names in (
        {"dev.json"},
        {"dev.json", "dev.journal"},
        {"dev.json.tmp"},
        {"dev.json.backup.tmp"},
        {"dev.history/1.json"},
    ):
        assert any(names <= files for files in held)
    assert any(not content.endswith(b"\n") for crash in all_crashes for content in crash.files.values() if content)
    assert len(all_crashes) > 50


def test_after_any_crash_the_state_holds_only_confirmed_or_started_changes(
    all_crashes: list[Crash], tmp_path: Path
) -> None:
    for number, crash in enumerate(all_crashes):
        folder = written(crash, tmp_path / str(number))
        found = LocalStore(folder / "dev.json").load()
        assert found.records in crash.allowed, (crash, found)


def test_after_any_crash_the_next_run_continues_and_saves(all_crashes: list[Crash], tmp_path: Path) -> None:
    for number, crash in enumerate(all_crashes):
        folder = written(crash, tmp_path / str(number))
        local = LocalStore(folder / "dev.json")
        state = local.load()
        with locked_blocking(local, "apply"), local.journal(state) as journal:
            asyncio.run(journal.put(Record(A, "new"), "made"))
        saved = local.save(replace(state, records={**state.records, A: Record(A, "new")}))
        assert LocalStore(folder / "dev.json").load() == saved
        assert saved.serial == state.serial + 2
        assert not (folder / "dev.journal").exists()


def test_after_any_crash_a_lost_state_file_is_put_together_with_every_confirmed_change(
    all_crashes: list[Crash], tmp_path: Path
) -> None:
    for number, crash in enumerate(all_crashes):
        if "dev.json" not in crash.files:
            continue
        folder = written(crash, tmp_path / str(number))
        expected = LocalStore(folder / "dev.json").load()
        (folder / "dev.json").write_bytes(crash.files["dev.json"][:-9])
        found = recovered(read_kept(LocalFiles(folder / "dev.json")))
        assert (found.state.records if found else {}) == expected.records, crash
