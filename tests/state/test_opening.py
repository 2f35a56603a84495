"""The choice of a backend from the settings of a project."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.state.null_journal import NullJournal
from novita_infra.state.opening import open_backend, state_files
from novita_infra.state.process_identity import this_process
from novita_infra.state.settings import StateSettings
from novita_infra.state.state import UsedPlan


@pytest.mark.parametrize(
    ("options", "folder"), [({}, "state"), ({"path": "kept"}, "kept"), ({"path": ""}, "state"), ({"path": 5}, "state")]
)
def test_state_is_kept_in_the_folder_of_the_settings(tmp_path: Path, options: dict[str, object], folder: str) -> None:
    backend = open_backend(StateSettings(tmp_path, options))
    assert backend.describe() == str(tmp_path / folder)
    store = backend.store("dev", project="p")
    assert store.describe() == str(tmp_path / folder / "dev.json")
    assert store.load().project == "p"


def test_an_unknown_backend_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(Problems, match=r"there is no state backend 'lokal'; did you mean \"local\"\?"):
        open_backend(StateSettings(tmp_path, {"backend": "lokal"}))


def test_state_files_reads_a_file_or_every_file_of_a_folder(tmp_path: Path) -> None:
    backend = open_backend(StateSettings(tmp_path))
    saved = [backend.store(name).save(backend.store(name).load()) for name in ("dev", "prod")]
    settings = StateSettings(tmp_path)
    assert [reader.load() for reader in state_files(tmp_path / "state", settings)] == saved
    assert [reader.load() for reader in state_files(tmp_path / "state" / "prod.json", settings)] == saved[1:]
    assert state_files(tmp_path, settings) == []


def test_a_null_journal_takes_every_change() -> None:
    async def write() -> None:
        journal = NullJournal()
        await journal.put(Record(Address("vpc", "net"), "v-1"), "made")
        await journal.drop(Address("vpc", "net"), "gone")
        await journal.snapshot("vpc", ("v-1",))
        await journal.use_plan(UsedPlan("seal", 0.0, this_process()))

    asyncio.run(write())
