"""Fifty plans, each a folder with what was before, what is declared, and the plan in text and JSON."""

from __future__ import annotations

from pathlib import Path

import plan_cases
import pytest

CASES = plan_cases.cases()


def test_there_are_fifty_of_them() -> None:
    assert len(CASES) >= 50


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_plan_is_the_one_in_the_folder(case: Path) -> None:
    today = plan_cases.shown(case)
    assert today.text == (case / "plan.txt").read_text(encoding="utf-8")
    assert today.json == (case / "plan.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_order_of_files_and_documents_changes_no_byte_of_it(case: Path) -> None:
    other = plan_cases.shown(case, plan_cases.each_in_its_own)
    text = (case / "plan.txt").read_text(encoding="utf-8")
    if "main.yaml:" in text:
        return  # a message names the place, which is another
    assert other.text == text
    assert other.json == (case / "plan.json").read_text(encoding="utf-8")
