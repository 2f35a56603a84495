"""Damage at any byte of a state and its journal is noticed, and the repair forgets nothing that was bought."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from local_store import LocalStore
from state_values import A, B, C, write_changes

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems, Severity
from novita_infra.model.records import PendingCall, Record
from novita_infra.state.backends.local.files import LocalFiles
from novita_infra.state.recovery.checking import faults
from novita_infra.state.recovery.kept import Kept, read_kept
from novita_infra.state.recovery.repair import Recovered, put_back, recovered
from novita_infra.state.state import LastRun, State

TYPES = ("instance", "vpc")
BY = LastRun("state repair", "ada", 1.0)


def store(folder: Path) -> LocalStore:
    return LocalStore(folder / "dev.json", project="training", environment="dev")


def creation(address: Address, id: str) -> list[Record]:
    """What a run writes of a create: the intent before the call, and the id after it."""
    pending = PendingCall(f"op-{id}", "create", 1.0, mark=f"mark-{id}")
    return [Record(address, "", pending=pending), Record(address, id, pending=pending), Record(address, id)]


def run(folder: Path, changes: Sequence[Record | Address], *, killed: bool = False) -> None:
    local = store(folder)
    state = local.load()
    with local.journal(state) as journal:
        asyncio.run(write_changes(journal, list(changes)))
    if not killed:
        local.save(replace(store(folder).load(), serial=state.serial))


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A state after two runs and a third one that was killed."""
    run(tmp_path, creation(A, "i-1"))
    run(tmp_path, creation(B, "i-2"))
    run(tmp_path, [*creation(C, "i-3"), A], killed=True)
    return tmp_path


def kept_in(folder: Path) -> list[Kept]:
    return read_kept(LocalFiles(folder / "dev.json"))


def found_in(folder: Path) -> Recovered:
    found = recovered(kept_in(folder))
    assert found is not None
    return found


def errors(kept: Sequence[Kept]) -> list[str]:
    return [str(item) for item in faults(kept, types=TYPES) if item.severity is Severity.ERROR]


def damaged(data: bytes) -> Iterator[bytes]:
    """Each truncation, and each byte with a flipped bit."""
    for place, byte in enumerate(data):
        yield data[:place]
        yield data[:place] + bytes([byte ^ (1 << place % 8)]) + data[place + 1 :]


def test_a_sound_state_has_no_errors_and_is_put_together_as_it_is(killed: Path) -> None:
    kept = kept_in(killed)
    assert [str(item) for item in faults(kept, types=TYPES)] == [
        f"a run has not ended, or was killed: the journal of {killed}/dev.json holds 4 changes; they count as part of "
        "the state; if the run was killed, go on with: novita-infra apply"
    ]
    assert found_in(killed).state == store(killed).load()


@pytest.mark.slow
def test_every_damage_of_the_state_file_is_noticed_and_repaired_without_loss(killed: Path) -> None:
    before = store(killed).load()
    path = killed / "dev.json"
    whole = path.read_bytes()
    for data in damaged(whole):
        path.write_bytes(data)
        with pytest.raises(Problems):
            store(killed).load()
        assert errors(kept_in(killed))
        found = found_in(killed)
        assert (found.state.records, found.lost, found.highest) == (before.records, 0, before.serial)


@pytest.mark.slow
def test_damage_of_the_journal_forgets_nothing_that_was_bought(killed: Path) -> None:
    """A damaged line loses one change: an id whose intent is recorded, or an intent whose id is. A cut-off journal is
    that of a run which was killed earlier: what is cut off in the middle of a line was never confirmed.
    """
    before = store(killed).load()
    path = killed / "dev.journal"
    whole = path.read_bytes()
    for data in damaged(whole):
        path.write_bytes(data)
        kept = kept_in(killed)
        is_cut = whole.startswith(data)
        assert is_cut or errors(kept), data
        found = found_in(killed)
        assert is_cut or found.lost <= 1  # of a damaged line end, nothing is lost
        if not is_cut:
            assert before.serial <= found.highest <= before.serial + 1  # a lost first line counts as a change
            for address, record in before.records.items():
                after = found.state.records[address]
                assert after.id == record.id or after.pending is not None
            repaired = put_back(LocalFiles(killed / "dev.json"), kept, found, by=BY)
            assert (repaired.serial, repaired.searched) == (found.highest + 1, False)
            assert store(killed).load() == repaired
            assert not errors(kept_in(killed))
            _again(killed, whole)


