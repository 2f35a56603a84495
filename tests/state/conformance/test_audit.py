"""Every backend: the calls that a run notes are entries of the audit log, whatever happens to the run and the state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from audit_logs import names, noted_run, whole_log

from novita_infra.model.diagnostics import Problems
from novita_infra.state.audit.entries import log_lines
from novita_infra.state.backends.local.files import LocalFiles
from novita_infra.state.guarded import GuardedStore
from novita_infra.state.recovery.copying import copy_stored, holds_copy
from novita_infra.state.recovery.kept import read_kept
from novita_infra.state.recovery.repair import put_back, recovered
from novita_infra.state.state import LastRun, new_state


def test_the_calls_of_ended_and_killed_runs_and_edits_follow_one_another(place: Any) -> None:
    noted_run(place.store(), "/1")
    before = log_lines(place.store().storage.read_audit())
    noted_run(place.store(), "/2", killed=True, answered=False)
    store = place.store()
    assert [(entry.call.path, entry.call.outcome) for entry in whole_log(store)] == [("/1", "done"), ("/2", "unknown")]
    assert store.load().audit.count == 1
    store.save(replace(store.load(), last_run=LastRun("state mv", "bob", 2.0)))
    assert names(place.store()) == ["/1", "/2", "state mv"]
    after = log_lines(place.store().storage.read_audit())
    assert [line.digest for line in before] == [line.digest for line in after][: len(before)]


def test_a_log_survives_a_damaged_state_and_goes_with_it_to_another_place(place: Any, tmp_path: Path) -> None:
    noted_run(place.store(), "/1")
    place.damage()
    with pytest.raises(Problems):
        place.store().load()
    storage = place.case.storage(place.folder, "dev")
    kept = read_kept(storage)
    found = recovered(kept)
    assert found is not None
    put_back(storage, kept, found, by=LastRun("state repair", "ada", 4.0))
    noted_run(place.store(), "/2", killed=True)
    storage, other = place.store().storage, LocalFiles(tmp_path / "copy" / "dev.json")
    copy_stored(read_kept(storage), other, storage.read_audit())
    assert holds_copy(other, read_kept(storage), storage.read_audit())
    assert names(GuardedStore(other, lambda: new_state("", "dev"))) == ["/1", "state repair", "/2"]
