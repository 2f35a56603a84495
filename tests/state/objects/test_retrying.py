"""Calls on objects under faults: every write is done once, whichever answers are lost."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from draws import draws
from folder_objects import FolderObjects
from hypothesis import given, settings
from hypothesis import strategies as st

from novita_infra.model.diagnostics import Problems
from novita_infra.state.objects.objects import ABSENT, AnswerLost, Conflict, ObjectChange, OutOfReach
from novita_infra.state.objects.retrying import RetryingObjects


class Faulty(FolderObjects):
    """Objects each of whose calls may fail before it is carried out, or whose answer may be lost."""

    def __init__(self, folder: Path, faults: list[str], *, atomic: bool) -> None:
        super().__init__(folder, atomic=atomic)
        self.faults = iter(faults)

    def write(self, changes: Sequence[ObjectChange]) -> Sequence[str]:
        fault = next(self.faults, "")
        if fault == "before":
            raise OutOfReach("connection refused")
        versions = super().write(changes[: 1 if fault == "between" else None])
        if fault:
            raise AnswerLost("the connection ended")
        return versions


FAULTS = st.lists(st.sampled_from(["", "before", "between", "after"]), max_size=6)


@settings(max_examples=draws(100))
@given(FAULTS, st.booleans())
def test_appends_under_faults_are_done_once_and_in_order(faults: list[str], atomic: bool) -> None:
    with TemporaryDirectory() as name:
        objects = Faulty(Path(name), [fault for fault in faults if fault != "between" or not atomic], atomic=atomic)
        retrying = RetryingObjects(objects, sleep=lambda _: None)
        for number in range(3):
            keys = (f"j/{number}-a", f"j/{number}-b")
            versions = retrying.write([ObjectChange(key, f"{key} text".encode(), ABSENT) for key in keys])
            assert versions == [item.version for item in objects.read_all(f"j/{number}-").values()]
        found = {key: item.data for key, item in objects.read_all("j/").items()}
        assert found == {f"j/{n}-{x}": f"j/{n}-{x} text".encode() for n, x in itertools.product(range(3), "ab")}


def test_another_writer_is_noticed_after_a_lost_answer(tmp_path: Path) -> None:
    FolderObjects(tmp_path, atomic=False).write([ObjectChange("j/0", b"theirs", ABSENT)])
    retrying = RetryingObjects(Faulty(tmp_path, ["before"], atomic=False), sleep=lambda _: None)
    with pytest.raises(Conflict):
        retrying.write([ObjectChange("j/0", b"ours", ABSENT)])


def test_a_place_that_stays_out_of_reach_is_reported_after_half_a_minute(tmp_path: Path) -> None:
    pauses: list[float] = []
    retrying = RetryingObjects(Faulty(tmp_path, ["before"] * 99, atomic=False), sleep=pauses.append)
    with pytest.raises(Problems, match="cannot be reached: connection refused"):
        retrying.write([ObjectChange("j/0", b"x", ABSENT)])
    assert 20 < sum(pauses) < 60