@pytest.mark.slow
def test_every_cut_of_the_journal_of_an_earlier_state_is_noticed(killed: Path) -> None:
    """It was closed by the state that was saved after it, so a cut at the end of a line is noticed, too."""
    for path in (killed / "dev.history" / "1.journal", killed / "dev.history" / "2.journal"):
        whole = path.read_bytes()
        for end in range(len(whole)):
            path.write_bytes(whole[:end])
            found = [str(item) for item in faults(kept_in(killed), types=TYPES)]
            assert len(found) == 2, end
            assert f"{path.stem} of {killed}/dev.json is cut off: it makes version " in found[1]
        path.write_bytes(whole)
    assert len(faults(kept_in(killed), types=TYPES)) == 1


def _again(folder: Path, journal: bytes) -> None:
    """Puts the state before the repair back with its journal."""
    (folder / "dev.json").write_bytes((folder / "dev.json.backup").read_bytes())
    (folder / "dev.journal").write_bytes(journal)
    for path in (folder / "dev.history").iterdir():
        if int(path.stem) > 2:
            path.unlink()


def test_a_repaired_state_is_the_next_version_and_what_was_damaged_is_kept(killed: Path) -> None:
    before = store(killed).load()
    (killed / "dev.json").write_bytes(b"{")
    kept = kept_in(killed)
    state = put_back(LocalFiles(killed / "dev.json"), kept, found_in(killed), by=BY)
    assert (state.serial, state.records, state.last_run) == (before.serial + 1, before.records, BY)
    assert store(killed).load() == state
    assert not (killed / "dev.journal").exists()
    assert (killed / "dev.json.backup").read_bytes() == b"{"
    assert not errors(kept_in(killed))
    run(killed, creation(A, "i-4"))
    assert store(killed).load().records.keys() == {A, B, C}
    (killed / "dev.json").unlink()
    assert found_in(killed).state.records.keys() == {A, B, C}


def test_a_state_whose_files_are_lost_is_put_together_from_the_history(killed: Path) -> None:
    for name in ("dev.json", "dev.journal", "dev.json.backup"):
        (killed / name).unlink()
    with pytest.raises(Problems, match=r"dev\.json is not there, and its history .*dev\.history is"):
        store(killed).load()
    assert found_in(killed).state.records.keys() == {A, B}


def test_a_journal_that_goes_on_from_a_lost_version_gives_what_it_created(killed: Path) -> None:
    journal = (killed / "dev.journal").read_bytes()
    for name in ("dev.json", "dev.json.backup"):
        (killed / name).write_bytes(b"{")
    for path in (killed / "dev.history").glob("2.*"):
        path.unlink()
    (killed / "dev.journal").write_bytes(journal)
    found = found_in(killed)
    assert found.state.records[C].id == "i-3"
    assert found.lost > 0
    assert found.highest >= journal.count(b"\n")


def test_an_older_state_in_the_place_of_a_newer_one_is_noticed(killed: Path) -> None:
    older = (killed / "dev.history" / "1.json").read_bytes()
    newest = store(killed).load()
    (killed / "dev.json").write_bytes(older)
    (killed / "dev.journal").unlink()
    assert any("an older state was put in its place" in text for text in errors(kept_in(killed)))
    assert found_in(killed).state.records.keys() == {A, B}
    assert found_in(killed).state.serial < newest.serial


def test_a_state_of_a_newer_format_is_no_damage(killed: Path) -> None:
    (killed / "dev.json").write_text('{"version": 9, "program": "2.5.0"}')
    with pytest.raises(Problems, match=r"use novita-infra 2\.5\.0 or newer"):
        kept_in(killed)


def test_without_any_sound_part_nothing_is_put_together(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_bytes(b"{")
    assert recovered(kept_in(tmp_path)) is None


def test_a_state_of_another_lineage_beside_is_left_out(killed: Path) -> None:
    other = LocalStore(killed / "other.json")
    other.save(State("other", "scrypt-1:00", serial=900))
    (killed / "dev.json").write_bytes((killed / "other.json").read_bytes())
    (killed / "dev.journal").unlink()
    assert found_in(killed).state.lineage == "other"
