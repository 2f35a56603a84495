"""The journal file: confirmed lines are on disk, many tasks share one fsync, and any crash leaves whole lines."""

import asyncio
import json
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st
from local_store import LocalStore
from state_values import CHANGES, A, B, C, Change, after, write_changes

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.model.values import Secret
from novita_infra.state.backends.local.disk import Disk
from novita_infra.state.state import State
from novita_infra.state.store import Journal


def store(folder: Path, disk: Disk | None = None) -> LocalStore:
    return LocalStore(folder / "dev.json", disk=disk)


def crashed_run(folder: Path, changes: Sequence[Change]) -> State:
    """The state that a run began with, which made the changes and never saved."""
    local = store(folder)
    state = local.save(local.load())
    with local.journal(state) as journal:
        asyncio.run(write_changes(journal, changes))
    return state


@settings(deadline=None)
@given(CHANGES, st.data())
def test_a_journal_cut_anywhere_folds_to_the_state_after_its_whole_lines(
    changes: list[Change], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        state = crashed_run(folder, changes)
        assert store(folder).load() == after(state, changes)
        whole = (folder / "dev.journal").read_bytes()
        kept = data.draw(st.integers(0, len(whole)))
        (folder / "dev.journal").write_bytes(whole[:kept])
        lines = max(whole[:kept].count(b"\n") - 1, 0)
        assert store(folder).load() == after(state, changes[:lines])


class GatedDisk(Disk):
    """Holds the first write of a batch back until the gate opens, and counts what is synced."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.writes = 0
        self.syncs = 0

    def write(self, file: int, data: bytes) -> None:
        self.gate.wait()
        self.writes += 1
        super().write(file, data)

    def fsync(self, file: int) -> None:
        self.syncs += 1
        super().fsync(file)


def test_a_thousand_puts_at_once_share_a_few_fsyncs_and_keep_their_order(tmp_path: Path) -> None:
    disk = GatedDisk()
    local = store(tmp_path, disk)

    async def run(journal: Journal) -> None:
        disk.gate.clear()
        puts = [
            asyncio.create_task(journal.put(Record(Address("instance", f"w{index % 250}"), f"i-{index}"), "made"))
            for index in range(1000)
        ]
        await asyncio.sleep(0)
        disk.writes = disk.syncs = 0
        disk.gate.set()
        await asyncio.gather(*puts)
        assert len(asyncio.all_tasks()) == 1

    with local.journal(local.load()) as journal:
        asyncio.run(run(journal))
    assert disk.syncs == disk.writes <= 3
    found = store(tmp_path).load().records
    assert {record.id for record in found.values()} == {f"i-{index}" for index in range(750, 1000)}


@settings(deadline=None, max_examples=draws(30))
@given(st.lists(st.tuples(st.sampled_from([A, B, C]), st.integers(0, 3)), max_size=20))
def test_puts_from_many_tasks_keep_all_and_the_order_of_each_address(puts: list[tuple[Address, int]]) -> None:
    async def run(journal: Journal, address: Address) -> None:
        for index, (target, yields) in enumerate(puts):
            if target == address:
                for _ in range(yields):
                    await asyncio.sleep(0)
                await journal.put(Record(address, str(index)), "changed")

    async def all_of(journal: Journal) -> None:
        await asyncio.gather(*(run(journal, address) for address in (A, B, C)))

    with tempfile.TemporaryDirectory() as name:
        local = store(Path(name))
        with local.journal(local.load()) as journal:
            asyncio.run(all_of(journal))
        lines = [json.loads(line) for line in (Path(name) / "dev.journal").read_text().splitlines()[1:]]
        for address in (A, B, C):
            ids = [line["put"]["id"] for line in lines if line["put"]["address"] == str(address)]
            assert ids == [str(index) for index, (target, _) in enumerate(puts) if target == address]


def test_no_change_is_confirmed_before_it_is_on_disk(tmp_path: Path) -> None:
    disk = GatedDisk()
    local = store(tmp_path, disk)

    async def run(journal: Journal) -> None:
        disk.gate.clear()
        put = asyncio.create_task(journal.put(Record(A, "i-1"), "made"))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not put.done()
        assert store(tmp_path).load().records == {}
        disk.gate.set()
        await put
        assert store(tmp_path).load().records == {A: Record(A, "i-1")}

    with local.journal(local.load()) as journal:
        asyncio.run(run(journal))


def test_lines_of_cancelled_tasks_are_on_disk_when_the_journal_is_closed(tmp_path: Path) -> None:
    disk = GatedDisk()
    local = store(tmp_path, disk)

    async def run() -> None:
        with local.journal(local.load()) as journal:
            disk.gate.clear()
            puts = [asyncio.create_task(journal.put(Record(address, "i"), "made")) for address in (A, B)]
            await asyncio.sleep(0)
            for put in puts:
                put.cancel()
            late = asyncio.create_task(journal.put(Record(C, "i"), "made"))
            await asyncio.sleep(0)
            disk.gate.set()
        await late
        assert all(
            isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*puts, return_exceptions=True)
        )

    asyncio.run(run())
    assert store(tmp_path).load().records.keys() == {A, B, C}


def test_a_journal_outlives_the_loop_that_began_it(tmp_path: Path) -> None:
    local = store(tmp_path)
    with local.journal(local.load()) as journal:
        for address in (A, B):
            asyncio.run(write_changes(journal, [Record(address, "i")]))
    assert store(tmp_path).load().records.keys() == {A, B}


def test_a_put_after_the_end_fails(tmp_path: Path) -> None:
    local = store(tmp_path)
    with local.journal(local.load()) as journal:
        pass
    with pytest.raises(Problems, match="bad file descriptor"):
        asyncio.run(write_changes(journal, [Record(A, "i")]))


class FullDisk(Disk):
    """Has room for so many bytes more."""

    room: float = float("inf")

    def write(self, file: int, data: bytes) -> None:
        fits = data[: int(min(self.room, len(data)))]
        self.room -= len(fits)
        super().write(file, fits)
        if len(fits) < len(data):
            raise OSError(28, "No space left on device")


def test_a_full_disk_reaches_every_waiter_and_everyone_after(tmp_path: Path) -> None:
    disk = FullDisk()
    local = store(tmp_path, disk)

    async def run(journal: Journal) -> None:
        await journal.put(Record(A, "i-1"), "made")
        disk.room = 10  # less than a line, however many of them are written at once
        ends = await asyncio.gather(
            *(journal.put(Record(B, f"i-{i}"), "made") for i in range(9)), return_exceptions=True
        )
        assert [str(end) for end in ends] == [
            f"{tmp_path}/dev.journal: no space left on device; check the permissions and the free space"
        ] * 9
        disk.room = 10_000
        with pytest.raises(Problems, match="no space left"):
            await journal.put(Record(C, "i"), "made")

    with local.journal(local.load()) as journal:
        asyncio.run(run(journal))
    assert store(tmp_path).load().records[A] == Record(A, "i-1")
    assert C not in store(tmp_path).load().records


def test_a_full_disk_is_reported_when_the_journal_opens_or_the_state_is_saved(tmp_path: Path) -> None:
    disk = FullDisk()
    local = store(tmp_path, disk)
    state = local.save(local.load())
    for room in (0, 50, local.path.stat().st_size + 10):
        disk.room = room
        with pytest.raises(Problems, match="no space left"), local.journal(state):
            pass
        disk.room = room
        with pytest.raises(Problems, match="no space left"):
            local.save(state)
        assert store(tmp_path).load() == state


def test_a_secret_never_gets_into_a_journal(tmp_path: Path) -> None:
    local = store(tmp_path)
    with local.journal(local.load()) as journal, pytest.raises(TypeError, match="env:TOKEN must not be written"):
        asyncio.run(write_changes(journal, [Record(A, "i", {"env": {"TOKEN": Secret("hush", "env:TOKEN")}})]))
    assert b"hush" not in (tmp_path / "dev.journal").read_bytes()


@pytest.mark.parametrize(
    ("number", "line", "says"),
    [
        (2, "{", r"dev\.journal:2:2: the file is damaged"),
        (2, "", r"dev\.journal:2:1: the file is damaged"),
        (3, "\x00\x00\x00", r"dev\.journal:3:1: the file is damaged"),
        (3, "[]", r"dev\.journal is damaged in line 3: neither a put nor a drop"),
        (3, '{"put": {"id": 5}, "event": "x"}', r"dev\.journal is damaged in line 3: id: text is wanted"),
        (3, '{"drop": "here", "event": "x"}', r"dev\.journal is damaged in line 3: an address such as"),
        (3, '{"saw": "vpc", "ids": [1]}', r"dev\.journal is damaged in line 3: 0: text is wanted"),
        (1, "{}", r"dev\.journal is damaged in line 1"),
        (1, '{"version": 1, "program": "x", "lineage": "l"}', r"dev\.journal is damaged in line 1"),
        (1, '{"version": 5, "program": "7.0"}', r"dev\.journal has format 5.*use novita-infra 7\.0 or newer"),
        (1, '{"version": 1, "program": "x", "lineage": "l", "serial": 1}', r"goes on from version 1 of the state l"),
    ],
)
def test_a_damaged_line_is_named_and_nothing_is_lost(tmp_path: Path, number: int, line: str, says: str) -> None:
    crashed_run(tmp_path, [Record(A, "1"), Record(B, "2"), Record(C, "3")])
    path = tmp_path / "dev.journal"
    lines = path.read_text().splitlines()
    lines[number - 1] = line
    path.write_text("\n".join(lines) + "\n")
    before = path.read_bytes()
    with pytest.raises(Problems, match=says):
        store(tmp_path).load()
    with pytest.raises(Problems, match=says):
        store(tmp_path).save(State("l", "00"))
    with pytest.raises(Problems, match=says), store(tmp_path).journal(State("l", "00")):
        pass
    assert path.read_bytes() == before


def test_the_journal_of_a_state_that_is_already_saved_is_ignored(tmp_path: Path) -> None:
    crashed_run(tmp_path, [Record(A, "1")])
    left = (tmp_path / "dev.journal").read_bytes()
    local = store(tmp_path)
    saved = local.save(replace(local.load(), records={}))
    (tmp_path / "dev.journal").write_bytes(left)
    assert store(tmp_path).load() == saved


def test_the_journal_of_a_newer_state_is_reported(tmp_path: Path) -> None:
    local = store(tmp_path)
    local.save(local.load())
    old = local.path.read_bytes()
    state = local.save(local.load())
    with local.journal(state) as journal:
        asyncio.run(write_changes(journal, [Record(A, "1")]))
    local.path.write_bytes(old)
    with pytest.raises(Problems, match=r"goes on from version 2 .* is version 1 .*; put back the state file"):
        store(tmp_path).load()


def test_a_journal_without_its_state_file_is_reported(tmp_path: Path) -> None:
    crashed_run(tmp_path, [Record(A, "1")])
    (tmp_path / "dev.json").unlink()
    with pytest.raises(Problems, match=r"a state file that is not there; novita-infra state repair"):
        store(tmp_path).load()


class MeddlingDisk(Disk):
    """Lets something happen just before each reading of a journal: between the two reads of a load."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        self._meddle = meddle
        self.readings = 0

    def read(self, path: Path) -> bytes | None:
        if path.suffix == ".journal":
            self.readings += 1
            self._meddle()
        return super().read(path)


def test_a_reader_sees_one_moment_of_a_run_that_saves_meanwhile(tmp_path: Path) -> None:
    local = store(tmp_path)
    state = local.save(local.load())
    with local.journal(state) as journal:
        asyncio.run(write_changes(journal, [Record(A, "1")]))
    ends = iter([replace(state, records={A: Record(A, "1")})])
    disk = MeddlingDisk(lambda: [local.save(end) for end in ends])
    found = store(tmp_path, disk).load()
    assert disk.readings == 2
    assert found == store(tmp_path).load()
    assert found.records == {A: Record(A, "1")}


def test_a_reader_gives_up_on_a_state_that_never_stands_still(tmp_path: Path) -> None:
    local = store(tmp_path)
    local.save(local.load())
    with pytest.raises(Problems, match="keeps changing"):
        store(tmp_path, MeddlingDisk(lambda: local.save(local.load()))).load()
