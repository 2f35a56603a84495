"""The recorded plans again, with the documents in another order and in other files."""

from __future__ import annotations

from pathlib import Path

import plan_cases
import pytest

pytestmark = pytest.mark.slow

WITHOUT_PLACES = [
    case for case in plan_cases.cases() if "main.yaml:" not in (case / "plan.txt").read_text(encoding="utf-8")
]
"""Cases whose messages name no place in a file, which depends on the order of documents."""


@pytest.mark.parametrize("case", WITHOUT_PLACES, ids=lambda case: case.name)
def test_the_order_of_files_and_documents_changes_no_byte_of_the_plan(case: Path) -> None:
    other = plan_cases.shown(case, plan_cases.each_in_its_own)
    assert other.text == (case / "plan.txt").read_text(encoding="utf-8")
    assert other.json == (case / "plan.json").read_text(encoding="utf-8")
