"""Recorded plans: each a folder with what was before, what is declared, and the plan in text and JSON."""

from __future__ import annotations

import re
from pathlib import Path

import plan_cases
import pytest

from novita_infra.planning.plan.changes import Action

CASES = plan_cases.cases()
REFUSED = [case for case in CASES if '"problems": [\n' in (case / "plan.json").read_text(encoding="utf-8")]
OPTION = re.compile(r"`[^`]*`|(?<=\s)(--[a-z-]+)")
"""A whole command, or an option beside it."""
OF_INTERRUPTED_RUNS = {Action.ADOPT, Action.RESUME, Action.FORGET}
"""Actions that follow an interrupted run or another person's delete: the journeys have them."""


def test_the_recorded_plans_hold_every_action_of_an_undisturbed_run() -> None:
    texts = [(case / "plan.json").read_text(encoding="utf-8") for case in CASES]
    actions = {name for text in texts for name in re.findall(r'"action": "([\w-]+)"', text)}
    assert actions == {action.value for action in set(Action) - OF_INTERRUPTED_RUNS}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_plan_is_the_one_in_the_folder(case: Path) -> None:
    today = plan_cases.shown(case)
    again = "if the plan is right: .venv/bin/python tests/support/plan_cases.py"
    assert today.text == (case / "plan.txt").read_text(encoding="utf-8"), again
    assert today.json == (case / "plan.json").read_text(encoding="utf-8"), again


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_hint_declares_the_option_that_it_names(case: Path) -> None:
    for item in plan_cases.shown(case).problems:
        named = [match[1] for match in OPTION.finditer(item.hint) if match[1]]
        assert named == ([item.option.split()[0]] if item.option else [])
        assert item.option in item.hint
