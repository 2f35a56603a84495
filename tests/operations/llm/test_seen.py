"""The file of the tasks that were taken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from novita_infra.model.diagnostics import Problems
from novita_infra.operations.llm import seen
from novita_infra.operations.llm.seen import SeenTasks


def test_a_task_is_known_after_a_restart_and_one_that_was_cut_off_too(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "seen"
    with SeenTasks(file) as tasks:
        for id in ("a", "b", "c"):
            tasks.begin(id)
        tasks.end("b")
    with SeenTasks(file) as tasks:
        assert all(id in tasks for id in ("a", "b", "c"))
        assert "d" not in tasks
        assert tasks.cut_off() == ["a", "c"]


def test_no_second_listener_uses_the_file(tmp_path: Path) -> None:
    with SeenTasks(tmp_path / "seen"), pytest.raises(Problems, match="another listener uses"):
        SeenTasks(tmp_path / "seen")
    with SeenTasks(tmp_path / "seen"):
        pass


def test_the_file_stays_small_and_never_forgets_what_has_not_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "MOST_KEPT", 20)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    with SeenTasks(tmp_path / "seen") as tasks:
        tasks.begin("open")
        for number in range(500):
            tasks.begin(f"t{number}")
            tasks.end(f"t{number}")
        assert (tmp_path / "seen").stat().st_size < 20 * 8 * 40
    with SeenTasks(tmp_path / "seen") as tasks:
        assert tasks.cut_off() == ["open"]
        assert "t499" in tasks
        assert "t1" not in tasks


@given(st.integers(0, 400), st.binary(max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_torn_file_loses_at_most_what_was_torn(tmp_path: Path, at: int, junk: bytes) -> None:
    file = tmp_path / "seen"
    file.unlink(missing_ok=True)
    with SeenTasks(file) as tasks:
        for number in range(8):
            tasks.begin(f"t{number}")
    data = file.read_bytes()
    file.write_bytes(data[:at] + junk)
    with SeenTasks(file) as tasks:
        whole = data[:at].count(b"\n")
        assert tasks.cut_off()[:whole] == [f"t{number}" for number in range(whole)]
