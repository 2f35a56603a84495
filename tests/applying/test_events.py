"""Result: how a run ended."""

from __future__ import annotations

import pytest
from fake_account import A, step

from novita_infra.applying.events import Ended, Outcome, Result
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.plan import Basis, Plan
from novita_infra.planning.plan.steps import StepKind

STEP = step(StepKind.CREATE)
PLAN = Plan("p", "dev", (Change(A, Action.CREATE),), (STEP,), Basis("l", 1), destroys=True)


def test_a_result_takes_over_the_changes_of_its_plan() -> None:
    result = Result.of(PLAN, (), interrupted=True)
    assert (result.changes, result.destroys, result.empty, result.interrupted) == (PLAN.changes, True, False, True)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_run_succeeds_only_if_every_step_is_done(outcome: Outcome) -> None:
    result = Result.of(PLAN, (Ended(STEP, Outcome.DONE), Ended(STEP, outcome)))
    assert result.succeeded == (outcome is Outcome.DONE)
    assert result.count(Outcome.DONE) == 1 + (outcome is Outcome.DONE)


def test_an_interrupted_run_does_not_succeed() -> None:
    assert not Result.of(PLAN, (Ended(STEP, Outcome.DONE),), interrupted=True).succeeded
