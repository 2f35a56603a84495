"""The lines of a journal, applied to a state without any file."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from state_values import CHANGES, A, Change, after, line_of

from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.state.format.journal import fold, header_line, put_line, use_plan_line
from novita_infra.state.state import MOST_USED_PLANS, State, UsedPlan

STATE = State("lineage", "00", serial=3)


@given(CHANGES)
def test_fold_applies_every_line_as_a_version(changes: list[Change]) -> None:
    data = header_line(STATE) + b"".join(map(line_of, changes))
    assert fold(STATE, data, "a table") == after(STATE, changes)


def test_fold_ignores_an_empty_journal_and_one_of_an_older_version() -> None:
    line = put_line(Record(A, "i-1"), "made")
    assert fold(STATE, b"", "a table") == STATE
    assert fold(replace(STATE, serial=4), header_line(STATE) + line, "a table") == replace(STATE, serial=4)


def test_fold_refuses_the_journal_of_another_state() -> None:
    for other in (replace(STATE, lineage="other"), replace(STATE, serial=4)):
        with pytest.raises(Problems, match="goes on from version"):
            fold(STATE, header_line(other), "a table")


def test_fold_keeps_only_the_last_used_plans() -> None:
    plans = [UsedPlan(str(number), 0.0, "ada") for number in range(MOST_USED_PLANS + 5)]
    found = fold(STATE, header_line(STATE) + b"".join(map(use_plan_line, plans)), "a table")
    assert found.used_plans == tuple(plans[5:])
